"""What photos are known by beside their names: their bytes."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 2


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Photo key → SHA-256 of its file; a file that cannot be opened has none."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="hash") as pool:
        found = zip(files, pool.map(_sha256_or_none, files.values()), strict=True)
        return {key: digest for key, digest in found if digest is not None}


def _sha256_or_none(path: Path) -> str | None:
    """Whoever decodes the photo says what is amiss with its file."""
    try:
        return sha256(path)
    except OSError:
        return None
