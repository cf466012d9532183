"""Tiles are decoded by a reader of the format that is not ours."""

import math
from itertools import pairwise
from typing import Any

import mapbox_vector_tile
import pytest
from sqlalchemy import TextClause, func, select, text
from sqlalchemy.orm import Session

from app import cells, totals
from app.attributes import KEYS
from app.cells.tiles import CELLS, PHOTOS, cells_in, photos_in
from app.errors import TileNotFound
from app.tables import Release, score
from tests.builders import flat, make_photo, make_release, write_scores

SANTIAGO = (-70.6506, -33.4378)
PLACES = [
    SANTIAGO,
    (-70.6506001, -33.4378001),
    (-70.55, -33.40),
    (114.3, 30.6),  # Wuhan
    (180.0, 10.0),
    (-180.0, 10.0),
    (0.0, 85.05),
    (12.0, -85.05),
    (0.0, 0.0),  # a corner of four cells of every zoom
    (90.0, 0.0),
    (-70.6506, -33.4378),  # the very place of the first
]


def decoded(session: Session, release: Release, z: int, x: int, y: int) -> dict[str, Any]:
    content = cells.tile(session, release, z, x, y)
    options = {"y_coord_down": True}
    return dict(mapbox_vector_tile.decode(content, default_options=options)) if content else {}


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    _, x, y = cells.key_of(lon, lat)
    return x >> (25 - z), y >> (25 - z)


def tiles_with_photos(places: list[tuple[float, float]], z: int) -> set[tuple[int, int]]:
    return {tile_of(lon, lat, z) for lon, lat in places}


@pytest.fixture
def release(session: Session) -> Release:
    """Photos at `PLACES`, all published."""
    release = make_release(session)
    photos = [make_photo(session, *place) for place in PLACES]
    scores = {
        photo.id: {key: (100 * i + j) % 1001 for j, key in enumerate(KEYS)}
        for i, photo in enumerate(photos)
    }
    write_scores(session, release, scores)
    totals.publish(session)
    return release


@pytest.mark.parametrize("z", range(18))
def test_n_over_a_zoom_is_the_number_of_scored_photos(
    session: Session, release: Release, z: int
) -> None:
    scored = session.scalar(
        select(func.count()).select_from(score).where(score.c.release_id == release.id)
    )
    found = 0
    for x, y in tiles_with_photos(PLACES, z):
        for cell in decoded(session, release, z, x, y)["cells"]["features"]:
            found += cell["properties"]["n"]
            assert set(cell["properties"]) == {"n", *KEYS}
    assert found == scored == len(PLACES)


@pytest.mark.parametrize("z", range(21))
def test_photos_are_where_they_stand(session: Session, release: Release, z: int) -> None:
    """Within one unit of the tile's 4,096, of the place that the textbook formula gives."""
    found = 0
    for x, y in tiles_with_photos(PLACES, z):
        for feature in decoded(session, release, z, x, y)["photos"]["features"]:
            place = feature["geometry"]["coordinates"]
            index = feature["properties"]["id"] - first_id(session)
            lon, lat = PLACES[index]
            across = ((lon + 180) / 360 * (1 << z) - x) * 4096
            down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
            assert place == pytest.approx([across, (down * (1 << z) - y) * 4096], abs=1)
            assert feature["properties"]["lively"] == (100 * index + 1) % 1001
            assert set(feature["properties"]) == {"id", *KEYS}
            found += 1
    assert found == len(PLACES)


def first_id(session: Session) -> int:
    return int(session.scalar(select(func.min(score.c.photo_id))) or 0)


@pytest.mark.parametrize("z", [0, 5, 11, 17])
def test_cells_are_squares_on_the_grid(session: Session, release: Release, z: int) -> None:
    for lon, lat in PLACES:
        x, y = tile_of(lon, lat, z)
        cell_x, cell_y = tile_of(lon, lat, z + 5)
        left, top = (cell_x - 32 * x) * 128, (cell_y - 32 * y) * 128
        corners = {(left, top), (left + 128, top), (left + 128, top + 128), (left, top + 128)}
        rings = [
            cell["geometry"]["coordinates"]
            for cell in decoded(session, release, z, x, y)["cells"]["features"]
        ]
        assert corners in [{tuple(point) for point in ring[0]} for ring in rings]


def test_rings_run_clockwise_on_the_screen(session: Session, release: Release) -> None:
    """As the format wants it of outer rings: y points down, so the shoelace sum is positive."""
    x, y = tile_of(*SANTIAGO, 12)
    features = decoded(session, release, 12, x, y)["cells"]["features"]
    assert features
    for cell in features:
        (ring,) = cell["geometry"]["coordinates"]
        pairs = pairwise(ring)
        assert sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) > 0


def test_means_are_rounded_and_missing_ones_absent(session: Session) -> None:
    release = make_release(session)
    first, second, third = (make_photo(session, *SANTIAGO).id for _ in range(3))
    write_scores(
        session,
        release,
        {
            first: {"safety": 10, "lively": 1},
            second: {"safety": 11},
            third: {"safety": 13, "lively": 2},
        },
    )
    totals.publish(session)
    x, y = tile_of(*SANTIAGO, 12)
    tile = decoded(session, release, 12, x, y)
    (cell,) = tile["cells"]["features"]
    assert cell["properties"] == {"n": 3, "safety": 11, "lively": 2}
    assert {"id": second, "safety": 11} in [
        photo["properties"] for photo in tile["photos"]["features"]
    ]


def test_photos_leave_a_tile_that_holds_too_many(session: Session) -> None:
    release = make_release(session)
    make_photo(session, *SANTIAGO)
    session.execute(
        text("""
            INSERT INTO photo (source, source_key, location, q, x, y)
            SELECT source, source_key || n, location, q, x, y
              FROM photo, generate_series(1, 2000) n
        """)
    )
    ids = list(session.scalars(text("SELECT id FROM photo ORDER BY id")))
    write_scores(session, release, {photo_id: flat(500) for photo_id in ids[:2000]})
    totals.publish(session)
    x, y = tile_of(*SANTIAGO, 12)
    assert len(decoded(session, release, 12, x, y)["photos"]["features"]) == 2000
    write_scores(session, release, {ids[2000]: flat(500)})
    totals.publish(session)
    tile = decoded(session, release, 12, x, y)
    assert "photos" not in tile
    assert tile["cells"]["features"][0]["properties"]["n"] == 2001
    x, y = tile_of(*SANTIAGO, 18)
    assert len(decoded(session, release, 18, x, y)["photos"]["features"]) == 2001


def test_a_tile_does_not_change_before_the_next_publish(session: Session, release: Release) -> None:
    x, y = tile_of(*SANTIAGO, 14)
    before = {z: cells.tile(session, release, z, *tile_of(*SANTIAGO, z)) for z in (3, 14, 18)}
    photo = make_photo(session, *SANTIAGO)
    write_scores(session, release, {photo.id: flat(1000)})
    after = {z: cells.tile(session, release, z, *tile_of(*SANTIAGO, z)) for z in (3, 14, 18)}
    assert after == before
    totals.publish(session)
    assert cells.tile(session, release, 14, x, y) != before[14]


def test_tile_of_one_release_holds_nothing_of_another(session: Session, release: Release) -> None:
    other = make_release(session)
    assert cells.tile(session, other, 0, 0, 0) == b""
    photo = make_photo(session, *SANTIAGO)
    write_scores(session, other, {photo.id: flat(1)})
    totals.publish(session)
    (cell,) = decoded(session, other, 0, 0, 0)["cells"]["features"]
    assert cell["properties"]["n"] == 1


def test_empty_tile_has_no_bytes(session: Session, release: Release) -> None:
    assert cells.tile(session, release, 12, 0, 2048) == b""
    assert cells.tile(session, release, 20, 0, 1 << 19) == b""


@pytest.mark.parametrize("address", [(21, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_tile_out_of_range_is_not_found(
    session: Session, release: Release, address: tuple[int, int, int]
) -> None:
    with pytest.raises(TileNotFound):
        cells.tile(session, release, *address)


@pytest.mark.parametrize("z", [3, 8, 14, 17])
def test_plan_is_one_key_range_of_the_primary_key(session: Session, z: int) -> None:
    """Among a hundred thousand cells of the same zoom, and photos through the index on q."""
    release = make_release(session)
    columns = ", ".join(f"n_{key}, sum_{key}" for key in KEYS)
    values = ", ".join("1, 500" for _ in KEYS)
    session.execute(
        text(f"""
            INSERT INTO cell_total (release_id, z, q, x, y, n, {columns})
            SELECT :release_id, :z, i, 0, 0, 1, {values} FROM generate_series(1, 100000) i
        """),
        {"release_id": release.id, "z": z + 5},
    )
    session.execute(
        text("""
            INSERT INTO photo (source, source_key, location, q, x, y)
            SELECT 'test', i::text, ST_SetSRID(ST_MakePoint(0, 0), 4326), i * 1000, 0, 0
              FROM generate_series(1, 20000) i
        """)
    )
    session.execute(text("ANALYZE cell_total, photo, score"))
    x, y = tile_of(*SANTIAGO, z)
    plan = explained(session, CELLS, cells_in(release.id, z, x, y))
    scan = next(i for i, line in enumerate(plan) if "using cell_total_pkey on cell_total" in line)
    condition = next(line for line in plan[scan:] if line.startswith("Index Cond"))
    assert "release_id = " in condition
    assert "q >= " in condition
    assert "q <= " in condition
    assert not any("Seq Scan" in line for line in plan)
    plan = explained(session, PHOTOS, photos_in(release.id, z, x, y))
    assert any("photo_q_idx" in line for line in plan)


def test_indexes_hold_what_is_wanted_of_a_photo(session: Session) -> None:
    def held(index: str) -> str:
        named = text("SELECT pg_get_indexdef(CAST(:index AS regclass))")
        return str(session.scalar(named, {"index": index})).partition(" INCLUDE ")[2]

    assert held("photo_q_idx") == "(id, location)"
    assert held("score_pkey") == f"({', '.join(f'score_{key}' for key in KEYS)})"


def explained(session: Session, statement: TextClause, parameters: dict[str, int]) -> list[str]:
    rows = session.execute(text(f"EXPLAIN {statement.text}"), parameters).scalars()
    return [line.strip() for line in rows]
