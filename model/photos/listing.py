"""The photos of a folder of any size, sorted by key, on disk instead of in memory."""

import heapq
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from model.errors import PhotosError
from model.photos import folder as photos
from model.photos.decoding import chunks

IN_MEMORY = 50_000

Entry = tuple[str, str]
Listed = tuple[str, Path]


class Listing:
    """Iterates over (photo key, file), sorted by key, as often as one likes.

    What lies under `folder` now is written to `file`, sorted in pieces and merged, so memory does
    not grow with its number. PhotosError where there is no photo, or two with one key, which
    stand side by side once they are sorted.
    """

    def __init__(self, folder: Path, file: Path, in_memory: int = IN_MEMORY) -> None:
        self.folder = folder
        self.number = 0
        self._file = file
        with ExitStack() as open_files, file.open("w", encoding="ascii") as out:
            pieces = [
                open_files.enter_context(_sorted(piece))
                for piece in chunks(self._walk(), in_memory)
            ]
            before: Entry = ("", "")
            for entry in heapq.merge(*(map(_parse, piece) for piece in pieces)):
                if self.number and entry[0] == before[0]:
                    raise self._duplicate(before, entry)
                out.write(_line(entry))
                self.number += 1
                before = entry
        if self.number == 0:
            raise photos.none_in(folder)

    def __iter__(self) -> Iterator[Listed]:
        with self._file.open(encoding="ascii") as lines:
            for key, path in map(_parse, lines):
                yield key, self.folder / path

    def _walk(self) -> Iterator[Entry]:
        for path in photos.walk(self.folder):
            yield printable(photos.key(path)), str(path.relative_to(self.folder))

    def _duplicate(self, one: Entry, other: Entry) -> PhotosError:
        first, second = (Path(printable(str(self.folder / path))) for _, path in (one, other))
        return photos.duplicate(first, second, one[0])


def printable(name: str) -> str:
    r"""A file's name with bytes that are no UTF-8 as `\udc80` to `\udcff`: it can be written so."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def _sorted(entries: list[Entry]) -> Iterator[IO[str]]:
    """In a file without a name, which no killed process leaves behind."""
    with TemporaryFile("w+", encoding="ascii") as file:
        file.writelines(map(_line, sorted(entries)))
        file.seek(0)
        yield file


def _line(entry: Entry) -> str:
    return json.dumps(entry) + "\n"


def _parse(line: str) -> Entry:
    key, path = json.loads(line)
    return key, path
