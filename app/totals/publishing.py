"""Publish, withdraw, and what keeps totals true when layers and releases come and go.

Totals hold the published scores: those that no pending row names. Each function runs in the
caller's transaction, which must be READ COMMITTED, and takes the lock that it needs.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from app import areas
from app.tables import (
    Area,
    Layer,
    Pending,
    Release,
    area_cell_total,
    area_histogram,
    area_total,
    cell_histogram,
    cell_total,
    score,
)
from app.totals.folding import (
    fill_from_layer,
    fill_from_pending,
    fill_from_photos,
    fold,
    fold_areas,
    folded_releases,
)
from app.totals.locks import lock_exclusive, lock_totals

_AREA_TOTALS = (area_total, area_cell_total, area_histogram)
_TOTALS = (cell_total, cell_histogram, *_AREA_TOTALS)


def publish(session: Session, release_id: int | None = None) -> int:
    """Folds what is pending into the totals, of all releases or of one.

    Returns the number of (release, photo) pairs, and raises the data version of the releases they
    are of. A transaction that writes scores itself and then publishes takes `lock_totals` before it
    writes: its locks on photos are what a deletion waits for while it holds that lock.
    """
    lock_totals(session)
    waiting = select(Pending.id).limit(1)
    if release_id is not None:
        waiting = waiting.where(Pending.release_id == release_id)
    if session.scalar(waiting) is None:
        return 0
    photos = fill_from_pending(session, release_id)
    if photos:
        fold(session, 1)
        raise_versions(session, folded_releases(session))
    return photos


def withdraw(session: Session, photo_ids: Collection[int], release_id: int | None = None) -> None:
    """Takes photos out of the totals and deletes their scores, of all releases or of one.

    The caller took the totals lock and only then the photos FOR UPDATE, so that no writer of
    scores is between them and this.
    """
    if not photo_ids:
        return
    lock_totals(session)
    ids = sorted(photo_ids)
    if fill_from_photos(session, ids, release_id):
        fold(session, -1)
        raise_versions(session, folded_releases(session))
    parameters = {"photo_ids": ids, "release_id": release_id}
    for statement in (_FORGET_PENDING, _DELETE_EMPTY_PENDING, _DELETE_SCORES):
        session.execute(statement, parameters)


_FORGET_PENDING = text("""
    UPDATE pending
       SET photo_ids = ARRAY(
               SELECT id FROM unnest(photo_ids) WITH ORDINALITY AS w (id, place)
                WHERE id <> ALL(CAST(:photo_ids AS bigint[])) ORDER BY place
           )
     WHERE photo_ids && CAST(:photo_ids AS bigint[])
       AND (CAST(:release_id AS integer) IS NULL OR release_id = :release_id)
""")
_DELETE_EMPTY_PENDING = text("DELETE FROM pending WHERE photo_ids = '{}'")
_DELETE_SCORES = text("""
    DELETE FROM score
     WHERE photo_id = ANY(CAST(:photo_ids AS bigint[]))
       AND (CAST(:release_id AS integer) IS NULL OR release_id = :release_id)
""")


def load_layer(
    session: Session,
    layer: Layer,
    rows: Sequence[areas.AreaRow],
    *,
    city_name: str | None = None,
) -> list[str]:
    """Adds a layer, gives every photo its area in it, and builds its totals.

    Where there is no city yet, it becomes the union of the areas. Returns the keys of the layers
    that were made.
    """
    lock_exclusive(session)
    made = areas.insert(session, layer, rows, **({"city_name": city_name} if city_name else {}))
    for key in made:
        areas.assign_all(session, key)
        rebuild_layer(session, key)
    return made


def drop_layer(session: Session, key: str) -> None:
    """Deletes a layer with all that is known of its areas.

    Raises the data version of the releases that have photos in it.
    """
    lock_exclusive(session)
    of_layer = select(Area.id).where(Area.layer == key)
    concerned = select(area_total.c.release_id).where(area_total.c.area_id.in_(of_layer)).distinct()
    release_ids = list(session.scalars(concerned))
    areas.drop(session, key)
    raise_versions(session, release_ids)


def rebuild_layer(session: Session, key: str) -> None:
    """Counts the totals of one layer afresh for all releases, from their published scores.

    Raises the data version of the releases that have photos in it.
    """
    lock_exclusive(session)
    areas.layer(session, key)
    of_layer = select(Area.id).where(Area.layer == key)
    for table in _AREA_TOTALS:
        session.execute(delete(table).where(table.c.area_id.in_(of_layer)))
    if fill_from_layer(session, key):
        fold_areas(session, 1, key)
        raise_versions(session, folded_releases(session))


def drop_release(session: Session, release_id: int) -> None:
    """Deletes the totals, the scores and the pending rows of a release, but not its own row.

    Its row stays locked until the transaction ends, so that a writer that comes late waits, and
    then finds no release.
    """
    lock_totals(session)
    session.execute(select(Release.id).where(Release.id == release_id).with_for_update())
    for table in _TOTALS:
        session.execute(delete(table).where(table.c.release_id == release_id))
    session.execute(delete(Pending).where(Pending.release_id == release_id))
    session.execute(delete(score).where(score.c.release_id == release_id))


def raise_versions(session: Session, release_ids: list[int]) -> None:
    session.execute(
        update(Release)
        .where(Release.id.in_(release_ids))
        .values(version=Release.version + 1, published_at=func.clock_timestamp())
        .execution_options(synchronize_session="fetch")
    )
