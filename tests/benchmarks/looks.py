"""What the bounds of near-duplicates rest on: `python -m tests.benchmarks.looks`.

Looks of the frames of a drive, of what people make of a photo without taking another one, and
of how many frames each choice of bounds would flag. Prints the tables of docs/near-duplicates.md.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance
from rich.console import Console
from rich.table import Table

from app.images import derive
from app.looks import differences
from app.photos.resembling import HEADING_DEG
from tests.benchmarks.street import SHARED
from tests.test_looks import encoded, metres, turn

FAR_M = 100
BOUNDS = ((3, 4), (3, 6), (3, 8), (5, 6), (10, 8))
"""Metres and bits."""


def copies(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    for quality in (30, 60, 90):
        yield f"JPEG, quality {quality}", encoded(picture, quality=quality)
    yield "WebP, quality 60", encoded(picture, "WEBP", quality=60)
    width, height = picture.size
    for scale in (0.25, 0.5, 2):
        size = round(width * scale), round(height * scale)
        yield f"{scale:g} times the size", encoded(picture.resize(size), quality=75)
    yield "15 % brighter", encoded(ImageEnhance.Brightness(picture).enhance(1.15), quality=75)
    x, y = round(0.02 * width), round(0.02 * height)
    yield "2 % cut off at each side", encoded(picture.crop((x, y, width - x, height - y)))


def look_of(data: bytes) -> int:
    found = derive(data).look
    assert found is not None
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.looks", description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, default=SHARED)
    parser.add_argument("--frames", type=int, help="the first so many; all of them by default")
    given = parser.parse_args(arguments)
    with (given.folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        frames = list(csv.DictReader(file))[: given.frames]
    bits: dict[str, list[int]] = {}
    looks = []
    for frame in frames:
        data = (given.folder / "photos" / frame["filename"]).read_bytes()
        looks.append(look_of(data))
        with Image.open(io.BytesIO(data)) as picture:
            for kind, copy in copies(picture.convert("RGB")):
                bits.setdefault(kind, []).append(differences(looks[-1], look_of(copy)))
    console = Console()
    table = Table("copies of each frame", "mean bits", "99 %", "most")
    for kind, found in bits.items():
        table.add_row(
            kind, f"{np.mean(found):.1f}", f"{np.quantile(found, 0.99):.0f}", str(max(found))
        )
    console.print(table)
    pairs = [
        (
            one,
            metres(frames[one], frames[other]),
            turn(frames[one], frames[other]),
            differences(looks[one], looks[other]),
        )
        for one in range(len(frames))
        for other in range(one)
    ]
    far = [found for _, apart_m, _, found in pairs if apart_m > FAR_M]
    if far:
        console.print(f"{len(far):,} pairs more than {FAR_M} m apart: {min(far)} bits at least")
    table = Table("bounds", "frames flagged", "more than 1 m away")
    for radius_m, most in BOUNDS:
        nearest: dict[int, float] = {}
        for one, apart_m, turned_deg, differ in pairs:
            if apart_m <= radius_m and turned_deg <= HEADING_DEG and differ <= most:
                nearest[one] = min(nearest.get(one, apart_m), apart_m)
        away = sum(apart_m > 1 for apart_m in nearest.values())
        table.add_row(f"{radius_m} m, {most} bits", str(len(nearest)), str(away))
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
