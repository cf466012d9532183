"""Held photos that nobody placed are dropped; what became of them stays to be read."""

from datetime import timedelta

from sqlalchemy import func, select, update

from app.batches.reasons import EXPIRED
from app.db import SessionFactory, driver_errors
from app.photos.store import PhotoStore
from app.tables import Upload

KEPT = timedelta(days=30)
AT_ONCE = 500


def drop_expired(sessions: SessionFactory, files: PhotoStore) -> int:
    """Rejects what was held for 30 days and deletes its files; how many.

    One that is being placed at this moment is left to whoever does it.
    """
    dropped = 0
    while keys := _drop_some(sessions):
        files.delete(keys)
        dropped += len(keys)
    return dropped


def _drop_some(sessions: SessionFactory) -> list[str]:
    """The keys of the files, which are nobody's once this is committed."""
    with driver_errors(), sessions.begin() as session:
        rows = session.execute(
            select(Upload.id, Upload.storage_key)
            .where(Upload.verdict == "held", Upload.created_at < func.now() - KEPT)
            .order_by(Upload.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        session.execute(
            update(Upload)
            .where(Upload.id.in_([row.id for row in rows]))
            .values(
                verdict="rejected",
                reason=EXPIRED,
                message=f"It had no position for {KEPT.days} days and was deleted. Send it again "
                "in another batch, with a position.",
                warnings=[],
                storage_key=None,
            )
        )
        return [row.storage_key for row in rows if row.storage_key is not None]
