"""The small copies of photos in the folder of a release."""

import re
from pathlib import Path

from app.card.reading import Manifest, at, table

_FILE = re.compile(r"examples/[0-9]{3,}\.jpg")


def examples(manifest: Manifest, folder: Path) -> dict[str, Path]:
    """Photo key → its small copy, of those that are there.

    A registered release lies in the store of the machine that registered it. Another one may show
    its card without having the folder; then there are none.
    """
    found = {}
    for photo, part in table(manifest, "examples").items():
        file = at(part, "file")
        if isinstance(file, str) and _FILE.fullmatch(file) and (folder / file).is_file():
            found[photo] = folder / file
    return found


def digest_of(manifest: Manifest, photo: str) -> str | None:
    """SHA-256 of the small copy, as the manifest names it."""
    digest = at(manifest, "examples", photo, "sha256")
    return digest if isinstance(digest, str) else None
