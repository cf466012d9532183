"""What is found in a folder or an archive: photos to send, manifests, and all that stays behind."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from app.images import OTHER_SUFFIXES, SUFFIXES

PHOTO_SUFFIXES = SUFFIXES | OTHER_SUFFIXES
MANIFEST_SUFFIXES = frozenset({".csv", ".tsv"})
ARCHIVE_SUFFIXES = frozenset(
    {".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".cab", ".iso"}
)
_SYSTEM = re.compile(
    r"(^|/)(__MACOSX(/|$)|\.|Thumbs\.db$|ehthumbs\.db$|desktop\.ini$)", re.IGNORECASE
)
"""What computers write beside photos; hidden files are among them."""


class Unreadable(Exception):
    """A photo whose bytes cannot be had; `reason` is a stable code, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Entry:
    """path: below the folder or within the archive. read: its bytes, at most limit + 1 of them.

    `read` raises Unreadable.
    """

    path: str
    read: Callable[[int], bytes]


@dataclass(frozen=True)
class Left:
    """A file that is not sent. photo: whether somebody may have expected it to be."""

    path: str
    reason: str
    message: str
    photo: bool = True


@dataclass
class Found:
    photos: list[Entry] = field(default_factory=list)
    manifests: list[Entry] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def sort(self, entry: Entry) -> None:
        """By its name: photos of kinds that are refused are sent too, and get their verdict."""
        suffix = PurePosixPath(entry.path).suffix.lower()
        if _SYSTEM.search(entry.path):
            self.left.append(Left(entry.path, "system-file", "A file of the system.", photo=False))
        elif suffix in PHOTO_SUFFIXES:
            self.photos.append(entry)
        elif suffix in MANIFEST_SUFFIXES:
            self.manifests.append(entry)
        elif suffix in ARCHIVE_SUFFIXES:
            message = "An archive inside of what is sent is not opened. Send it by itself."
            self.left.append(Left(entry.path, "nested-archive", message))
        else:
            message = "Its name is that of no photo."
            self.left.append(Left(entry.path, "no-photo", message, photo=False))
