"""Who may change a batch, and who may add a file to it: advisory locks to the transaction's end.

Files of one batch come in side by side, each with its own bytes held; who changes the batch waits
for those that are under way, and those that come later wait for it. (Row locks would not do: those
who share one can keep out for ever who wants it alone.)
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

# First halves of advisory keys: "batc" and "file" in ASCII.
_BATCH = 0x62617463
_FILE = 0x66696C65

_CHANGING = text("SELECT pg_advisory_xact_lock(:space, CAST(:batch_id AS int))")
_ADDING = text("""
    SELECT pg_advisory_xact_lock_shared(:batches, CAST(:batch_id AS int)),
           pg_advisory_xact_lock(:files, :bytes)
""")


def lock_to_change(session: Session, batch_id: int) -> None:
    """No file is added to the batch meanwhile."""
    session.execute(_CHANGING, {"space": _BATCH, "batch_id": batch_id})


def lock_to_add(session: Session, batch_id: int, sha256: bytes) -> None:
    """The batch stays as it is, and nobody else adds these bytes, to whatever batch.

    What was read before may have changed: read it again in the next statement.
    """
    session.execute(
        _ADDING,
        {
            "batches": _BATCH,
            "batch_id": batch_id,
            "files": _FILE,
            "bytes": int.from_bytes(sha256[:4], "big", signed=True),
        },
    )
