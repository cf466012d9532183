"""How photos are taken away: from the totals first, then their rows, at last their files."""

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import ARRAY, BigInteger, any_, event, literal, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, SessionTransaction

from app import totals
from app.errors import PhotoStoreAway
from app.photos.store import PhotoStore
from app.tables import Photo, RefusedPhoto, Upload

logger = logging.getLogger(__name__)

TAKEN_DOWN = "taken-down"
"""Reason of the verdict on a file whose bytes are refused."""


def taken_down(reason: str) -> str:
    return f"This file was taken down and is not taken again ({reason})."


def delete(
    session: Session,
    photo_ids: Sequence[int],
    files: PhotoStore,
    *,
    refuse: bool = False,
    reason: str = "taken down",
) -> int:
    """Deletes the photos that are there with their scores; how many there were.

    Their files go when the session commits, and stay when it is rolled back.
    refuse: the same bytes are never accepted again, for the reason given.
    """
    # Exclusive, so that nobody inserts who has read what is refused before this.
    totals.lock_exclusive(session)
    one_of = Photo.id == any_(literal(list(photo_ids), ARRAY(BigInteger)))
    query = select(Photo.id, Photo.sha256, Photo.storage_key).where(one_of)
    found = session.execute(query.order_by(Photo.id).with_for_update()).all()
    ids = [row.id for row in found]
    if not ids:
        return 0
    totals.withdraw(session, ids)
    if refuse:
        hashes = [row.sha256 for row in found if row.sha256]
        refuse_bytes(session, hashes, reason)
        # Sent again, they get this answer and no longer their first one.
        session.execute(
            update(Upload)
            .where(Upload.photo_id == any_(literal(ids, ARRAY(BigInteger))))
            .where(Upload.sha256.in_(hashes))
            .values(verdict="rejected", reason=TAKEN_DOWN, message=taken_down(reason), warnings=[])
        )
    session.execute(delete_from(Photo).where(one_of))
    keys = [row.storage_key for row in found if row.storage_key is not None]
    _when_committed(session, lambda: _delete_files(files, keys))
    return len(ids)


def _delete_files(files: PhotoStore, keys: Sequence[str]) -> None:
    """The photos are gone by now, whatever the store says; files that stay are swept."""
    try:
        files.delete(keys)
    except PhotoStoreAway as error:
        logger.warning("the files of %d deleted photos wait for the sweep: %s", len(keys), error)


def refuse_bytes(session: Session, hashes: Sequence[bytes], reason: str) -> None:
    """hashes: sha256. The caller holds the publish lock exclusively, as `delete` does."""
    if hashes:
        rows = [{"sha256": sha256, "reason": reason} for sha256 in sorted(set(hashes))]
        session.execute(insert(RefusedPhoto).on_conflict_do_nothing(), rows)


_WAITING = "app.photos.delete.waiting"


def _when_committed(session: Session, act: Callable[[], None]) -> None:
    """Acts after the outermost commit of the session; never, if that is rolled back.

    What waits belongs to its transaction: a savepoint that is released hands it to the transaction
    around it, and any other end forgets it.
    """
    if _WAITING not in session.info:
        session.info[_WAITING] = []
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_transaction_end", _ended)
    session.info[_WAITING].append((_innermost(session), act))


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


def _committed(session: Session) -> None:
    waiting, transaction = session.info[_WAITING], _innermost(session)
    parent = transaction.parent if transaction is not None else None
    session.info[_WAITING] = [
        (parent if of is transaction else of, act) for of, act in waiting if parent is not None
    ]
    if parent is None:
        for _, act in waiting:
            act()


def _ended(session: Session, transaction: SessionTransaction) -> None:
    waiting = session.info[_WAITING]
    session.info[_WAITING] = [(of, act) for of, act in waiting if of is not transaction]
