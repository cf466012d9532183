"""What the photos of a cell, or of a box of cells, say."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Row, text
from sqlalchemy.orm import Session

from app.attributes import KEYS
from app.cells.keys import Box, block, bounds, cell_key, key_ranges
from app.errors import BadRequest, TileNotFound
from app.tables import BINS, CELL_ZOOMS, HISTOGRAM_ZOOMS, Release

FLOOR_PHOTOS = 20
"""From so many photos on a cell counts for the spread."""
MAX_BLOCK = 32
"""So many columns and rows of cells a box may have; a larger one is made of coarser cells."""

Histograms = dict[str, list[int]]
"""By attribute, numbers of photos in 20 bins, each half a point wide."""


@dataclass(frozen=True)
class CellAttribute:
    """n: photos that have a score; mean: 0 to 10."""

    n: int
    mean: float


@dataclass(frozen=True)
class CellFigures:
    """attributes: without those that no photo has a score of. histogram: None beyond zoom 14."""

    n: int
    attributes: dict[str, CellAttribute]
    histogram: Histograms | None


@dataclass(frozen=True)
class Histogram:
    """n: scored photos. bbox: the whole cells that were counted; None where it is the city."""

    n: int
    bbox: Box | None
    attributes: Histograms


_SUMS = ", ".join(f"n_{key}, sum_{key}" for key in KEYS)
_CELL = text(f"""
    SELECT n, {_SUMS} FROM cell_total WHERE release_id = :release_id AND z = :z AND q = :q
""")
_RANGES = """
    unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS r (first, last)
    JOIN {} t ON t.release_id = :release_id AND t.z = :z AND t.q BETWEEN r.first AND r.last
"""
_COUNT = text(f"SELECT coalesce(sum(t.n), 0) FROM {_RANGES.format('cell_total')}")
_BINS = text(f"""
    SELECT t.attribute, t.bin, sum(t.n) AS n FROM {_RANGES.format("cell_histogram")} GROUP BY 1, 2
""")
_CITY_COUNT = text("""
    SELECT sum(t.n) FROM area a LEFT JOIN area_total t
        ON t.area_id = a.id AND t.release_id = :release_id
     WHERE a.layer = 'city' HAVING count(*) > 0
""")
_CITY_BINS = text("""
    SELECT t.attribute, t.bin, sum(t.n) AS n FROM area_histogram t JOIN area a ON a.id = t.area_id
     WHERE a.layer = 'city' AND t.release_id = :release_id GROUP BY 1, 2
""")
_DEVIATIONS = ", ".join(f"max(abs(sum_{key}::float8 / nullif(n_{key}, 0) - 500))" for key in KEYS)
_SPREAD = text(f"""
    SELECT greatest({_DEVIATIONS}) FROM cell_total
     WHERE release_id = :release_id AND n >= {FLOOR_PHOTOS}
""")


def figures(session: Session, release: Release, z: int, x: int, y: int) -> CellFigures:
    """Of one cell of zoom 5 to 22; TileNotFound for any other. One without photos has n = 0."""
    if z not in CELL_ZOOMS:
        raise TileNotFound(
            f"There are no cells of zoom {z}: zooms go from {CELL_ZOOMS[0]} to {CELL_ZOOMS[-1]}."
        )
    key = cell_key(z, x, y)
    row = session.execute(_CELL, {"release_id": release.id, "z": z, "q": key}).one_or_none()
    histogram = None
    if z in HISTOGRAM_ZOOMS:
        histogram = _histograms(_in_ranges(session, _BINS, release, z, ([key], [key])))
    if row is None:
        return CellFigures(0, {}, histogram)
    return CellFigures(row.n, _attributes(row._mapping), histogram)


def histogram(session: Session, release: Release, box: Box | None) -> Histogram:
    """Of all photos in a box, snapped outwards to whole cells; of the city without one.

    Cells are of zoom 14, or of the finest zoom at which the box has at most 32 columns and rows.
    Where no city is loaded, all photos stand for it and bbox is the whole grid.
    """
    if box is None:
        in_city = session.execute(_CITY_COUNT, {"release_id": release.id}).one_or_none()
        if in_city is not None:
            of_city = session.execute(_CITY_BINS, {"release_id": release.id})
            return Histogram(in_city[0] or 0, None, _histograms(of_city))
        box = bounds(0, 0, 0)
    z, x, y, columns, rows = _snapped(box)
    ranges = key_ranges(z, x, y, columns, rows)
    n = _in_ranges(session, _COUNT, release, z, ranges)[0][0]
    bins = _in_ranges(session, _BINS, release, z, ranges)
    return Histogram(n, bounds(z, x, y, columns, rows), _histograms(bins))


# Half a second for millions of cells, and every open map asks for it once a minute. By database and
# release, with the data version that it holds for.
_spreads: WeakKeyDictionary[Engine, dict[int, tuple[int, float]]] = WeakKeyDictionary()


def spread(session: Session, release: Release) -> float:
    """Half the colour range, the d of 5 ± d, of the cells.

    The largest deviation from 5 of any attribute's mean in a cell of any zoom with at least 20
    photos, rounded up to 0.5, at least 0.5. Computed once for each data version.
    """
    known = _spreads.setdefault(session.get_bind().engine, {})
    version, value = known.get(release.id, (None, 0.0))
    if version != release.version:
        largest = session.execute(_SPREAD, {"release_id": release.id}).scalar()
        value = max(0.5, math.ceil((largest or 0.0) / 50.0) / 2.0)
        known[release.id] = (release.version, value)
    return value


def _snapped(box: Box) -> tuple[int, int, int, int, int]:
    """(z, x, y, columns, rows) of the cells that the box touches."""
    values = (box.west, box.south, box.east, box.north)
    if not (
        all(math.isfinite(value) for value in values)
        and all(abs(lon) <= 180.0 for lon in (box.west, box.east))
        and -90.0 <= box.south <= box.north <= 90.0
    ):
        raise BadRequest(
            f"The box {','.join(f'{value:g}' for value in values)} is none: it is west,south,east,"
            "north in degrees, south no more than north."
        )
    for z in reversed(HISTOGRAM_ZOOMS):
        x, y, columns, rows = block(box, z)
        if columns <= MAX_BLOCK and rows <= MAX_BLOCK:
            return z, x, y, columns, rows
    raise AssertionError("at zoom 5 the whole grid has 32 columns and rows")


def _in_ranges(
    session: Session, statement: Any, release: Release, z: int, ranges: tuple[list[int], list[int]]
) -> list[Row[Any]]:
    firsts, lasts = ranges
    parameters = {"release_id": release.id, "z": z, "firsts": firsts, "lasts": lasts}
    return list(session.execute(statement, parameters))


def _histograms(rows: Iterable[Row[Any]]) -> Histograms:
    found = {key: [0] * BINS for key in KEYS}
    for row in rows:
        found[KEYS[row.attribute]][row.bin] = int(row.n)
    return found


def _attributes(row: Mapping[Any, Any]) -> dict[str, CellAttribute]:
    return {
        key: CellAttribute(row[f"n_{key}"], row[f"sum_{key}"] / row[f"n_{key}"] / 100.0)
        for key in KEYS
        if row[f"n_{key}"]
    }
