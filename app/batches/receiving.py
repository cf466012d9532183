"""One uploaded file → a verdict, a row that says so, and, if it is a photo, its place in the queue.

The identity of an upload is (batch, path, bytes): sent again, it gets its first answer again.
Between two short transactions the file is decoded and written; a file whose transaction fails is
an orphan, which the photo store sweeps.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app import queue
from app.batches.batch import must_be_open, not_found
from app.batches.decoding import Decoder
from app.batches.locks import lock_to_add
from app.batches.reasons import DUPLICATE, FUTURE, NEAR_DUPLICATE, NO_POSITION, OUTSIDE
from app.batches.shapes import UploadOut
from app.cells import MAX_LATITUDE_DEG
from app.db import SessionFactory, driver_errors, reading
from app.errors import RejectedFile
from app.images import MAX_BYTES, Derived
from app.photos.delete import TAKEN_DOWN, taken_down
from app.photos.insert import NewPhoto, insert
from app.photos.resembling import RESEMBLED, neighbourhood
from app.photos.store import PhotoStore
from app.photos.sweeping import claim_once
from app.tables import Batch, Upload
from app.untrusted import clean_path

_TOLERATED_CLOCK = timedelta(days=1)
"""A camera without a zone may be this far ahead."""


@dataclass(frozen=True)
class File:
    """What a request brings. lat, lon: from a form or a manifest; they go before the file's own.

    problem: (reason, sentence) of a position that was given but is none.
    """

    path: str
    data: bytes
    lat: float | None = None
    lon: float | None = None
    heading_deg: float | None = None
    captured_at: datetime | None = None
    problem: tuple[str, str] | None = None


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


@dataclass(frozen=True)
class _Outcome:
    verdict: str
    reason: str | None = None
    message: str | None = None
    warnings: Sequence[str] = ()
    photo_id: int | None = None
    resembles: int | None = None
    storage_key: str | None = None
    """Of files that the upload owns: those of a held photo."""


def receive(
    sessions: SessionFactory, files: PhotoStore, decoder: Decoder, batch_id: int, file: File
) -> UploadOut:
    """The verdict of a file. Raises BatchNotFound, and BatchClosed once the batch is complete."""
    file = replace(file, path=clean_path(file.path))
    sha256 = hashlib.sha256(file.data).digest()
    early = _without_decoding(sessions, batch_id, file, sha256)
    if early is not None:
        return early
    try:
        derived = decoder.derive(file.data)
    except RejectedFile as refused:
        outcome = _Outcome("rejected", refused.reason, str(refused))
        with driver_errors(), sessions.begin() as session:
            known = _decided(session, batch_id, file, sha256)
            if isinstance(known, UploadOut):
                return known
            return _keep(session, batch_id, file.path, sha256, outcome)
    file = _completed(file, derived)
    has_place = file.lat is not None and file.problem is None
    claim_once(sessions, files)
    key = files.write(file.data, derived if has_place else None)
    kept = False
    try:
        with driver_errors(), sessions.begin() as session:
            known = _decided(session, batch_id, file, sha256)
            if isinstance(known, UploadOut):
                return known
            outcome = _accepted_or_held(session, known, file, sha256, derived, key)
            result = _keep(session, batch_id, file.path, sha256, outcome)
            kept = outcome.verdict in ("accepted", "held")
        return result
    finally:
        if not kept:
            files.delete([key])


def answer(upload: Upload) -> UploadOut:
    return UploadOut(
        id=upload.id,
        path=upload.path,
        sha256=upload.sha256.hex(),
        verdict=upload.verdict,  # type: ignore[arg-type]
        reason=upload.reason,
        warnings=upload.warnings,
        message=upload.message,
        photo_id=upload.photo_id,
        resembles=upload.resembles,
    )


def accept(
    session: Session, batch: Terms, file: File, sha256: bytes, derived: Derived, key: str
) -> _Outcome:
    """Inserts the photo of a file with a place, or says what is in its way."""
    assert file.lat is not None
    assert file.lon is not None
    new = NewPhoto(
        source=batch.source,
        source_key=sha256.hex(),
        lat=file.lat,
        lon=file.lon,
        sha256=sha256,
        storage_key=key,
        heading_deg=file.heading_deg,
        captured_at=file.captured_at,
        width_px=derived.width_px,
        height_px=derived.height_px,
        look=derived.look,
        licence=batch.licence,
        attribution=batch.attribution,
        images_public=batch.blurred,
        batch_id=batch.id,
    )
    inserted = insert(session, [new], priority=queue.BATCH_PRIORITY)
    if 0 in inserted.refused:
        return _taken_down(inserted.refused[0])
    if 0 in inserted.duplicates:
        return _duplicate(inserted.duplicates[0].photo_id)
    photo_id = inserted.new[0]
    alike, is_outside = _noticed(session, photo_id, file, derived)
    warnings = _time_warnings(file)
    if is_outside:
        warnings.append(OUTSIDE)
    if alike is not None:
        warnings.append(NEAR_DUPLICATE)
    return _Outcome("accepted", warnings=warnings, photo_id=photo_id, resembles=alike)


def _without_decoding(
    sessions: SessionFactory, batch_id: int, file: File, sha256: bytes
) -> UploadOut | None:
    """The answer to a file that was sent before, or that its bytes decide; None for all others.

    Nothing is locked and nothing written for those, which are nearly all.
    """
    with reading(sessions) as session:
        known = _known(session, batch_id, file, sha256)
    if isinstance(known.verdict, Upload):
        return answer(known.verdict)
    must_be_open(batch_id, known.terms.state)
    if known.verdict is None:
        return None
    with driver_errors(), sessions.begin() as session:
        decided = _decided(session, batch_id, file, sha256)
    # None where what it was a duplicate of was deleted at this moment.
    return decided if isinstance(decided, UploadOut) else None


def _decided(session: Session, batch_id: int, file: File, sha256: bytes) -> UploadOut | Terms:
    """The answer to a file sent before, or a new row where its bytes decide; else the terms.

    The batch and the bytes are held to the end of the transaction. Raises BatchNotFound, and
    BatchClosed where a row may not be added.
    """
    lock_to_add(session, batch_id, sha256)
    known = _known(session, batch_id, file, sha256)
    if isinstance(known.verdict, Upload):
        return answer(known.verdict)
    must_be_open(batch_id, known.terms.state)
    if known.verdict is None:
        return known.terms
    return _keep(session, batch_id, file.path, sha256, known.verdict)


def _accepted_or_held(
    session: Session, batch: Terms, file: File, sha256: bytes, derived: Derived, key: str
) -> _Outcome:
    if file.lat is not None and file.problem is None:
        return accept(session, batch, file, sha256, derived, key)
    reason, message = file.problem or (
        NO_POSITION,
        "The file says no position. Send a manifest that has one, or place it by hand.",
    )
    return _Outcome("held", reason, message, _time_warnings(file), storage_key=key)


@dataclass(frozen=True)
class _Known:
    """verdict: the row of the same file sent before, or what its bytes alone decide."""

    terms: Terms
    verdict: Upload | _Outcome | None


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


def _known(session: Session, batch_id: int, file: File, sha256: bytes) -> _Known:
    of_file = {"batch_id": batch_id, "path": file.path, "sha256": sha256}
    found = session.execute(_KNOWN, of_file).one_or_none()
    if found is None:
        raise not_found(batch_id)
    terms = Terms(*found[:6])
    if found.answered is not None:
        return _Known(terms, session.get_one(Upload, found.answered))
    return _Known(terms, _by_bytes(session, len(file.data), found))


def _by_bytes(session: Session, size: int, found: Row[Any]) -> _Outcome | None:
    if size > MAX_BYTES:
        return _Outcome(
            "rejected", "too-large", f"The file is larger than {MAX_BYTES // 2**20} MB."
        )
    if found.refused is not None:
        return _taken_down(found.refused)
    if found.photo is not None:
        return _duplicate(found.photo)
    if found.held is not None:
        held = session.get_one(Upload, found.held)
        return _Outcome(
            "duplicate",
            DUPLICATE,
            f"The same file waits for its position as {held.path} of batch {held.batch_id}.",
        )
    return None


def _taken_down(reason: str) -> _Outcome:
    return _Outcome("rejected", TAKEN_DOWN, taken_down(reason))


def _duplicate(photo_id: int) -> _Outcome:
    return _Outcome(
        "duplicate", DUPLICATE, f"The same file is photo {photo_id} already.", photo_id=photo_id
    )


def _completed(file: File, derived: Derived) -> File:
    """What was given goes before what the file says of itself."""
    own = derived.metadata
    file = replace(
        file,
        heading_deg=own.heading_deg if file.heading_deg is None else file.heading_deg,
        captured_at=own.captured_at if file.captured_at is None else file.captured_at,
    )
    if file.lat is not None or file.problem is not None or own.lat is None or own.lon is None:
        return file
    if abs(own.lat) > MAX_LATITUDE_DEG:
        message = f"The file says lat {own.lat:.5f}, which is beyond the map."
        return replace(file, problem=("impossible-position", message))
    return replace(file, lat=own.lat, lon=own.lon)


def _time_warnings(file: File) -> list[str]:
    if file.captured_at is None or file.captured_at <= datetime.now(UTC) + _TOLERATED_CLOCK:
        return []
    return [FUTURE]


# Both in one statement, since each file that is uploaded pays for it. A photo outside every area
# counts in cells only; without areas there is nothing to say.
_NOTICED = text(f"""
    SELECT ({RESEMBLED}) AS resembled,
           EXISTS (SELECT FROM layer)
           AND NOT EXISTS (SELECT FROM photo_area WHERE photo_id = :photo_id) AS is_outside
""")


def _noticed(
    session: Session, photo_id: int, file: File, derived: Derived
) -> tuple[int | None, bool]:
    """Which photo the new one repeats, if any, and whether it lies in no area of any layer."""
    assert file.lat is not None
    assert file.lon is not None
    neighbours = neighbourhood(
        photo_id, lat=file.lat, lon=file.lon, heading_deg=file.heading_deg, look=derived.look
    )
    row = session.execute(_NOTICED, neighbours).one()
    return row.resembled, row.is_outside


_KEEP = text("""
    INSERT INTO upload (batch_id, path, sha256, verdict, reason, warnings, message, storage_key,
                        photo_id, resembles)
    VALUES (:batch_id, :path, :sha256, :verdict, :reason, :warnings, :message, :storage_key,
            :photo_id, :resembles)
    RETURNING id
""")


def _keep(
    session: Session, batch_id: int, path: str, sha256: bytes, outcome: _Outcome
) -> UploadOut:
    values: dict[str, Any] = {
        "path": path,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "warnings": list(outcome.warnings),
        "message": outcome.message,
        "photo_id": outcome.photo_id,
        "resembles": outcome.resembles,
    }
    row = {**values, "batch_id": batch_id, "sha256": sha256, "storage_key": outcome.storage_key}
    return UploadOut(**values, id=session.scalar(_KEEP, row), sha256=sha256.hex())
