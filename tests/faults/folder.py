"""The folder that is uploaded: small photos, and some files that get other verdicts."""

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

WIDTH_PX, HEIGHT_PX = 400, 300
SOUTH, WEST = 33.50, 70.70
"""Degrees south and west, as EXIF has them."""
SIDE_DEG = 0.08

DUPLICATE_EVERY, TRUNCATED_EVERY, HELD_EVERY = 17, 23, 29


@dataclass
class Folder:
    """contents: sha256 in hex by path. The rest are paths; of duplicates one each is accepted."""

    root: Path
    contents: dict[str, str] = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    duplicates: int = 0

    @property
    def accepted(self) -> int:
        others = len(self.truncated) + len(self.held) + self.duplicates
        return len(self.contents) - others


def make(root: Path, photos: int, seed: int) -> Folder:
    """photos: files, all kinds together. The same seed makes the same bytes."""
    folder = Folder(root)
    rng = np.random.default_rng(seed)
    last = b""
    for number in range(photos):
        path = f"calle-{number // 50:02d}/{number:04d}.jpg"
        if number % DUPLICATE_EVERY == 1:
            data = last
            folder.duplicates += 1
        elif number % TRUNCATED_EVERY == 2:
            data = _photo(rng, placed=True)[:-3000]
            folder.truncated.add(path)
        elif number % HELD_EVERY == 3:
            data = _photo(rng, placed=False)
            folder.held.add(path)
        else:
            data = last = _photo(rng, placed=True)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        folder.contents[path] = hashlib.sha256(data).hexdigest()
    return folder


def _photo(rng: np.random.Generator, *, placed: bool) -> bytes:
    blocks = rng.integers(0, 256, (15, 20, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    if placed:
        south, west = (float(at) for at in rng.uniform(0, SIDE_DEG, 2))
        exif[ExifTags.IFD.GPSInfo] = {
            ExifTags.GPS.GPSLatitudeRef: "S",
            ExifTags.GPS.GPSLatitude: (SOUTH - south, 0.0, 0.0),
            ExifTags.GPS.GPSLongitudeRef: "W",
            ExifTags.GPS.GPSLongitude: (WEST - west, 0.0, 0.0),
        }
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, exif=exif)
    return out.getvalue()
