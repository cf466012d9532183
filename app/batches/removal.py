"""Taking back: a batch is cancelled, or goes with all that came of it.

A deletion is decided in one transaction and then done in steps, each with its own: a batch that is
`deleting` takes nothing and is scored by nobody, so the steps may be done by anyone, by two at
once, and again after any crash, until its row is gone.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Row, func, select
from sqlalchemy import delete as delete_from
from sqlalchemy.orm import Session

from app import queue, totals
from app.batches.batch import locked
from app.db import SessionFactory, driver_errors
from app.errors import Conflict
from app.photos import delete as photos
from app.photos.store import PhotoStore
from app.tables import Batch, Photo, Upload

AT_ONCE = 1000
"""Photos a step: about half a second, for which nobody uploads or publishes."""
REASON = "its batch was taken down"


class NothingToCancel(Conflict):
    code = "nothing-to-cancel"


def cancel(session: Session, batch_id: int) -> Batch:
    """No more files, no more scores; what was scored stays. A second call changes nothing.

    A job that a worker has taken already comes to its end.
    """
    batch = locked(session, batch_id)
    if batch.state in ("done", "deleting"):
        raise NothingToCancel(f"Batch {batch_id} is {batch.state}: there is nothing to cancel.")
    if batch.state != "cancelled":
        batch.state = "cancelled"
        batch.completed_at = batch.completed_at or datetime.now(UTC)
        queue.cancel_batch(session, batch_id)
        queue.defer_publish(session)
        session.flush()
    return batch


def begin_deletion(session: Session, batch_id: int, *, refuse: bool, reason: str = REASON) -> None:
    """Decides that the batch goes; once this is committed, it does, whatever dies.

    refuse: its bytes are never accepted again. Said by one of two who delete it, it holds for all
    that is still there.
    """
    batch = locked(session, batch_id)
    if batch.state != "deleting":
        batch.state = "deleting"
        queue.cancel_batch(session, batch_id)
        queue.defer_deletion(session, batch_id)
    if refuse and batch.refusal is None:
        batch.refusal = reason
    session.flush()


def delete(
    sessions: SessionFactory,
    files: PhotoStore,
    batch_id: int,
    keep_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Does what `begin_deletion` decided, as long as `keep_on`; whether the batch is gone."""
    while True:
        if _step(sessions, files, batch_id):
            return True
        if not keep_on():
            return False


def photos_left(session: Session, batch_id: int) -> int:
    """Photos and held files of a batch that is being deleted."""
    of_batch = select(func.count()).select_from(Photo).where(Photo.batch_id == batch_id)
    held = select(func.count(Upload.storage_key)).where(Upload.batch_id == batch_id)
    return session.scalars(of_batch).one() + session.scalars(held).one()


def _step(sessions: SessionFactory, files: PhotoStore, batch_id: int) -> bool:
    """Files go first: the decision stands, so their rows will follow, and none is ever orphaned."""
    with driver_errors(), sessions.begin() as session:
        if not _is_deleting(session, batch_id):
            return True
        found = session.execute(
            select(Photo.id, Photo.storage_key)
            .where(Photo.batch_id == batch_id)
            .order_by(Photo.id)
            .limit(AT_ONCE)
        ).all()
        held = [] if found else _held(session, batch_id)
    files.delete(row.storage_key for row in (*found, *held) if row.storage_key is not None)
    with driver_errors(), sessions.begin() as session:
        batch = _locked_if_there(session, batch_id)
        if batch is None:
            return True
        if found:
            ids = [row.id for row in found]
            reason = batch.refusal or ""
            photos.delete(session, ids, files, refuse=batch.refusal is not None, reason=reason)
        elif held:
            _delete_held(session, batch, [row.id for row in held])
        else:
            session.execute(delete_from(Upload).where(Upload.batch_id == batch_id))
            session.delete(batch)
            return True
    return False


def _is_deleting(session: Session, batch_id: int) -> bool:
    """Guards what no transaction can take back: the files of a batch that nobody gave up."""
    state = session.scalar(select(Batch.state).where(Batch.id == batch_id))
    if state not in (None, "deleting"):
        raise RuntimeError(f"batch {batch_id} is {state}; its deletion was not begun")
    return state is not None


def _locked_if_there(session: Session, batch_id: int) -> Batch | None:
    return session.get(Batch, batch_id, with_for_update={"key_share": True})


def _held(session: Session, batch_id: int) -> Sequence[Row[int, str | None]]:
    return session.execute(
        select(Upload.id, Upload.storage_key)
        .where(Upload.batch_id == batch_id, Upload.storage_key.is_not(None))
        .order_by(Upload.id)
        .limit(AT_ONCE)
    ).all()


def _delete_held(session: Session, batch: Batch, upload_ids: Sequence[int]) -> None:
    totals.lock_exclusive(session)
    gone = session.scalars(
        delete_from(Upload).where(Upload.id.in_(upload_ids)).returning(Upload.sha256)
    ).all()
    if batch.refusal is not None:
        photos.refuse_bytes(session, gone, batch.refusal)
