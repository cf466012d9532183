"""Looks of copies and of neighbours, on drawings and on the frames of a real drive."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.images import derive
from app.looks import differences, look
from app.photos.resembling import BITS, HEADING_DEG, RADIUS_M, RESEMBLED, neighbourhood
from tests.builders import make_photo

LAT, LON = -33.45, -70.65
M = 1 / 111_320


def copies(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    """What people do to a photo without taking another one."""
    width, height = picture.size
    yield "quality 30", encoded(picture, quality=30)
    yield "quality 90", encoded(picture, quality=90)
    yield "WebP", encoded(picture, "WEBP", quality=60)
    for scale in (0.3, 0.5, 2.0):
        size = round(width * scale), round(height * scale)
        yield f"x {scale}", encoded(picture.resize(size, Image.Resampling.BICUBIC), quality=75)


def encoded(picture: Image.Image, kind: str = "JPEG", **options: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def test_a_look_is_the_rises_of_a_miniature() -> None:
    rising = Image.fromarray(np.tile(np.arange(9, dtype=np.uint8) * 20, (8, 1)))
    assert look(rising) == -1, "all 64 bits, as a signed number"
    assert look(rising.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 0
    first = np.zeros((8, 9), dtype=np.uint8)
    first[0, 1:] = 200
    assert look(Image.fromarray(first)) == -(2**63), "the first pixel is the highest bit"
    assert [differences(0, number) for number in (0, 1, -1, -(2**63), 5)] == [0, 1, 64, 1, 2]
    assert differences(-1, -(2**63)) == 63


def test_a_turned_photo_looks_as_it_is_seen() -> None:
    blocks = np.random.default_rng(1).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(blocks).resize((400, 300), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    picture.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=exif)
    turned, straight = derive(out.getvalue()).look, derive(encoded(picture)).look
    assert turned is not None
    assert straight is not None
    assert differences(turned, straight) <= BITS


def resembled(
    session: Session, photo_id: int, heading_deg: float | None, look: int | None
) -> int | None:
    where = neighbourhood(photo_id, lat=LAT, lon=LON, heading_deg=heading_deg, look=look)
    found: int | None = session.scalar(text(RESEMBLED), where)
    return found


@pytest.mark.parametrize(
    ("moved_m", "turned_deg", "bits", "alike"),
    [
        (0, 0, 0, True),
        (RADIUS_M - 0.1, HEADING_DEG - 0.1, BITS, True),
        (RADIUS_M + 0.1, 0, 0, False),
        (0, HEADING_DEG + 0.1, 0, False),
        (0, 0, BITS + 1, False),
    ],
)
@pytest.mark.parametrize("heading_deg", [100.0, 355.0, 5.0])
def test_place_direction_and_look_must_all_be_alike(
    session: Session, moved_m: float, turned_deg: float, bits: int, heading_deg: float, alike: bool
) -> None:
    own_look = -(2**63) | 0b1010
    other = make_photo(
        session,
        LON,
        LAT + moved_m * M,
        heading_deg=(heading_deg + turned_deg) % 360,
        look=own_look ^ (2**bits - 1),
    )
    own = make_photo(session, LON, LAT, heading_deg=heading_deg, look=own_look)
    found = resembled(session, own.id, heading_deg, own_look)
    assert found == (other.id if alike else None)


def test_an_unknown_direction_is_like_an_unknown_one_only(session: Session) -> None:
    known = make_photo(session, LON, LAT, heading_deg=10.0, look=7)
    assert resembled(session, 0, None, 7) is None
    unknown = make_photo(session, LON, LAT, look=7)
    assert resembled(session, 0, None, 7) == unknown.id
    assert resembled(session, 0, 10.0, 7) == known.id


def test_the_most_alike_is_named_and_a_photo_without_a_look_never(session: Session) -> None:
    make_photo(session, LON, LAT)
    make_photo(session, LON, LAT, look=0b111)
    nearest = make_photo(session, LON, LAT, look=0b1)
    assert resembled(session, 0, None, 0) == nearest.id
    assert resembled(session, 0, None, None) is None


@pytest.fixture(scope="module")
def frames(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "street_photos" / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_on_a_real_drive_copies_are_found_and_neighbours_are_not(
    frames: list[dict[str, str]], shared_data: Path
) -> None:
    """576 frames, one a second; a car that stands takes the same photo again and again.

    None of them is taken for a card without imagery: `derive` would refuse it.
    """
    folder = shared_data / "street_photos" / "photos"
    looks = [derive((folder / row["filename"]).read_bytes()).look or 0 for row in frames]
    assert len(looks) == 576
    for row, own in list(zip(frames, looks, strict=True))[::12]:
        with Image.open(folder / row["filename"]) as picture:
            for name, data in copies(picture.convert("RGB")):
                assert differences(own, derive(data).look or 0) <= BITS, (row["filename"], name)

    flagged = flagged_on_the_move = 0
    for index, row in enumerate(frames):
        alike = [
            metres(row, frames[other])
            for other in range(index)
            if metres(row, frames[other]) <= RADIUS_M
            and turn(row, frames[other]) <= HEADING_DEG
            and differences(looks[index], looks[other]) <= BITS
        ]
        flagged += bool(alike)
        flagged_on_the_move += bool(alike) and min(alike) > 1
    assert flagged <= 0.12 * len(frames)
    assert flagged_on_the_move <= 0.02 * len(frames)


def metres(one: dict[str, str], other: dict[str, str]) -> float:
    north = float(one["lat"]) - float(other["lat"])
    east = (float(one["lon"]) - float(other["lon"])) * np.cos(np.radians(float(one["lat"])))
    return float(np.hypot(north, east)) / M


def turn(one: dict[str, str], other: dict[str, str]) -> float:
    difference = float(one["heading_deg"]) - float(other["heading_deg"])
    return abs((difference + 180) % 360 - 180)
