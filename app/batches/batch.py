"""The life of a batch: open for files, then scoring, then done."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import ARRAY, BigInteger, Select, any_, exists, literal, select, update
from sqlalchemy.orm import Session

from app import queue
from app.batches.locks import lock_to_change
from app.batches.reasons import FAILED, UNREADABLE
from app.batches.shapes import BatchIn
from app.errors import BatchNotFound, Conflict
from app.tables import Batch, Photo, Release, Upload
from app.tables import score as score_table

TAKEN_BACK = ("cancelled", "deleting")


class BatchClosed(Conflict):
    """No more files are taken."""

    code = "batch-closed"


def create(session: Session, new: BatchIn) -> Batch:
    batch = Batch(**new.model_dump())
    session.add(batch)
    session.flush()
    session.refresh(batch)
    return batch


def get(session: Session, batch_id: int) -> Batch:
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise not_found(batch_id)
    return batch


def locked(session: Session, batch_id: int) -> Batch:
    """For who changes the batch; photos of it may refer to the row meanwhile."""
    lock_to_change(session, batch_id)
    batch = session.get(
        Batch, batch_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if batch is None:
        raise not_found(batch_id)
    return batch


def not_found(batch_id: int) -> BatchNotFound:
    return BatchNotFound(f"There is no batch {batch_id}.")


def must_be_open(batch_id: int, state: str) -> None:
    if state != "open":
        raise BatchClosed(
            f"Batch {batch_id} is {state}: it takes no more files. Start another batch."
        )


def must_not_be_taken_back(batch: Batch) -> None:
    if batch.state in TAKEN_BACK:
        raise BatchClosed(f"Batch {batch.id} is {batch.state}. Start another batch.")


def was_taken_back(session: Session, batch_id: int) -> bool:
    """Whether nothing more is scored for the batch: it is cancelled, being deleted or gone."""
    state = session.scalar(select(Batch.state).where(Batch.id == batch_id))
    return state is None or state in TAKEN_BACK


def complete(session: Session, batch_id: int) -> Batch:
    """No more files: what is not being scored yet is started. A second call changes nothing."""
    batch = locked(session, batch_id)
    if batch.state == "open":
        batch.completed_at = datetime.now(UTC)
        _start(session, batch)
    return batch


def score(session: Session, batch_id: int) -> Batch:
    """Scores what has come so far; an open batch goes on taking files."""
    batch = locked(session, batch_id)
    if batch.state == "open":
        queue_missing(session, batch_id)
        queue.start_batch(session, batch_id)
    else:
        _start(session, batch)
    return batch


def retry(session: Session, batch_id: int) -> Batch:
    """Scores again what could not be read or was given up."""
    batch = locked(session, batch_id)
    queue.forget_failed(session, batch_id)
    session.execute(
        update(Upload)
        .where(Upload.batch_id == batch_id, Upload.reason.in_([UNREADABLE, FAILED]))
        .values(reason=None, message=None)
    )
    return score(session, batch.id)


def _start(session: Session, batch: Batch) -> None:
    must_not_be_taken_back(batch)
    batch.state = "scoring"
    queue_missing(session, batch.id)
    queue.start_batch(session, batch.id)
    queue.defer_publish(session)
    session.flush()


def queue_missing(session: Session, batch_id: int) -> int:
    """Queues photos without a score that are in no job; photos queued, over all releases.

    Those that no ranker could read are left out.
    """
    return sum(_queue_missing(session, id, batch_id) for id in session.scalars(scoring_releases()))


def scoring_releases() -> Select[int]:
    """Query for the releases that every new photo is scored with, the oldest first."""
    return (
        select(Release.id)
        .where(Release.kind == "rankers", Release.state.in_(["scoring", "ready"]))
        .order_by(Release.id)
    )


def _queue_missing(session: Session, release_id: int, batch_id: int) -> int:
    table = score_table.c
    has_score = exists().where(table.release_id == release_id, table.photo_id == Photo.id)
    given_up = exists().where(Upload.photo_id == Photo.id, Upload.reason.in_([UNREADABLE, FAILED]))
    in_a_job = queue.queued_photos(release_id, batch_id).subquery()
    missing = session.scalars(
        select(Photo.id)
        .where(
            Photo.batch_id == batch_id,
            Photo.storage_key.is_not(None),
            ~has_score,
            ~given_up,
            Photo.id.not_in(select(in_a_job.c.photo_id)),
        )
        .order_by(Photo.id)
    ).all()
    queue.defer_scoring(
        session,
        release_id,
        missing,
        batch_id=batch_id,
        priority=queue.BATCH_PRIORITY,
        at_once=True,
    )
    return len(missing)


def mark_unreadable(session: Session, reasons: Mapping[int, str]) -> None:
    """reasons: by photo id. Photos that came otherwise than by a batch are passed over."""
    for photo_id in sorted(reasons):
        session.execute(
            update(Upload)
            .where(Upload.photo_id == photo_id, Upload.verdict == "accepted")
            .values(reason=UNREADABLE, message=reasons[photo_id])
        )


def give_up(session: Session, photo_ids: Sequence[int], message: str) -> None:
    """Says of the photos' uploads why their job was given up."""
    session.execute(
        update(Upload)
        .where(
            Upload.photo_id == any_(literal(list(photo_ids), ARRAY(BigInteger))),
            Upload.verdict == "accepted",
            Upload.reason.is_(None),
        )
        .values(reason=FAILED, message=message)
    )


def finished(session: Session) -> list[int]:
    """Batches that are complete and of which no job waits or runs any more."""
    scoring = session.scalars(select(Batch.id).where(Batch.state == "scoring").order_by(Batch.id))
    return [id for id in scoring if queue.batch_jobs(session, id).live == 0]


def settle(session: Session, batch_ids: Sequence[int]) -> None:
    """The batches are done, except those that got new jobs since they were found finished."""
    for batch_id in batch_ids:
        batch = locked(session, batch_id)
        if batch.state == "scoring" and queue.batch_jobs(session, batch_id).live == 0:
            batch.state = "done"
