"""A folder of photos, by photo key."""

import re
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


def index(folder: Path) -> dict[str, Path]:
    """Photo key → file, sorted by key, for JPEG, PNG and WebP files anywhere under `folder`."""
    if not folder.is_dir():
        raise PhotosError(f"There is no folder {folder}; name the folder that holds the photos.")
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        if (other := files.setdefault(key(path), path)) != path:
            raise PhotosError(
                f"{other} and {path} have the same key {key(path)}; keep one of them."
            )
    if not files:
        raise PhotosError(f"{folder} holds no JPEG, PNG or WebP file.")
    return dict(sorted(files.items()))
