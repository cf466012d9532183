"""Adds photos to the totals, or takes them out, in whole sets.

What is folded stands in the temporary table `folded`, one row a release and photo with the photo's
cell and its six scores; it is gone at the end of the transaction. Every statement writes its rows
in the order of their keys, those of cells from the finest zoom to the coarsest. The caller holds
the totals lock.
"""

from typing import Any, Literal

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.orm import Session

from app.attributes import KEYS
from app.tables import (
    AREA_CELL_ZOOM,
    BINS,
    CELL_ZOOMS,
    HISTOGRAM_ZOOMS,
    PHOTO_ZOOM,
    SUM_COLUMNS,
)

Sign = Literal[1, -1]

# Fifty thousand photos are a million rows before they are summed up.
_WORK_MEM = "64MB"

_SUMS = ", ".join(SUM_COLUMNS)
_SCORES = ", ".join(f"score_{key}" for key in KEYS)
_COUNTED = ", ".join(
    [":sign * count(*) AS n"]
    + [
        f":sign * count(score_{key}) AS n_{key}, :sign * coalesce(sum(score_{key}), 0) AS sum_{key}"
        for key in KEYS
    ]
)
_ADDED = ", ".join(f"{column} = t.{column} + excluded.{column}" for column in SUM_COLUMNS)
# Attribute and bin in one number, which is quicker to group by. 1000 is in the last bin; a missing
# score stays NULL, which `least` would make the last bin.
_SLOTS = ", ".join(
    f"({i * BINS} + score_{key} / {1000 // BINS} - score_{key} / 1000)"
    for i, key in enumerate(KEYS)
)
_SLOT_BY_SLOT = f"CROSS JOIN LATERAL (VALUES {_SLOTS}) AS v (slot)"
_UNPACKED = f"slot / {BINS}, slot % {BINS}"
_IN_AREA = "folded JOIN photo_area USING (photo_id)"
_OF_LAYER = "(CAST(:layer AS text) IS NULL OR layer = :layer)"


def _zooms(zooms: range) -> str:
    return f"CROSS JOIN generate_series({zooms.start}, {zooms.stop - 1}) AS z"


def _at(column: str, zoom: str | int = "z", *, bits: int = 1) -> str:
    """The column of a zoom-25 cell at another zoom; bits a zoom: 1 of x and y, 2 of q."""
    return f"({column} >> ({bits} * ({PHOTO_ZOOM} - {zoom})))"


_Q = _at("q", bits=2)
_AREA_Q = _at("q", AREA_CELL_ZOOM, bits=2)


def _cell_total(zooms: range) -> TextClause:
    return text(f"""
        INSERT INTO cell_total AS t (release_id, z, q, x, y, {_SUMS})
        SELECT release_id, z, {_Q} AS cell, min({_at("x")}), min({_at("y")}), {_COUNTED}
          FROM folded {_zooms(zooms)}
         GROUP BY release_id, z, cell
         ORDER BY z DESC, cell, release_id
        ON CONFLICT (release_id, z, q) DO UPDATE SET {_ADDED}
    """)


# Summed up at the finest zoom first, where most photos have fallen together already.
_FINEST = HISTOGRAM_ZOOMS[-1]
_CELL_HISTOGRAM = text(f"""
    WITH finest AS MATERIALIZED (
        SELECT release_id, {_at("q", _FINEST, bits=2)} AS q, slot, count(*) AS n
          FROM folded {_SLOT_BY_SLOT}
         WHERE slot IS NOT NULL
         GROUP BY release_id, {_at("q", _FINEST, bits=2)}, slot
    ), summed AS (
        SELECT release_id, z, q >> (2 * ({_FINEST} - z)) AS q, slot, :sign * sum(n) AS n
          FROM finest {_zooms(HISTOGRAM_ZOOMS)}
         GROUP BY release_id, z, q >> (2 * ({_FINEST} - z)), slot
    )
    INSERT INTO cell_histogram AS t (release_id, z, q, attribute, bin, n)
    SELECT release_id, z, q, {_UNPACKED}, n FROM summed
     ORDER BY z DESC, q, release_id, slot
    ON CONFLICT (release_id, z, q, attribute, bin) DO UPDATE SET n = t.n + excluded.n
""")

_AREA_TOTAL = text(f"""
    INSERT INTO area_total AS t (release_id, area_id, {_SUMS})
    SELECT release_id, area_id, {_COUNTED}
      FROM {_IN_AREA}
     WHERE {_OF_LAYER}
     GROUP BY release_id, area_id
     ORDER BY area_id, release_id
    ON CONFLICT (area_id, release_id) DO UPDATE SET {_ADDED}
""")

_AREA_CELL_TOTAL = text(f"""
    INSERT INTO area_cell_total AS t (release_id, area_id, q, {_SUMS})
    SELECT release_id, area_id, {_AREA_Q} AS cell, {_COUNTED}
      FROM {_IN_AREA}
     WHERE {_OF_LAYER}
     GROUP BY release_id, area_id, cell
     ORDER BY area_id, release_id, cell
    ON CONFLICT (area_id, release_id, q) DO UPDATE SET {_ADDED}
""")

_AREA_HISTOGRAM = text(f"""
    WITH summed AS (
        SELECT release_id, area_id, slot, :sign * count(*) AS n
          FROM {_IN_AREA} {_SLOT_BY_SLOT}
         WHERE slot IS NOT NULL AND {_OF_LAYER}
         GROUP BY release_id, area_id, slot
    )
    INSERT INTO area_histogram AS t (release_id, area_id, attribute, bin, n)
    SELECT release_id, area_id, {_UNPACKED}, n FROM summed
     ORDER BY area_id, release_id, slot
    ON CONFLICT (area_id, release_id, attribute, bin) DO UPDATE SET n = t.n + excluded.n
""")

_EMPTY_CELLS = [
    text(f"""
        DELETE FROM {table} t
         USING (SELECT DISTINCT release_id, z, {_Q} AS q FROM folded {_zooms(zooms)}) f
         WHERE t.release_id = f.release_id AND t.z = f.z AND t.q = f.q AND t.n = 0
    """)
    for table, zooms in (("cell_total", CELL_ZOOMS), ("cell_histogram", HISTOGRAM_ZOOMS))
]
_EMPTY_AREAS = [
    text(f"""
        DELETE FROM {table} t
         USING (SELECT DISTINCT release_id, area_id FROM {_IN_AREA}) f
         WHERE t.release_id = f.release_id AND t.area_id = f.area_id AND t.n = 0
    """)
    for table in ("area_total", "area_cell_total", "area_histogram")
]

NOT_PENDING = """
    NOT EXISTS (
        SELECT FROM (SELECT release_id, unnest(photo_ids) AS photo_id FROM pending) w
         WHERE w.release_id = s.release_id AND w.photo_id = s.photo_id
    )
"""
"""Of a row `s` of `score`: its score is published."""


def _fill(chosen: str) -> str:
    return f"""
        INSERT INTO folded (release_id, photo_id, q, x, y, {_SCORES})
        SELECT s.release_id, s.photo_id, p.q, p.x, p.y, {_SCORES} {chosen}
    """


# Distinct, since a photo must not count twice whatever the pending rows say.
_FILL_PENDING = text(
    """
    WITH taken AS (
        DELETE FROM pending
         WHERE CAST(:release_id AS integer) IS NULL OR release_id = :release_id
        RETURNING release_id, photo_ids
    )
    """
    + _fill("""
        FROM (SELECT DISTINCT release_id, unnest(photo_ids) AS photo_id FROM taken) t
        JOIN score s USING (release_id, photo_id)
        JOIN photo p ON p.id = s.photo_id
    """)
)
_FILL_PHOTOS = text(
    _fill(f"""
        FROM score s JOIN photo p ON p.id = s.photo_id
       WHERE s.photo_id = ANY(:photo_ids)
         AND (CAST(:release_id AS integer) IS NULL OR s.release_id = :release_id)
         AND {NOT_PENDING}
    """)
)
_FILL_RELEASE = text(
    _fill("FROM score s JOIN photo p ON p.id = s.photo_id WHERE s.release_id = :release_id")
)
_FILL_LAYER = text(
    _fill(f"""
        FROM photo_area a
        JOIN score s USING (photo_id)
        JOIN photo p ON p.id = s.photo_id
       WHERE a.layer = :layer AND {NOT_PENDING}
    """)
)


def fill_from_pending(session: Session, release_id: int | None) -> int:
    """Moves what is pending into `folded`; returns the number of its rows."""
    return _filled(session, _FILL_PENDING, release_id=release_id)


def fill_from_photos(session: Session, photo_ids: list[int], release_id: int | None) -> int:
    """Copies the published scores of these photos."""
    return _filled(session, _FILL_PHOTOS, photo_ids=photo_ids, release_id=release_id)


def fill_from_release(session: Session, release_id: int) -> int:
    """Copies all scores of a release."""
    return _filled(session, _FILL_RELEASE, release_id=release_id)


def fill_from_layer(session: Session, layer: str) -> int:
    """Copies all published scores of photos that have an area in this layer."""
    return _filled(session, _FILL_LAYER, layer=layer)


def _filled(session: Session, statement: Any, **parameters: Any) -> int:
    columns = ", ".join(f"score_{key} smallint" for key in KEYS)
    session.execute(text("DROP TABLE IF EXISTS pg_temp.folded"))
    session.execute(
        text(f"""
            CREATE TEMPORARY TABLE folded (
                release_id integer, photo_id bigint, q bigint, x integer, y integer, {columns}
            ) ON COMMIT DROP
        """)
    )
    result = session.execute(statement, parameters)
    assert isinstance(result, CursorResult)
    session.execute(text("ANALYZE folded"))
    return result.rowcount


def fold(session: Session, sign: Sign) -> None:
    """Adds `folded` to all totals (1) or takes it out of them (−1)."""
    session.execute(text(f"SET LOCAL work_mem = '{_WORK_MEM}'"))
    fold_cells(session, sign, CELL_ZOOMS)
    fold_histograms(session, sign)
    fold_areas(session, sign, None)
    if sign == -1:
        for statement in (*_EMPTY_CELLS, *_EMPTY_AREAS):
            session.execute(statement)


def fold_cells(session: Session, sign: Sign, zooms: range) -> None:
    session.execute(_cell_total(zooms), {"sign": sign})


def fold_histograms(session: Session, sign: Sign) -> None:
    session.execute(_CELL_HISTOGRAM, {"sign": sign})


def fold_areas(session: Session, sign: Sign, layer: str | None) -> None:
    """The same for the totals of areas only, those of one layer if it is named."""
    for statement in (_AREA_TOTAL, _AREA_CELL_TOTAL, _AREA_HISTOGRAM):
        session.execute(statement, {"sign": sign, "layer": layer})


def folded_releases(session: Session) -> list[int]:
    statement = text("SELECT DISTINCT release_id FROM folded ORDER BY release_id")
    return list(session.execute(statement).scalars())
