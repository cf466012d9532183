"""The publish lock: who may change what the totals are made of, and when.

It is two advisory locks, held to the end of the transaction. *Assignment* keeps layers still while
photos are given their areas; *totals* lets one transaction at a time change the totals. Where both
are wanted, assignment comes first.

    inserting photos               assignment shared
    loading, dropping a layer      assignment, totals
    deleting photos                assignment, totals
    publishing                     totals
    deleting a release             totals
    writing scores                 none
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

# The two halves of an advisory key: "mira" in ASCII, and which lock.
_SPACE = 0x6D697261
_ASSIGNMENT = 1
_TOTALS = 2

_TAKING = {
    function: text(
        f"SELECT {function}(:space, :which), current_setting('transaction_isolation') AS isolation"
    )
    for function in ("pg_advisory_xact_lock", "pg_advisory_xact_lock_shared")
}


def lock_shared(session: Session) -> None:
    """Before inserting photos: no layer comes or goes until this transaction ends."""
    _lock(session, "pg_advisory_xact_lock_shared", _ASSIGNMENT)


def lock_exclusive(session: Session) -> None:
    """Before loading or dropping a layer, or deleting photos: none comes, nothing is published.

    A deletion refuses bytes: who inserts them at that moment must not have looked before.
    """
    _lock(session, "pg_advisory_xact_lock", _ASSIGNMENT)
    lock_totals(session)


def lock_totals(session: Session) -> None:
    """Before deleting a release: nothing is published, but photos may come."""
    _lock(session, "pg_advisory_xact_lock", _TOTALS)


def lock_totals_shared(session: Session) -> None:
    """To read totals and published scores as one state over several statements."""
    _lock(session, "pg_advisory_xact_lock_shared", _TOTALS)


def _lock(session: Session, function: str, which: int) -> None:
    taken = session.execute(_TAKING[function], {"space": _SPACE, "which": which})
    isolation = taken.one().isolation
    if isolation != "read committed":
        # Its snapshot may be older than the lock, and so miss what the lock waited for.
        raise RuntimeError(f"the publish lock is useless in a transaction that is {isolation}")
