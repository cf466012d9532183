"""Whose a photo store is, and what is taken away from it: files that belong to nothing.

Several machines may share a store, and not every store has locks, so what must not happen at once
is kept apart by the database that they share as well. An import holds an advisory lock, on a
connection of its own, from its first file to the commit of their rows: when it dies, however it
does, PostgreSQL lets go of it. All other writers commit within seconds of writing, long before
their files are old enough to be swept. (A rule of age alone would not do, since an import may take
hours; a lock in a folder would not do, since objects have none and a network's folder may not.)
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.db import SessionFactory, driver_errors
from app.errors import DatabaseAway, PhotoStoreForeign
from app.photos.store import MARK, PhotoStore
from app.tables import Photo, StoreOwner, Upload

ORPHAN_AGE_S = 3600
ORPHANS = 50
ORPHANS_SHARE = 0.1

# The two halves of an advisory key: "phot" in ASCII, and which lock.
_KEY = {"space": 0x70686F74, "which": 1}

logger = logging.getLogger(__name__)


@contextmanager
def writing(sessions: SessionFactory) -> Iterator[Callable[[], None]]:
    """For who writes files long before their rows: nothing is swept meanwhile.

    Yields what must be called in the transaction of the rows: it raises DatabaseAway if the lock
    was lost on the way, since the files may then be gone.
    """
    with driver_errors(), _aside(sessions()) as connection:
        _run(connection, "pg_advisory_lock_shared")
        try:
            yield lambda: _must_hold(connection)
        finally:
            _let_go(connection, "pg_advisory_unlock_shared")


def sweep(session: Session, store: PhotoStore, older_than_s: float = ORPHAN_AGE_S) -> int:
    """Deletes files that belong to no photo and to no upload; how many keys it deleted.

    Younger ones may belong to a transaction that is not committed yet. Deletes nothing in the store
    of another database, nor where far more would go than lost transactions leave: rather the
    database is an older copy of the one that the store is of.
    """
    if not store.is_there():
        return 0
    try:
        claim(session, store)
    except PhotoStoreForeign as error:
        logger.warning("%s Nothing was deleted.", error)
        return 0
    with _aside(session) as connection:
        if not _run(connection, "pg_try_advisory_lock"):
            return 0
        try:
            orphans = _orphans(session, store, time.time() - older_than_s)
        finally:
            _let_go(connection, "pg_advisory_unlock")
        # Nobody uses a key a second time, so what belongs to nothing now never will.
        store.delete(orphans)
    return len(orphans)


def claim(session: Session, store: PhotoStore) -> None:
    """Marks a store that nobody has marked as this database's.

    Raises PhotoStoreForeign for that of another one.
    """
    own = session.scalars(select(StoreOwner.owner)).one()
    mark = store.mark()
    if mark is None:
        mark = _marked(session, store, own)
    try:
        owner = json.loads(mark or b"")["database"]
    except (ValueError, LookupError, TypeError):
        owner = None
    if owner != own:
        raise PhotoStoreForeign(
            f"The photo store {store.location} is that of another database: its file {MARK} names "
            f"{owner or 'none'}, not {own}. Set MIRADA_PHOTO_STORE to this database's own store. "
            f"Only if that other database is gone for good, delete the file {MARK}."
        )


def _marked(session: Session, store: PhotoStore, own: str) -> bytes | None:
    """One at a time, whatever the store makes of two that write one file."""
    session.execute(select(StoreOwner.id).with_for_update())
    if store.mark() is None:
        store.set_mark(json.dumps({"database": own}).encode() + b"\n")
    return store.mark()


def claim_once(sessions: SessionFactory, store: PhotoStore) -> None:
    """As `claim`, before a process writes into the store for the first time."""
    if not store.claimed:
        with driver_errors(), sessions.begin() as session:
            claim(session, store)
        store.claimed = True


def _orphans(session: Session, store: PhotoStore, before: float) -> list[str]:
    known = sum(
        session.scalars(select(func.count(table.storage_key))).one() for table in (Photo, Upload)
    )
    orphans: list[str] = []
    for ages in store.ages():
        old = {key for key, changed in ages.items() if changed < before}
        if old:
            of_photos = select(Photo.storage_key).where(Photo.storage_key.in_(old))
            of_uploads = select(Upload.storage_key).where(Upload.storage_key.in_(old))
            orphans += sorted(old.difference(session.scalars(of_photos.union(of_uploads))))
        if len(orphans) > max(ORPHANS, ORPHANS_SHARE * known):
            logger.warning(
                "%s holds %d photos or more that the database, which knows %d, does not: if this "
                "is an older copy of the store's database, give it a store of its own by "
                "MIRADA_PHOTO_STORE; nothing was deleted",
                *(store.location, len(orphans), known),
            )
            return []
    return orphans


@contextmanager
def _aside(session: Session) -> Iterator[Connection]:
    """A connection of its own to the session's database, outside of any transaction.

    A lock that is its connection's goes with it; a session's returns to its pool, lock and all.
    """
    engine = session.get_bind().engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _run(connection: Connection, function: str) -> object:
    return connection.scalar(text(f"SELECT {function}(:space, :which)"), _KEY)


def _let_go(connection: Connection, function: str) -> None:
    if connection.invalidated:  # What is lost has let go of it.
        return
    with suppress(DBAPIError):
        _run(connection, function)


def _must_hold(connection: Connection) -> None:
    held = not connection.invalidated and connection.scalar(
        text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND pid = pg_backend_pid() AND classid = :space AND objid = :which"
        ),
        _KEY,
    )
    if not held:
        raise DatabaseAway(
            "The database was away while files were written. Nothing of this run was kept: "
            "start it again."
        )
