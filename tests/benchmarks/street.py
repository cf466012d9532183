"""Photos to measure with: real ones of a street where a folder has them, else drawn ones."""

import csv
import io
from argparse import ArgumentParser
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

SHARED = Path(__file__).parents[3] / "shared" / "data" / "street_photos"
SIZE_PX = (480, 410)


@dataclass(frozen=True)
class StreetPhoto:
    data: bytes
    lat: float
    lon: float


def add_option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="folder",
        type=Path,
        default=SHARED,
        help="folder with manifest.csv and photos/; drawn photos where it is absent",
    )


def photos(folder: Path, number: int) -> tuple[list[StreetPhoto], str]:
    """So many photos, no two of the same bytes, and in words where they are from."""
    if (folder / "manifest.csv").exists():
        real = _real(folder)
        made = [_marked(photo, i) for i, photo in enumerate(islice(cycle(real), number))]
        return made, f"of {len(real)} real photos"
    return [_drawn(i) for i in range(number)], f"drawn, since {folder} is absent"


def _real(folder: Path) -> list[StreetPhoto]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [
            StreetPhoto(
                (folder / "photos" / row["filename"]).read_bytes(),
                float(row["lat"]),
                float(row["lon"]),
            )
            for row in csv.DictReader(file)
        ]


def _marked(photo: StreetPhoto, number: int) -> StreetPhoto:
    return StreetPhoto(marked(photo.data, str(number)), photo.lat, photo.lon)


def marked(jpeg: bytes, mark: str) -> bytes:
    """The same picture in other bytes: with a comment after the start of the file."""
    comment = mark.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _drawn(number: int) -> StreetPhoto:
    chance = np.random.default_rng(number)
    coarse = Image.fromarray(chance.integers(0, 255, (41, 48, 3), dtype=np.uint8))
    out = io.BytesIO()
    coarse.resize(SIZE_PX, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    lat, lon = chance.normal((-33.45, -70.65), 0.03)
    return StreetPhoto(out.getvalue(), float(lat), float(lon))
