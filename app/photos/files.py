"""A photo store in a folder, of one machine or shared between several by the system."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.photos.store import ORIGINAL, PhotoStore, name, newest


class PhotoFiles(PhotoStore):
    def __init__(self, root: Path) -> None:
        self.root = root
        self.location = str(root)

    def original(self, key: str) -> Path:
        return self.path(key, ORIGINAL)

    def opener(self, key: str) -> Path:
        return self.original(key)

    def path(self, key: str, suffix: str) -> Path:
        return self.root / name(key, suffix)

    def flush(self) -> None:
        """Waits until all that was written is on the disk."""
        os.sync()

    def is_there(self) -> bool:
        return self.root.exists()

    def ages(self) -> Iterator[Mapping[str, float]]:
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            yield newest(folder.name, _written(folder))

    def _get(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def _put(self, contents: Mapping[str, bytes], sync: bool) -> None:
        for each, content in contents.items():
            _write(self.root / each, content, sync)
        if sync:
            for folder in {(self.root / each).parent for each in contents}:
                _sync_folder(folder)

    def _remove(self, names: Sequence[str]) -> None:
        for each in names:
            path = self.root / each
            path.unlink(missing_ok=True)
            _part(path).unlink(missing_ok=True)


def _write(path: Path, content: bytes, sync: bool) -> None:
    """Nobody ever sees a part of a file under its name; synced, not even after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _part(path).open("wb") as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    _part(path).replace(path)


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(folder: Path) -> Iterator[tuple[str, float]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                yield entry.name, entry.stat().st_mtime
