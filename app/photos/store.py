"""The photo store: three files a photo, `<first two characters>/<key>.<what>`, in a folder or not.

A key is random, so that no address tells of another, and never used a second time. Originals are
never public. What a store is made of is in `files` (a folder) and `objects` (any other).
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from app.errors import PhotoStoreAway
from app.images import Derived

ORIGINAL = ".original"
DISPLAY = ".display.jpg"
THUMBNAIL = ".thumbnail.jpg"
SUFFIXES = (ORIGINAL, DISPLAY, THUMBNAIL)
MARK = "mirada.json"
"""Beside the folders of the photos; says whose store it is."""

Opener = Path | Callable[[], BinaryIO]


def new_key() -> str:
    return secrets.token_hex(16)


class PhotoStore(ABC):
    """Nothing here touches the database. Names are relative, parts joined by `/`.

    location: what people are told of it, without a password. Everything but `read` of a file that
    is not there raises PhotoStoreAway, or OSError for a folder, where the store cannot be used.
    """

    location: str
    claimed = False
    """Whether this process has made sure that the store is its database's."""

    def write(
        self,
        original: bytes,
        derived: Derived | None,
        *,
        key: str | None = None,
        sync: bool = True,
    ) -> str:
        """The key of the new files; all of them are there when it returns.

        When it raises, none is, except in a store that went away meanwhile.

        derived: None for an original that waits for its place. key: of `new_key`, for who must know
        it before; else a new one.
        sync: False leaves it to one later call of `flush` to get many files onto the disk, which
        takes a third of the time.
        """
        key = key or new_key()
        contents = [original] if derived is None else [original, derived.display, derived.thumbnail]
        names = (name(key, suffix) for suffix in SUFFIXES)
        try:
            self._put(dict(zip(names, contents, strict=False)), sync)
        except PhotoStoreAway:
            raise  # Nor would it delete; what has arrived is swept.
        except BaseException:
            self.delete([key])
            raise
        return key

    def delete(self, keys: Iterable[str]) -> None:
        """What is not there any more is no error."""
        self._remove([name(key, suffix) for key in keys for suffix in SUFFIXES])

    def read(self, key: str, suffix: str = ORIGINAL) -> bytes:
        """Raises FileNotFoundError."""
        return self._get(name(key, suffix))

    def mark(self) -> bytes | None:
        """What the store says of whom it belongs to; None while nobody has said it."""
        try:
            return self._get(MARK)
        except FileNotFoundError:
            return None

    def set_mark(self, content: bytes) -> None:
        self._put({MARK: content}, sync=True)

    @abstractmethod
    def flush(self) -> None:
        """Waits until all that was written is safe."""

    @abstractmethod
    def is_there(self) -> bool:
        """False for a folder that is not mounted, say: it must not be made by who only looks."""

    @abstractmethod
    def opener(self, key: str) -> Opener:
        """How to open an original: its path, or a function that does, raising as `read`."""

    @abstractmethod
    def path(self, key: str, suffix: str) -> Path | None:
        """For who hands a file on by the system's own calls; None in a store that is no folder."""

    @abstractmethod
    def ages(self) -> Iterator[Mapping[str, float]]:
        """For a part of the store at a time, when the newest file of each key was written.

        Seconds since the epoch, by the clock of the store. What is no photo's file is left out.
        """

    @abstractmethod
    def _get(self, name: str) -> bytes:
        """Raises FileNotFoundError."""

    @abstractmethod
    def _put(self, contents: Mapping[str, bytes], sync: bool) -> None:
        """Nobody ever sees a part of a file under its name."""

    @abstractmethod
    def _remove(self, names: Sequence[str]) -> None: ...


def name(key: str, suffix: str) -> str:
    return f"{key[:2]}/{key}{suffix}"


_NAME = re.compile(rf"([0-9a-f]{{32}})(?:{'|'.join(map(re.escape, SUFFIXES))})(?:\.part)?")


def newest(folder: str, written: Iterable[tuple[str, float]]) -> dict[str, float]:
    """By key, when the newest of its files was written, half-written ones among them.

    folder: of two characters. written: names in it, and when each was. Foreign files are left out.
    """
    ages: dict[str, float] = {}
    for file, changed in written:
        named = _NAME.fullmatch(file)
        if named is not None and named[1].startswith(folder):
            ages[named[1]] = max(ages.get(named[1], changed), changed)
    return ages
