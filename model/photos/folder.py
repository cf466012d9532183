"""A folder of photos, by photo key."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from model.errors import PhotosError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

# `{lat}_{lng}_{id}_{City}.JPG`, the names of Place Pulse 2.0's other distribution. Its
# coordinates are rounded, so a photo is known by the id alone.
PLACE_PULSE = re.compile(r"(?P<lat>-?[\d.]+)_(?P<lon>-?[\d.]+)_(?P<id>[0-9a-f]{24})_(?P<city>.+)")


def key(path: Path) -> str:
    """The photo key that a file's name holds: the id of a Place Pulse name, else the stem."""
    match = PLACE_PULSE.fullmatch(path.stem)
    return match["id"] if match else path.stem


def walk(folder: Path) -> Iterator[Path]:
    """JPEG, PNG and WebP files anywhere under `folder`, in no order.

    Links to files are given even where they lead nowhere; links to folders are not followed.
    """
    if not folder.is_dir():
        raise PhotosError(f"There is no folder {folder}; name the folder that holds the photos.")
    folders = [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _is_photo(entry):
                        yield Path(entry.path)
        except OSError as error:
            raise PhotosError(
                f"The folder {error.filename} cannot be read ({error.strerror}); "
                "let it be read, or move it elsewhere."
            ) from None


def _is_photo(entry: os.DirEntry[str]) -> bool:
    suffix = os.path.splitext(entry.name)[1].lower()
    return suffix in SUFFIXES and (entry.is_file() or entry.is_symlink())


def index(folder: Path) -> dict[str, Path]:
    """Photo key → file, sorted by key, for JPEG, PNG and WebP files anywhere under `folder`."""
    files: dict[str, Path] = {}
    for path in sorted(filter(Path.is_file, walk(folder))):
        if (other := files.setdefault(key(path), path)) != path:
            raise duplicate(other, path, key(path))
    if not files:
        raise none_in(folder)
    return dict(sorted(files.items()))


def duplicate(one: Path, other: Path, key: str) -> PhotosError:
    return PhotosError(f"{one} and {other} have the same key {key}; keep one of them.")


def none_in(folder: Path) -> PhotosError:
    return PhotosError(f"{folder} holds no JPEG, PNG or WebP file.")
