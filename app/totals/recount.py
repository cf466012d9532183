"""Counts everything again from the published scores and says where the totals differ.

Nothing here is shared with the code that keeps the totals: cells are grouped by x and y instead of
q, bins come from width_bucket, areas are looked up by geometry, keys are computed from locations.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.attributes import KEYS
from app.cells.keys import Floats, Integers, interleave, key_of, position
from app.tables import AREA_CELL_ZOOM, BINS, CELL_ZOOMS, HISTOGRAM_ZOOMS, PHOTO_ZOOM, SUM_COLUMNS
from app.totals.locks import lock_totals_shared

Values = dict[str, int | None]


@dataclass(frozen=True)
class Difference:
    """A row that is stored otherwise than it is counted; None where there should be, or is, none.

    stored, counted: the columns in which they differ.
    """

    table: str
    key: dict[str, int | str]
    stored: Values | None
    counted: Values | None

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.key.items())
        return f"{self.table} ({where}): stored {_said(self.stored)}, counted {_said(self.counted)}"


def _said(values: Values | None) -> str:
    if values is None:
        return "nothing"
    return ", ".join(f"{name} {value}" for name, value in values.items())


_PUBLISHED = f"""
    waiting AS (
        SELECT release_id, unnest(photo_ids) AS photo_id FROM pending
    ), published AS (
        SELECT s.*, p.q, p.x, p.y
          FROM score s
          JOIN photo p ON p.id = s.photo_id
          LEFT JOIN waiting w ON w.release_id = s.release_id AND w.photo_id = s.photo_id
         WHERE w.photo_id IS NULL
    ), binned AS (
        {
    " UNION ALL ".join(
        f"SELECT release_id, photo_id, x, y, q, {i} AS attribute, "
        f"least(width_bucket(score_{key}, 0, 1000, {BINS}), {BINS}) - 1 AS bin "
        f"FROM published WHERE score_{key} IS NOT NULL"
        for i, key in enumerate(KEYS)
    )
}
    )
"""
_SUMS = ", ".join(
    ["count(*) AS n"]
    + [
        f"count(*) FILTER (WHERE score_{key} IS NOT NULL) AS n_{key}, "
        f"sum(CASE WHEN score_{key} IS NULL THEN 0 ELSE score_{key} END) AS sum_{key}"
        for key in KEYS
    ]
)
_CELL = f"x / (1 << ({PHOTO_ZOOM} - z)) AS x, y / (1 << ({PHOTO_ZOOM} - z)) AS y"


def _series(zooms: range) -> str:
    return f"generate_series({zooms[0]}, {zooms[-1]})"


_RECOUNTS: list[tuple[str, tuple[str, ...], tuple[str, ...], str]] = [
    (
        "cell_total",
        ("release_id", "z", "x", "y"),
        ("q", *SUM_COLUMNS),
        f"""
        SELECT release_id, z, {_CELL}, min(q / (1::bigint << 2 * ({PHOTO_ZOOM} - z))) AS q, {_SUMS}
          FROM {_series(CELL_ZOOMS)} AS z, published GROUP BY 1, 2, 3, 4
        """,
    ),
    (
        "cell_histogram",
        ("release_id", "z", "q", "attribute", "bin"),
        ("n",),
        f"""
        SELECT release_id, z, q / (1::bigint << 2 * ({PHOTO_ZOOM} - z)) AS q, attribute, bin,
               count(*) AS n
          FROM {_series(HISTOGRAM_ZOOMS)} AS z, binned GROUP BY 1, 2, 3, 4, 5
        """,
    ),
    (
        "area_total",
        ("release_id", "area_id"),
        SUM_COLUMNS,
        f"SELECT release_id, area_id, {_SUMS} FROM published JOIN inside USING (photo_id)"
        " GROUP BY 1, 2",
    ),
    (
        "area_cell_total",
        ("release_id", "area_id", "q"),
        SUM_COLUMNS,
        f"""
        SELECT release_id, area_id, q / (1::bigint << {2 * (PHOTO_ZOOM - AREA_CELL_ZOOM)}) AS q,
               {_SUMS}
          FROM published JOIN inside USING (photo_id) GROUP BY 1, 2, 3
        """,
    ),
    (
        "area_histogram",
        ("release_id", "area_id", "attribute", "bin"),
        ("n",),
        """
        SELECT release_id, area_id, attribute, bin, count(*) AS n
          FROM binned JOIN inside USING (photo_id) GROUP BY 1, 2, 3, 4
        """,
    ),
    (
        "photo_area",
        ("photo_id", "layer"),
        ("area_id",),
        "SELECT photo_id, layer, area_id FROM inside",
    ),
    (
        "pending",
        ("release_id", "photo_id"),
        ("scores",),
        "SELECT w.release_id, w.photo_id, 1 AS scores FROM waiting w JOIN score s"
        " ON s.release_id = w.release_id AND s.photo_id = w.photo_id",
    ),
]
"""Table, its key, the columns to compare, and how to count them."""

_STORED = {
    "pending": "(SELECT release_id, photo_id, count(*) AS scores FROM waiting GROUP BY 1, 2)",
}


def check(session: Session, *, limit: int = 10_000) -> list[Difference]:
    """All differences, but no more than `limit` of one table; none proves the totals.

    Nothing is published meanwhile; scores may be written. Wants a transaction of its own.
    """
    lock_totals_shared(session)
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    _find_areas(session)
    found = list(_keys_of_photos(session, limit))
    for table, key, columns, counted in _RECOUNTS:
        statement = _comparison(_STORED.get(table, table), key, columns, counted)
        rows = session.execute(text(statement), {"limit": limit})
        found.extend(_difference(table, key, columns, row) for row in rows)
    return found


def _find_areas(session: Session) -> None:
    """Table `inside`: the area of each photo in each layer, by geometry.

    The points come to each polygon through the index on locations; OFFSET 0 keeps it so.
    """
    session.execute(text("DROP TABLE IF EXISTS pg_temp.inside"))
    session.execute(
        text("""
            CREATE TEMPORARY TABLE inside ON COMMIT DROP AS
            SELECT photo_id, layer, (array_agg(area_id ORDER BY code COLLATE "C"))[1] AS area_id
              FROM area a (area_id, layer, code)
             CROSS JOIN LATERAL (
                SELECT id FROM photo WHERE ST_Intersects(a.geometry, location) OFFSET 0
             ) AS p (photo_id)
             GROUP BY photo_id, layer
        """)
    )
    session.execute(text("ANALYZE inside"))


def _comparison(stored: str, key: tuple[str, ...], columns: tuple[str, ...], counted: str) -> str:
    pairs = ", ".join(f"t.{c} AS stored_{c}, c.{c} AS counted_{c}" for c in columns)
    return f"""
        WITH {_PUBLISHED}
        SELECT {", ".join(key)}, t.there AS stored, c.there AS counted, {pairs}
          FROM (SELECT *, true AS there FROM {stored} AS s) t
          FULL JOIN (SELECT *, true AS there FROM ({counted}) AS r) c USING ({", ".join(key)})
         WHERE t.there IS NULL OR c.there IS NULL
            OR {" OR ".join(f"t.{c} <> c.{c}" for c in columns)}
         ORDER BY {", ".join(key)}
         LIMIT :limit
    """


def _difference(
    table: str, key: tuple[str, ...], columns: tuple[str, ...], row: Row[Any]
) -> Difference:
    differ = [c for c in columns if getattr(row, f"stored_{c}") != getattr(row, f"counted_{c}")]
    return Difference(
        table,
        {name: getattr(row, name) for name in key},
        {c: getattr(row, f"stored_{c}") for c in differ} if row.stored else None,
        {c: getattr(row, f"counted_{c}") for c in differ} if row.counted else None,
    )


def _keys_of_photos(session: Session, limit: int) -> Iterator[Difference]:
    """Photos whose cell does not hold them."""
    statement = text("""
        SELECT id, q, x, y, ST_X(location) AS lon, ST_Y(location) AS lat FROM photo ORDER BY id
    """).execution_options(yield_per=50_000)
    for rows in session.execute(statement).partitions():
        q, x, y = (np.array([row[column] for row in rows], np.int64) for column in (1, 2, 3))
        lon, lat = (np.array([row[column] for row in rows], np.float64) for column in (4, 5))
        across, down = position(lon, lat)
        wrong = (_beyond(across, x) | _beyond(down, y)) | (interleave(x, y) != q)
        for i in np.flatnonzero(wrong).tolist():
            stored = {"q": rows[i].q, "x": rows[i].x, "y": rows[i].y}
            counted = dict(zip("qxy", key_of(rows[i].lon, rows[i].lat), strict=True))
            yield Difference("photo", {"id": rows[i].id}, {**stored}, {**counted})
            limit -= 1
            if limit == 0:
                return


def _beyond(position: Floats, cell: Integers) -> NDArray[np.bool_]:
    """Outside of the cell by more than another processor's rounding."""
    return (position < cell - 1e-6) | (position > cell + 1 + 1e-6)
