"""Which shapes are counted with, what is said of the others, and what lies in them for certain."""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from pydantic import TypeAdapter
from pyproj import Geod
from shapely import Polygon, box

from app.areas import BadShape, read_drawn
from app.areas.drawn import DrawnCircle, DrawnPolygon
from app.cells.cover import cover
from app.cells.keys import Box, deinterleave, key_of
from app.schemas import ShapeIn
from app.tables import PHOTO_ZOOM

SHAPE: TypeAdapter[Any] = TypeAdapter(ShapeIn)
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
HOLE = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]]


def drawn(kind: str, coordinates: Any) -> Any:
    return read_drawn(SHAPE.validate_python({"type": kind, "coordinates": coordinates}))


def circle(lon: float, lat: float, radius_m: float) -> Any:
    given = {"type": "Circle", "center": [lon, lat], "radius_m": radius_m}
    return read_drawn(SHAPE.validate_python(given))


@pytest.mark.parametrize(
    ("kind", "coordinates", "said"),
    [
        ("Polygon", [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], r"Self-intersection\[0.5 0.5\]"),
        ("Polygon", [SQUARE[:-1]], "not closed: it begins at 0 0 and ends at 0 1"),
        ("Polygon", [[[0, 0], [1, 1], [0, 0], [1, 1], [0, 0]]], "fewer than three"),
        ("Polygon", [SQUARE, [[x + 5, y] for x, y in SQUARE]], "Hole lies outside"),
        ("Polygon", [SQUARE, [[x + 0.1, y] for x, y in HOLE], HOLE], "Self-intersection"),
        ("Polygon", [[[-179, 0], [179, 0], [179, 1], [-179, 1], [-179, 0]]], "antimeridian"),
        ("Polygon", [[[179, 0], [181, 0], [181, 1], [179, 1], [179, 0]]], "longitude 181"),
        ("Polygon", [[[0, 80], [1, 80], [1, 89], [0, 89], [0, 80]]], "latitude 89"),
        ("MultiPolygon", [[SQUARE], [SQUARE]], "Self-intersection"),
        ("Polygon", [[*([[0, 0]] * 2000), *SQUARE[1:]]], "2004 positions; at most 2000"),
    ],
)
def test_refused_with_the_place(kind: str, coordinates: Any, said: str) -> None:
    with pytest.raises(BadShape, match=said):
        drawn(kind, coordinates)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0, 0, 5), "radius_m is 5; circles have a radius of 10 to 100000 m"),
        ((0, 0, 200_000), "radius_m is 200000"),
        ((179.9, 0, 50_000), "antimeridian"),
        ((0, 84.9, 50_000), "85.05"),
        ((0, 95, 50), "latitude 95"),
    ],
)
def test_refused_circles(values: tuple[float, float, float], said: str) -> None:
    with pytest.raises(BadShape, match=said):
        circle(*values)


def test_holes_and_parts_and_altitudes_are_welcome() -> None:
    found = drawn("MultiPolygon", [[SQUARE, HOLE], [[[x + 3, y, 7] for x, y in SQUARE]]])
    assert found.shape.area == pytest.approx(2 - 0.02)
    assert found.bbox == (0, 0, 4, 1)
    assert found.area_m2 == pytest.approx(1.98 * 111_319.5 * 110_574.3, rel=1e-2)


def test_turned_either_way_round() -> None:
    assert drawn("Polygon", [SQUARE]).area_m2 == drawn("Polygon", [SQUARE[::-1]]).area_m2


@pytest.mark.parametrize("lat", [0.0, -33.45, 70.0])
@pytest.mark.parametrize("radius_m", [10.0, 3_000.0, 100_000.0])
def test_the_box_of_a_circle_holds_it(lat: float, radius_m: float) -> None:
    west, south, east, north = circle(-70.65, lat, radius_m).bbox
    turn = np.linspace(0, 360, 721)
    lons, lats, _ = Geod(ellps="WGS84").fwd(
        np.full(721, -70.65), np.full(721, lat), turn, np.full(721, radius_m)
    )
    assert west < lons.min() < lons.max() < east
    assert south < lats.min() < lats.max() < north


def shapes() -> list[DrawnPolygon | DrawnCircle]:
    draw = random.Random(4)
    found: list[DrawnPolygon | DrawnCircle] = []
    for _ in range(6):
        lon, lat = draw.uniform(-175, 175), draw.uniform(-70, 70)
        size = 10 ** draw.uniform(-3, 0.5)
        corners = [(lon + size * draw.random(), lat + size * draw.random()) for _ in range(3)]
        found.append(DrawnPolygon(Polygon(corners)))
        found.append(DrawnCircle(lon, lat, 10 ** draw.uniform(1.1, 5)))
    found.append(DrawnPolygon(box(-179, -80, -1, 80)))
    return found


@pytest.mark.parametrize("shape", shapes())
def test_a_cover_holds_each_place_of_a_shape_once(shape: DrawnPolygon | DrawnCircle) -> None:
    """What is called inside lies inside, and outside of the cover nothing does."""
    found = cover(Box(*shape.bbox), shape.sides)
    parts = {
        "inside": [(a << 22, ((b + 1) << 22) - 1) for a, b in zip(*found.whole, strict=True)]
        + list(zip(*found.inner, strict=True)),
        "rim": list(zip(*found.rim, strict=True)),
    }
    everything = sorted(parts["inside"] + parts["rim"])
    assert all(before[1] < after[0] for before, after in pairwise(everything))
    west, south, east, north = shape.bbox
    chance = np.random.default_rng(1)
    lons, lats = chance.uniform(west, east, 4_000), chance.uniform(south, north, 4_000)
    q, _, _ = key_of(lons, lats)
    if isinstance(shape, DrawnPolygon):
        inside = shapely.intersects_xy(shape.shape, lons, lats)
    else:
        many = np.full_like(lons, shape.lon), np.full_like(lats, shape.lat)
        inside = Geod(ellps="WGS84").inv(*many, lons, lats)[2] <= shape.radius_m
    for name, expected in (("inside", inside), ("any", ~inside)):
        ranges = parts["inside"] if name == "inside" else everything
        held = np.zeros(len(q), bool)
        for first, last in ranges:
            held |= (q >= first) & (q <= last)
        if name == "inside":
            assert not (held & ~expected).any()
        else:
            assert not (~held & ~expected).any()
    assert inside.any()


def test_keys_turn_back_into_places() -> None:
    """That a range of keys is a set of cells is what the test above counts on."""
    q, x, y = key_of(-70.65, -33.45)
    across, down = deinterleave(np.array([q]))
    assert (across[0], down[0]) == (x, y)
    assert x < 1 << PHOTO_ZOOM
