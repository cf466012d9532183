"""A zip, read photo by photo without ever being unpacked to disk.

An archive may lie: about sizes, about names, about how much it holds. So real bytes are counted
while they are read, and a name is only ever a label for the server. A member that cannot be read is
one that stays behind; the rest goes on.
"""

import stat
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from app.cli.upload.found import Entry, Found, Left, Unreadable
from app.errors import BadFile
from app.untrusted import clean_path

MAX_RATIO = 100
"""Bytes that come out of one that went in. Photos are packed already and stay near 1."""
MAX_TOTAL = 2 * 1024**3
_CHUNK = 64 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class Archive:
    """The members may be read by several threads; what comes out of all of them is counted."""

    def __init__(self, path: Path, max_total: int = MAX_TOTAL) -> None:
        """Raises BadFile for what is no zip."""
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise BadFile(f"{path} is no zip, or it is cut off or damaged ({error}).") from None
        self._lock = threading.Lock()
        self._left = min(max_total, MAX_RATIO * path.stat().st_size)

    def close(self) -> None:
        self._zip.close()

    def look(self) -> Found:
        found = Found()
        for member in self._zip.infolist():
            if member.is_dir() or member.filename.endswith("\\"):
                continue
            # As the server will call it: `..` and a root lead nowhere, there and here.
            name = clean_path(member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                message = "A link inside of an archive is not followed."
                found.left.append(Left(name, "link", message))
            else:
                found.sort(Entry(name, partial(self._read, member)))
        return found

    def _read(self, member: zipfile.ZipInfo, limit: int) -> bytes:
        """The member's bytes; limit + 1 of them where it is larger. Raises Unreadable."""
        if member.flag_bits & _ENCRYPTED:
            raise Unreadable(
                "encrypted", "It is encrypted. Send the photos without a password on the archive."
            )
        if member.compress_type not in _METHODS:
            raise Unreadable(
                "unsupported-compression", "Only members stored or deflated can be read."
            )
        with _damage(), self._zip.open(member) as file:
            return self._counted(file, member, limit)

    def _counted(self, file: IO[bytes], member: zipfile.ZipInfo, limit: int) -> bytes:
        data = bytearray()
        while chunk := file.read(min(_CHUNK, limit + 1 - len(data))):
            data += chunk
            if len(data) > MAX_RATIO * member.compress_size:
                raise Unreadable(
                    "bomb", f"It unpacks to more than {MAX_RATIO} times its size, as no photo does."
                )
            self._spend(len(chunk))
            if len(data) > limit:
                return bytes(data)
        if len(data) != member.file_size:
            raise Unreadable(
                "damaged",
                f"It has {len(data)} bytes; the archive says {member.file_size}.",
            )
        return bytes(data)

    def _spend(self, number: int) -> None:
        with self._lock:
            self._left -= number
            if self._left < 0:
                raise Unreadable(
                    "archive-too-large",
                    f"The archive unpacks to more than {MAX_TOTAL // 1024**3} GB, or {MAX_RATIO} "
                    "times its size. Send it in parts, or as a folder.",
                )


@contextmanager
def _damage() -> Iterator[None]:
    """A damaged member raises whatever its part of the reader does."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise Unreadable("damaged", f"This part of the archive is damaged ({error}).") from error
    except (NotImplementedError, RuntimeError) as error:
        raise Unreadable("unsupported-compression", f"It cannot be read ({error}).") from error
