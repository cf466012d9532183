"""Totals of a release that has none yet, from all its scores at once.

Publishing adds each photo to its cell of every zoom. Here only the finest cells are counted from
photos, and each coarser zoom from the one below it, which for millions of photos is many times
faster. The result is the same.
"""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.tables import CELL_ZOOMS, SUM_COLUMNS, Release, cell_total
from app.totals.folding import fill_from_release, fold_areas, fold_cells, fold_histograms
from app.totals.locks import lock_totals
from app.totals.publishing import raise_versions

_WORK_MEM = "256MB"

_SUMS = ", ".join(SUM_COLUMNS)
_SUMMED = ", ".join(f"sum({column})" for column in SUM_COLUMNS)
_COARSER = text(f"""
    INSERT INTO cell_total (release_id, z, q, x, y, {_SUMS})
    SELECT release_id, z - 1, q >> 2, min(x >> 1), min(y >> 1), {_SUMMED}
      FROM cell_total
     WHERE release_id = :release_id AND z = :z
     GROUP BY release_id, z, q >> 2
     ORDER BY q >> 2
""")
_FORGET_PENDING = text("DELETE FROM pending WHERE release_id = :release_id")


def build(session: Session, release: Release) -> int:
    """Publishes all scores of the release; returns the number of photos.

    Raises Conflict where some are published already.
    """
    lock_totals(session)
    there = select(cell_total.c.n).where(cell_total.c.release_id == release.id).limit(1)
    if session.scalar(there) is not None:
        raise Conflict(f"Release {release.name} has totals already. Publish what it lacks instead.")
    session.execute(_FORGET_PENDING, {"release_id": release.id})
    photos = fill_from_release(session, release.id)
    session.execute(text(f"SET LOCAL work_mem = '{_WORK_MEM}'"))
    finest = CELL_ZOOMS[-1]
    fold_cells(session, 1, range(finest, finest + 1))
    for z in range(finest, CELL_ZOOMS[0], -1):
        session.execute(_COARSER, {"release_id": release.id, "z": z})
    fold_histograms(session, 1)
    fold_areas(session, 1, None)
    raise_versions(session, [release.id])
    return photos
