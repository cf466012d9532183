"""One uploaded file → a verdict, a row that says so, and, if it is a photo, its place in the queue.

The identity of an upload is (batch, path, bytes): sent again, it gets its first answer again.
Between two short transactions the file is decoded and written; a file whose transaction fails is
an orphan, which the photo store sweeps.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import queue
from app.batches.batch import get, locked, must_be_open
from app.batches.decoding import Decoder
from app.batches.reasons import DUPLICATE, FUTURE, NEAR_DUPLICATE, NO_POSITION, OUTSIDE
from app.batches.shapes import UploadOut
from app.cells import MAX_LATITUDE_DEG
from app.db import SessionFactory, driver_errors
from app.errors import RejectedFile
from app.images import MAX_BYTES, Derived
from app.photos.delete import TAKEN_DOWN, taken_down
from app.photos.insert import NewPhoto, insert
from app.photos.resembling import resembled
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
            known = _decided(session, locked(session, batch_id), file, sha256)
            return answer(known or _keep(session, batch_id, file.path, sha256, outcome))
    file = _completed(file, derived)
    has_place = file.lat is not None and file.problem is None
    claim_once(sessions, files)
    key = files.write(file.data, derived if has_place else None)
    kept = False
    try:
        with driver_errors(), sessions.begin() as session:
            batch = locked(session, batch_id)
            upload = _decided(session, batch, file, sha256)
            if upload is None:
                outcome = _accepted_or_held(session, batch, file, sha256, derived, key)
                upload = _keep(session, batch_id, file.path, sha256, outcome)
                kept = outcome.verdict in ("accepted", "held")
            result = answer(upload)
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
    session: Session, batch: Batch, file: File, sha256: bytes, derived: Derived, key: str
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
    alike = resembled(
        session,
        photo_id,
        lat=file.lat,
        lon=file.lon,
        heading_deg=file.heading_deg,
        look=derived.look,
    )
    warnings = [*_time_warnings(file), *_place_warnings(session, photo_id)]
    if alike is not None:
        warnings.append(NEAR_DUPLICATE)
    return _Outcome("accepted", warnings=warnings, photo_id=photo_id, resembles=alike)


def _without_decoding(
    sessions: SessionFactory, batch_id: int, file: File, sha256: bytes
) -> UploadOut | None:
    """The answer to a file that was sent before, or that its bytes decide; None for all others.

    Nothing is locked and nothing written for those, which are nearly all.
    """
    with driver_errors(), sessions.begin() as session:
        batch = get(session, batch_id)
        known = _known(session, batch_id, file, sha256)
        if isinstance(known, Upload):
            return answer(known)
        must_be_open(batch)
        if known is None:
            return None
    with driver_errors(), sessions.begin() as session:
        upload = _decided(session, locked(session, batch_id), file, sha256)
        # None where what it was a duplicate of was deleted at this moment.
        return None if upload is None else answer(upload)


def _decided(session: Session, batch: Batch, file: File, sha256: bytes) -> Upload | None:
    """The row of a file sent before, or a new one where its bytes decide; else None.

    The caller has locked the batch. Raises BatchClosed where a row may not be added.
    """
    known = _known(session, batch.id, file, sha256)
    if isinstance(known, Upload):
        return known
    must_be_open(batch)
    return None if known is None else _keep(session, batch.id, file.path, sha256, known)


def _accepted_or_held(
    session: Session, batch: Batch, file: File, sha256: bytes, derived: Derived, key: str
) -> _Outcome:
    if file.lat is not None and file.problem is None:
        return accept(session, batch, file, sha256, derived, key)
    reason, message = file.problem or (
        NO_POSITION,
        "The file says no position. Send a manifest that has one, or place it by hand.",
    )
    return _Outcome("held", reason, message, _time_warnings(file), storage_key=key)


_KNOWN = text("""
    SELECT (SELECT id FROM upload
             WHERE batch_id = :batch_id AND path = :path AND sha256 = :sha256) AS answered,
           (SELECT reason FROM refused_photo WHERE sha256 = :sha256) AS refused,
           (SELECT id FROM photo WHERE sha256 = :sha256) AS photo,
           (SELECT min(id) FROM upload WHERE sha256 = :sha256 AND verdict = 'held') AS held
""")


def _known(session: Session, batch_id: int, file: File, sha256: bytes) -> Upload | _Outcome | None:
    """The row of the same file sent before, or the verdict that its bytes alone decide."""
    of_file = {"batch_id": batch_id, "path": file.path, "sha256": sha256}
    known = session.execute(_KNOWN, of_file).one()
    if known.answered is not None:
        return session.get_one(Upload, known.answered)
    if len(file.data) > MAX_BYTES:
        return _Outcome(
            "rejected", "too-large", f"The file is larger than {MAX_BYTES // 2**20} MB."
        )
    if known.refused is not None:
        return _taken_down(known.refused)
    if known.photo is not None:
        return _duplicate(known.photo)
    if known.held is not None:
        held = session.get_one(Upload, known.held)
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


_IS_OUTSIDE = text("""
    SELECT EXISTS (SELECT FROM layer)
           AND NOT EXISTS (SELECT FROM photo_area WHERE photo_id = :photo_id)
""")


def _place_warnings(session: Session, photo_id: int) -> list[str]:
    """A photo outside every area counts in cells only; without areas there is nothing to say."""
    return [OUTSIDE] if session.scalar(_IS_OUTSIDE, {"photo_id": photo_id}) else []


def _keep(session: Session, batch_id: int, path: str, sha256: bytes, outcome: _Outcome) -> Upload:
    upload = Upload(
        batch_id=batch_id,
        path=path,
        sha256=sha256,
        verdict=outcome.verdict,
        reason=outcome.reason,
        warnings=list(outcome.warnings),
        message=outcome.message,
        storage_key=outcome.storage_key,
        photo_id=outcome.photo_id,
        resembles=outcome.resembles,
    )
    session.add(upload)
    session.flush()
    return upload
