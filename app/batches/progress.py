"""How far a batch is, counted anew each time it is asked: nothing to fall out of step."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session

from app import queue
from app.batches.batch import get, scoring_releases
from app.batches.reasons import FAILED, UNREADABLE
from app.batches.shapes import BatchOut, Counts, Progress, UploadOut
from app.batches.verdict import answer
from app.tables import ActiveRelease, Batch, Pending, Photo, Release, Upload, score

LISTED = 200


def listing(session: Session, before: int | None = None, limit: int = LISTED) -> list[BatchOut]:
    """Batches, the newest first; before: only those older than the batch of this id."""
    chosen = select(Batch).order_by(Batch.id.desc()).limit(limit)
    if before is not None:
        chosen = chosen.where(Batch.id < before)
    batches = session.scalars(chosen).all()
    release = shown_release(session)
    counts = _counts(session, [batch.id for batch in batches], release)
    return [BatchOut(**_columns(batch), counts=counts[batch.id]) for batch in batches]


def progress(session: Session, batch_id: int) -> Progress:
    batch = get(session, batch_id)
    release = shown_release(session)
    return Progress(
        **_columns(batch),
        counts=_counts(session, [batch_id], release)[batch_id],
        release=None if release is None else release.name,
        jobs=queue.batch_jobs(session, batch_id).live,
        workers=queue.live_workers(session),
        published=release is not None and _is_published(session, release),
        bbox=_bbox(session, batch_id),
    )


def uploads(session: Session, batch_id: int, after: int = 0, limit: int = 500) -> list[UploadOut]:
    """Files of the batch in the order in which they came, those after the id `after`."""
    get(session, batch_id)
    release = shown_release(session)
    rows = session.scalars(
        select(Upload)
        .where(Upload.batch_id == batch_id, Upload.id > after)
        .order_by(Upload.id)
        .limit(limit)
    ).all()
    scored = _scored(session, [row.photo_id for row in rows if row.photo_id], release)
    return [
        answer(row).model_copy(
            update={"scored": row.verdict == "accepted" and row.photo_id in scored}
        )
        for row in rows
    ]


def shown_release(session: Session) -> Release | None:
    """The one that new photos are scored with: the active one if it has rankers, else the last."""
    candidates = session.scalars(
        select(Release).where(Release.id.in_(scoring_releases())).order_by(Release.id)
    ).all()
    active = session.scalar(select(ActiveRelease.release_id))
    chosen = [release for release in candidates if release.id == active] or candidates[-1:]
    return chosen[0] if chosen else None


def _columns(batch: Batch) -> dict[str, Any]:
    names = ("id", "title", "source", "licence", "attribution", "blurred", "state")
    return {name: getattr(batch, name) for name in (*names, "created_at", "completed_at")}


def _counts(
    session: Session, batch_ids: Sequence[int], release: Release | None
) -> dict[int, Counts]:
    # A photo that was taken down later is no longer waited for.
    accepted = (Upload.verdict == "accepted") & Upload.photo_id.is_not(None)
    rows = session.execute(
        select(
            Upload.batch_id,
            func.count().label("files"),
            func.count().filter(accepted).label("accepted"),
            *(
                func.count().filter(Upload.verdict == verdict).label(verdict)
                for verdict in ("held", "duplicate", "rejected")
            ),
            func.count().filter(accepted, Upload.reason == UNREADABLE).label("unreadable"),
            func.count().filter(accepted, Upload.reason == FAILED).label("failed"),
        )
        .where(Upload.batch_id.in_(batch_ids))
        .group_by(Upload.batch_id)
    )
    found = {row.batch_id: row._asdict() for row in rows}
    scored = dict.fromkeys(batch_ids, 0)
    if release is not None:
        rows_of_scores = session.execute(
            select(Photo.batch_id, func.count())
            .join(score, (score.c.photo_id == Photo.id) & (score.c.release_id == release.id))
            .where(Photo.batch_id.in_(batch_ids))
            .group_by(Photo.batch_id)
        )
        scored |= {batch_id: n for batch_id, n in rows_of_scores if batch_id is not None}
    none = dict.fromkeys(Counts.model_fields, 0)
    counts = {}
    for batch_id in batch_ids:
        row = {**none, **found.get(batch_id, {}), "scored": scored[batch_id]}
        row.pop("batch_id", None)
        counts[batch_id] = Counts(**row)
    return counts


def _scored(session: Session, photo_ids: Sequence[int], release: Release | None) -> set[int]:
    if release is None:
        return set()
    return set(
        session.scalars(
            select(score.c.photo_id).where(
                score.c.release_id == release.id, score.c.photo_id.in_(photo_ids)
            )
        )
    )


def _is_published(session: Session, release: Release) -> bool:
    return not session.scalar(select(exists().where(Pending.release_id == release.id)))


def _bbox(session: Session, batch_id: int) -> tuple[float, float, float, float] | None:
    row = session.execute(
        text(
            "SELECT ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east,"
            " ST_YMax(box) AS north FROM (SELECT ST_Extent(location) AS box FROM photo"
            " WHERE batch_id = :batch_id) extent"
        ),
        {"batch_id": batch_id},
    ).one()
    return None if row.west is None else (row.west, row.south, row.east, row.north)
