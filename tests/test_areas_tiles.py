"""Tiles of a layer of 5,041 areas: complete, light, and the same for readers that are not ours."""

import gzip
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pyogrio
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app import areas
from app.areas.bands import band_of
from app.areas.tiles import EXTENTS, MAX_BYTES
from app.db import session_factory
from app.errors import TileNotFound
from app.tables import Layer
from app.tilegrid import GZIP_LEVEL
from tests.mosaic import EAST, NORTH, SOUTH, WEST, mosaic

MIDDLE = (-70.65, -33.45)
Address = tuple[int, int, int]


@pytest.fixture(scope="module")
def zones(engine: Engine) -> Iterator[Session]:
    """A session that holds the layer for all tests of this file, and rolls it back."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with session_factory(engine)(bind=connection) as session:
            layer = Layer(key="zone", label_es="Zonas", label_en="Zones")
            areas.insert(session, layer, mosaic())
            session.flush()
            yield session
        transaction.rollback()


def address(lon: float, lat: float, z: int) -> Address:
    down = 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)
    return z, int((lon + 180) / 360 * 2**z), int(down * 2**z)


def tiles_over_the_layer(z: int) -> Iterator[Address]:
    """All of them; of zooms with more than 200, the nine in the middle."""
    _, left, top = address(WEST, NORTH, z)
    _, right, bottom = address(EAST, SOUTH, z)
    if (right - left + 1) * (bottom - top + 1) > 200:
        _, x, y = address(*MIDDLE, z)
        left, right, top, bottom = x - 1, x + 1, y - 1, y + 1
    for x in range(left, right + 1):
        for y in range(top, bottom + 1):
            yield z, x, y


def decoded(content: bytes) -> dict[str, Any]:
    layers = mapbox_vector_tile.decode(content)
    assert set(layers) == {"areas"}
    found: dict[str, Any] = layers["areas"]
    return found


def ids(content: bytes) -> list[int]:
    return [feature["id"] for feature in decoded(content)["features"]]


def extent_of(content: bytes) -> int:
    return int(decoded(content)["extent"])


# All shapes of the band are put into the tile's own units, without an index.
REFERENCE = text("""
    WITH drawn AS (
        SELECT area_id AS id,
               ST_AsMVTGeom(geometry, ST_TileEnvelope(:z, :x, :y), :extent, :buffer) AS geom
          FROM area_outline WHERE band = :band ORDER BY area_id
    )
    SELECT ST_AsMVT(drawn, 'areas', :extent, 'geom', 'id') FROM drawn WHERE geom IS NOT NULL
""")


def reference(session: Session, z: int, x: int, y: int, extent: int) -> bytes:
    values = {"z": z, "x": x, "y": y, "extent": extent, "buffer": extent // 64, "band": band_of(z)}
    return bytes(session.scalar(REFERENCE, values) or b"")


@pytest.mark.parametrize("z", range(0, 21))
def test_no_tile_is_too_large_and_no_area_is_lost(zones: Session, z: int) -> None:
    """From zoom 8 on each area is wider than a unit of the tile's grid."""
    seen: set[int] = set()
    there = list(tiles_over_the_layer(z))
    for at in there:
        content = areas.tile(zones, "zone", *at)
        assert len(gzip.compress(content, GZIP_LEVEL)) <= MAX_BYTES
        if content:
            seen.update(ids(content))
    everything = set(zones.scalars(text("SELECT id FROM area WHERE layer = 'zone'")))
    assert seen <= everything
    if 8 <= z <= 13:
        assert seen == everything
    assert bool(seen) is (z >= 5)


@pytest.mark.parametrize("z", [5, 7, 8, 9, 10, 12, 14, 17, 20])
def test_a_tile_is_what_sql_makes_of_the_outlines(zones: Session, z: int) -> None:
    at = address(*MIDDLE, z)
    content = areas.tile(zones, "zone", *at)
    assert content == reference(zones, *at, extent_of(content))
    assert content == areas.tile(zones, "zone", *at)


def test_only_a_tile_that_would_be_too_large_is_coarser(zones: Session) -> None:
    for z in range(5, 15):
        at = address(*MIDDLE, z)
        extent = extent_of(areas.tile(zones, "zone", *at))
        finer = [each for each in EXTENTS if each > extent]
        for each in finer:
            assert len(gzip.compress(reference(zones, *at, each), GZIP_LEVEL)) > MAX_BYTES
    coarse = extent_of(areas.tile(zones, "zone", *address(*MIDDLE, 9)))
    assert EXTENTS[-1] < coarse < EXTENTS[0]


@pytest.mark.parametrize("z", [6, 9, 11, 14, 18])
def test_gdal_counts_the_areas_that_sql_counts(zones: Session, tmp_path: Path, z: int) -> None:
    at = address(*MIDDLE, z)
    content = areas.tile(zones, "zone", *at)
    # The driver takes the tile's address from where it lies.
    file = tmp_path / str(z) / str(at[1]) / f"{at[2]}.mvt"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    values = {
        **dict(zip("zxy", at, strict=True)),
        "extent": extent_of(content),
        "buffer": extent_of(content) // 64,
        "band": band_of(z),
    }
    counted = zones.scalar(
        text("""
            SELECT count(ST_AsMVTGeom(geometry, ST_TileEnvelope(:z, :x, :y), :extent, :buffer))
              FROM area_outline WHERE band = :band
        """),
        values,
    )
    assert counted > 0
    assert [name for name, _ in pyogrio.list_layers(file)] == ["areas"]
    assert pyogrio.read_info(file, layer="areas")["features"] == counted
    # Left to itself, it cuts off what is beyond the edges of the tile.
    frame = pyogrio.read_dataframe(file, layer="areas", CLIP="NO")
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert set(frame["mvt_id"]) == set(ids(content))
    assert len(ids(content)) == counted


def test_a_tile_reaches_a_little_over_its_edges(zones: Session) -> None:
    """So that a line along an edge is as wide in both tiles."""
    content = areas.tile(zones, "zone", *address(*MIDDLE, 12))
    found = decoded(content)
    across = [
        point[0]
        for feature in found["features"]
        for ring in feature["geometry"]["coordinates"]
        for point in ring
        if isinstance(point[0], int)
    ]
    over = found["extent"] // 64
    assert (min(across), max(across)) == (-over, found["extent"] + over)


def test_another_layer_or_place_is_empty(zones: Session) -> None:
    assert areas.tile(zones, "city", *address(*MIDDLE, 9)) == b""
    assert areas.tile(zones, "zone", 9, 0, 0) == b""


@pytest.mark.parametrize("at", [(21, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_what_is_no_tile(zones: Session, at: Address) -> None:
    with pytest.raises(TileNotFound):
        areas.tile(zones, "zone", *at)


def test_a_tile_needs_the_index_alone(zones: Session) -> None:
    """Of a street, not of the city: a tile of zoom 16 reads a handful of rows."""
    zones.execute(text("ANALYZE area_outline"))
    z, x, y = address(*MIDDLE, 16)
    plan = zones.scalars(
        text("""
            EXPLAIN SELECT area_id FROM area_outline
             WHERE layer = 'zone' AND band = 20
               AND geometry && ST_TileEnvelope(:z, :x, :y, margin => 1.0 / 64)
        """),
        {"z": z, "x": x, "y": y},
    ).all()
    assert any("area_outline_geometry_idx" in line for line in plan)
