"""Scores: a photo's place on the frozen scale of a release.

The scale of an attribute is the sorted raw outputs of the reference photos. It is frozen before the
first score is written, so a new batch of photos never moves old scores.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    SelectBase,
    any_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import queue
from app.attributes import KEYS
from app.errors import Conflict, ReleaseNotFound
from app.tables import (
    AREA_CELL_ZOOM,
    PHOTO_ZOOM,
    Layer,
    Photo,
    ReferenceOutput,
    ReferenceSet,
    Release,
    Scale,
    photo_area,
    score,
)

CITY = "city"
SCALE_MAX = 1000
REFERENCE_LIMIT = 50_000
REFERENCE_SEED = 2019
ROWS_PER_STATEMENT = 5000

Raws = Mapping[str, float | None]
"""Raw outputs by attribute; absent, None, NaN and infinite ones are missing."""
Scales = Mapping[str, NDArray[np.float64]]
"""Sorted raw outputs of the reference photos by attribute; an attribute without any is absent."""


class NoScale(Conflict):
    """Scores are asked for before the scale of the release is frozen."""

    code = "no-scale"


class NoReferencePhotos(Conflict):
    """The city has no photo that could make a scale."""

    code = "no-reference-photos"


def place_on_scale(raw: ArrayLike, sorted_raw: NDArray[np.float64]) -> NDArray[np.int64]:
    """round(1000 · (reference photos below + half of the equal ones) / their number), 0 to 1000.

    Exact, in whole numbers. A half is rounded to the even neighbour, so that turning the order
    round turns a score s into 1000 − s and the reference mean is 500; rounding up would do neither.
    raw: finite, any shape; sorted_raw: finite, ascending, not empty. Raises ValueError otherwise.
    """
    values = np.asarray(raw, dtype=np.float64)
    n = len(sorted_raw)
    if n == 0 or not np.isfinite(values).all():
        raise ValueError("only finite raw outputs have a place, and only on a scale of some photos")
    below = np.searchsorted(sorted_raw, values, side="left").astype(np.int64)
    not_above = np.searchsorted(sorted_raw, values, side="right").astype(np.int64)
    whole, rest = np.divmod(SCALE_MAX // 2 * (below + not_above), n)
    up = (2 * rest > n) | ((2 * rest == n) & (whole % 2 == 1))
    return np.asarray(whole + up)


def scales(session: Session, release_id: int) -> Scales:
    """The frozen scale. Raises NoScale while there is none; it never changes afterwards."""
    rows = session.execute(
        select(Scale.attribute, Scale.raw_outputs).where(Scale.release_id == release_id)
    )
    found = {attribute: np.array(raws, dtype=np.float64) for attribute, raws in rows}
    if not found:
        raise NoScale(
            f"Release {release_id} has no scale yet: its reference photos must be scored first."
        )
    return found


def write(
    session: Session,
    release_id: int,
    raws: Mapping[int, Raws],
    scale: Scales | None = None,
) -> list[int]:
    """Ids of the photos that got a score row now, ascending; one pending row holds them.

    raws: by photo id. A photo that is gone meanwhile, has a row already, or has no raw output at
    all is left out. scale: that of the release, for a caller that writes more than once. Raises
    ReleaseNotFound where the release was deleted meanwhile.
    """
    hold_release(session, release_id)
    scale = scales(session, release_id) if scale is None else scale
    table = _table(raws)
    present = session.scalars(
        select(Photo.id)
        .where(_is_one_of(Photo.id, list(table)))
        .order_by(Photo.id)
        .with_for_update(read=True, key_share=True)
    ).all()
    written: list[int] = []
    for start in range(0, len(present), ROWS_PER_STATEMENT):
        ids = present[start : start + ROWS_PER_STATEMENT]
        values = np.array([table[photo_id] for photo_id in ids])
        written += session.scalars(_INSERT, _columns(release_id, ids, values, scale))
    written.sort()
    if written:
        session.execute(_PENDING, {"release_id": release_id, "photo_ids": written})
    return written


def hold_release(session: Session, release_id: int) -> None:
    """The release is not deleted before this transaction ends; ReleaseNotFound if it is gone."""
    held = select(Release.id).where(Release.id == release_id)
    if session.scalar(held.with_for_update(read=True, key_share=True)) is None:
        raise ReleaseNotFound(f"Release {release_id} was deleted while photos were scored with it.")


def _is_one_of(column: InstrumentedAttribute[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """One parameter however many ids there are: a statement may have 65,535 of them."""
    return column == any_(literal(list(ids), ARRAY(BigInteger)))


_INSERT = text(
    f"""
    INSERT INTO score (release_id, photo_id, {", ".join(f"raw_{key}" for key in KEYS)},
                       {", ".join(f"score_{key}" for key in KEYS)})
    SELECT :release_id, given.*
      FROM unnest(CAST(:photo_id AS bigint[]),
                  {", ".join(f"CAST(:raw_{key} AS float8[])" for key in KEYS)},
                  {", ".join(f"CAST(:score_{key} AS smallint[])" for key in KEYS)}) AS given (id)
     ORDER BY given.id
        ON CONFLICT DO NOTHING
    RETURNING photo_id
    """
)
_PENDING = text(
    "INSERT INTO pending (release_id, photo_ids) VALUES (:release_id, CAST(:photo_ids AS bigint[]))"
)


def _table(raws: Mapping[int, Raws]) -> dict[int, list[float]]:
    """Six raw outputs a photo, NaN for a missing one; photos without any are left out."""
    table = {}
    for photo_id, by_key in raws.items():
        row = [_finite(by_key.get(key)) for key in KEYS]
        if not np.isnan(row).all():
            table[photo_id] = row
    return table


def _finite(raw: float | None) -> float:
    return float("nan") if raw is None or not np.isfinite(raw) else float(raw)


def _columns(
    release_id: int, ids: Sequence[int], values: NDArray[np.float64], scale: Scales
) -> dict[str, object]:
    """values: shape (photos, 6), NaN for missing."""
    columns: dict[str, object] = {"release_id": release_id, "photo_id": list(ids)}
    for index, key in enumerate(KEYS):
        raw = values[:, index]
        there = ~np.isnan(raw)
        scored: list[int | None] = [None] * len(raw)
        if key in scale:
            places = place_on_scale(raw[there], scale[key])
            for position, place in zip(np.flatnonzero(there), places, strict=True):
                scored[position] = int(place)
        columns[f"raw_{key}"] = [float(r) if ok else None for r, ok in zip(raw, there, strict=True)]
        columns[f"score_{key}"] = scored
    return columns


def freeze(session: Session, release: Release) -> list[int]:
    """Makes the scale of what the reference photos gave, and scores them; ids that got a row.

    Empties their raw outputs. Does nothing where another worker has frozen the scale already.
    Raises NoReferencePhotos when no reference photo has a raw output.
    """
    session.refresh(release, with_for_update={"key_share": True})
    if session.scalar(select(exists().where(Scale.release_id == release.id))):
        return []
    rows = session.execute(
        select(ReferenceOutput.photo_id, ReferenceOutput.raw)
        .where(ReferenceOutput.release_id == release.id)
        .order_by(ReferenceOutput.photo_id)
    )
    raws = {photo_id: dict(zip(KEYS, six, strict=True)) for photo_id, six in rows}
    keep_scale(session, release.id, raws)
    session.execute(delete(ReferenceOutput).where(ReferenceOutput.release_id == release.id))
    written = write(session, release.id, raws)
    # Else the database takes the release for one without scores until it looks by itself, and
    # each job compares its photos with all of them.
    session.execute(text("ANALYZE score"))
    return written


def keep_scale(session: Session, release_id: int, raws: Mapping[int, Raws]) -> Scales:
    """Freezes the scale that these raw outputs of the reference photos make."""
    values = np.array(list(_table(raws).values())).reshape(-1, len(KEYS))
    frozen = {}
    for index, key in enumerate(KEYS):
        column = values[:, index]
        if (~np.isnan(column)).any():
            frozen[key] = np.sort(column[~np.isnan(column)])
    if not frozen:
        raise NoReferencePhotos(
            f"No reference photo of release {release_id} has a raw output, so it has no scale."
        )
    session.execute(
        insert(Scale),
        [
            {"release_id": release_id, "attribute": key, "raw_outputs": column.tolist()}
            for key, column in frozen.items()
        ],
    )
    return frozen


def begin(session: Session, release: Release, *, new_references: bool = False) -> ReferenceSet:
    """Starts the scoring of a registered release: chooses its reference photos and queues them.

    The reference photos of the last release are taken again, unless one of them is gone or others
    are asked for. Raises Conflict unless the release has rankers and was not begun yet.
    """
    session.refresh(release, with_for_update={"key_share": True})
    if release.kind != "rankers" or release.state != "registered":
        raise Conflict(
            f"Release {release.name} is {release.state} already; only a registered release with "
            f"rankers can be scored."
        )
    references = None if new_references else _shared_set(session)
    if references is None:
        photo_ids = reference_photos(session, REFERENCE_SEED)
        references = keep_reference_set(session, photo_ids, REFERENCE_SEED)
    release.reference_set_id = references.id
    release.state = "scoring"
    session.flush()
    queue.defer_reference(session, release.id, references.photo_ids)
    return references


def _shared_set(session: Session) -> ReferenceSet | None:
    references = session.scalar(
        select(ReferenceSet)
        .join(Release, Release.reference_set_id == ReferenceSet.id)
        .where(Release.kind == "rankers", ReferenceSet.whole_city == city_is_loaded(session))
        .order_by(Release.id.desc())
        .limit(1)
    )
    if references is None:
        return None
    there = session.scalar(
        select(func.count()).select_from(Photo).where(_is_one_of(Photo.id, references.photo_ids))
    )
    return references if there == references.n else None


def again(session: Session, release: Release) -> int:
    """Queues the photos that have no score of the release and are in no job; how many photos.

    Jobs that were given up are forgotten, and their photos tried once more. Raises Conflict unless
    the release has rankers and was begun.
    """
    session.refresh(release, with_for_update={"key_share": True})
    if release.kind != "rankers" or release.state == "registered":
        raise Conflict(f"Release {release.name} is not being scored, so nothing can be missing.")
    queue.forget_failed_of_release(session, release.id)
    frozen = session.scalar(select(exists().where(Scale.release_id == release.id)))
    queued = queue_rest(session, release.id) if frozen else _queue_references(session, release)
    queue.defer_publish(session)
    return queued


def _queue_references(session: Session, release: Release) -> int:
    """The same for reference photos whose raw outputs are missing."""
    references = session.get_one(ReferenceSet, release.reference_set_id)
    given = (ReferenceOutput.release_id == release.id) & (ReferenceOutput.photo_id == Photo.id)
    query = select(Photo.id).where(
        _is_one_of(Photo.id, references.photo_ids),
        Photo.storage_key.is_not(None),
        ~exists().where(given),
    )
    missing = _in_no_job(session, release.id, query)
    queue.defer_reference(session, release.id, missing)
    return len(missing)


def queue_rest(session: Session, release_id: int) -> int:
    """Queues the photos with an image that have no score of the release and are in no job."""
    images = select(Photo.id).where(Photo.storage_key.is_not(None))
    missing = _in_no_job(session, release_id, images, without_scores=True)
    queue.defer_scoring(session, release_id, missing)
    return len(missing)


def _in_no_job(
    session: Session, release_id: int, photo_ids: Select[int], *, without_scores: bool = False
) -> list[int]:
    """Ascending. By EXCEPT, since a NOT IN of many ids takes the square of the time.

    So does a NOT EXISTS, while the database does not know yet how many scores the release has.
    """
    others: list[SelectBase] = [queue.queued_photos(release_id)]
    if without_scores:
        others.append(select(score.c.photo_id).where(score.c.release_id == release_id))
    rest = photo_ids.except_(*others).subquery()
    return list(session.scalars(select(rest.c.id).order_by(rest.c.id)))


def reference_photos(
    session: Session,
    seed: int,
    limit: int = REFERENCE_LIMIT,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Ids of at most `limit` photos of the city, ascending, spread evenly over its zoom-16 cells.

    Every cell gives one photo before any gives two, and so on; which ones depends on the seed and
    the photos' ids only. Without a city all photos count. among: choose from these photos, with or
    without an image; else from all that have one.
    """
    # md5 is the same on every machine and version, unlike the database's own hashes.
    order = func.md5(func.concat(seed, ":", Photo.id))
    cell = Photo.q.bitwise_rshift(literal(2 * (PHOTO_ZOOM - AREA_CELL_ZOOM), Integer))
    turn = func.row_number().over(partition_by=cell, order_by=(order, Photo.id))
    candidates = select(Photo.id, order.label("hash"), turn.label("turn")).where(
        Photo.storage_key.is_not(None) if among is None else _is_one_of(Photo.id, among)
    )
    if city_is_loaded(session):
        candidates = candidates.where(
            exists().where(photo_area.c.photo_id == Photo.id, photo_area.c.layer == CITY)
        )
    found = candidates.subquery()
    chosen = session.scalars(
        select(found.c.id).order_by(found.c.turn, found.c.hash, found.c.id).limit(limit)
    )
    return sorted(chosen)


def city_is_loaded(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(Layer.key == CITY))))


def keep_reference_set(session: Session, photo_ids: Sequence[int], seed: int) -> ReferenceSet:
    """The stored set of exactly these photos. Raises NoReferencePhotos for none."""
    if not photo_ids:
        raise NoReferencePhotos(
            "There is no photo in the city that could make a scale. Import photos of the city "
            "first, or load a layer that covers the photos."
        )
    ids = sorted(photo_ids)
    hashed = hashlib.sha256(b"".join(photo_id.to_bytes(8, "big") for photo_id in ids)).digest()
    known = session.scalar(select(ReferenceSet).where(ReferenceSet.hash == hashed))
    if known is not None:
        return known
    references = ReferenceSet(
        photo_ids=ids, n=len(ids), hash=hashed, seed=seed, whole_city=city_is_loaded(session)
    )
    session.add(references)
    session.flush()
    return references
