"""What is known of a file before it is decoded: the answer it got before, or what its bytes say."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.batches.batch import must_be_open, not_found
from app.batches.locks import lock_to_add
from app.batches.reasons import DUPLICATE
from app.batches.shapes import UploadOut
from app.batches.verdict import Outcome, answer, keep, of_duplicate, of_taken_down
from app.db import SessionFactory, driver_errors, reading
from app.images import MAX_BYTES
from app.tables import Batch, Upload


@dataclass(frozen=True)
class Sent:
    """A file that was sent, by what tells it from all others: batch, path and bytes."""

    batch_id: int
    path: str
    sha256: bytes
    size: int


@dataclass(frozen=True)
class Terms:
    """What of a batch decides about each of its files, and holds for each of its photos."""

    id: int
    state: str
    source: str
    licence: str
    attribution: str | None
    blurred: bool

    @classmethod
    def of(cls, batch: Batch) -> Self:
        return cls(
            batch.id, batch.state, batch.source, batch.licence, batch.attribution, batch.blurred
        )


def without_decoding(sessions: SessionFactory, sent: Sent) -> UploadOut | None:
    """The answer to a file that was sent before, or that its bytes decide; None for all others.

    Nothing is locked and nothing written for those, which are nearly all.
    """
    with reading(sessions) as session:
        known = _known(session, sent)
    if isinstance(known.verdict, Upload):
        return answer(known.verdict)
    must_be_open(sent.batch_id, known.terms.state)
    if known.verdict is None:
        return None
    with driver_errors(), sessions.begin() as session:
        found = decided(session, sent)
    # None where what it was a duplicate of was deleted at this moment.
    return found if isinstance(found, UploadOut) else None


def decided(session: Session, sent: Sent) -> UploadOut | Terms:
    """The answer to a file sent before, or a new row where its bytes decide; else the terms.

    The batch and the bytes are held to the end of the transaction. Raises BatchNotFound, and
    BatchClosed where a row may not be added.
    """
    lock_to_add(session, sent.batch_id, sent.sha256)
    known = _known(session, sent)
    if isinstance(known.verdict, Upload):
        return answer(known.verdict)
    must_be_open(sent.batch_id, known.terms.state)
    if known.verdict is None:
        return known.terms
    return keep(session, sent.batch_id, sent.path, sent.sha256, known.verdict)


@dataclass(frozen=True)
class Known:
    """verdict: the row of the same file sent before, or what its bytes alone decide."""

    terms: Terms
    verdict: Upload | Outcome | None


# Text, as all that each file pays for.
_KNOWN = text("""
    SELECT batch.id, state, source, licence, attribution, blurred,
           (SELECT id FROM upload
             WHERE batch_id = :batch_id AND path = :path AND sha256 = :sha256) AS answered,
           (SELECT reason FROM refused_photo WHERE sha256 = :sha256) AS refused,
           (SELECT id FROM photo WHERE sha256 = :sha256) AS photo,
           (SELECT min(id) FROM upload WHERE sha256 = :sha256 AND verdict = 'held') AS held
      FROM batch WHERE batch.id = :batch_id
""")


def _known(session: Session, sent: Sent) -> Known:
    of_file = {"batch_id": sent.batch_id, "path": sent.path, "sha256": sent.sha256}
    found = session.execute(_KNOWN, of_file).one_or_none()
    if found is None:
        raise not_found(sent.batch_id)
    terms = Terms(*found[:6])
    if found.answered is not None:
        return Known(terms, session.get_one(Upload, found.answered))
    return Known(terms, _by_bytes(session, sent.size, found))


def _by_bytes(session: Session, size: int, found: Row[Any]) -> Outcome | None:
    if size > MAX_BYTES:
        return Outcome("rejected", "too-large", f"The file is larger than {MAX_BYTES // 2**20} MB.")
    if found.refused is not None:
        return of_taken_down(found.refused)
    if found.photo is not None:
        return of_duplicate(found.photo)
    if found.held is not None:
        held = session.get_one(Upload, found.held)
        return Outcome(
            "duplicate",
            DUPLICATE,
            f"The same file waits for its position as {held.path} of batch {held.batch_id}.",
        )
    return None
