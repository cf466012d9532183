"""One uploaded file → a verdict, a row that says so, and, if it is a photo, its place in the queue.

The identity of an upload is (batch, path, bytes): sent again, it gets its first answer again.
Between two short transactions the file is decoded and written; a file whose transaction fails is
an orphan, which the photo store sweeps.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import queue
from app.batches.decoding import Decoder
from app.batches.known import Sent, Terms, decided, without_decoding
from app.batches.reasons import FUTURE, NEAR_DUPLICATE, NO_POSITION, OUTSIDE
from app.batches.shapes import UploadOut
from app.batches.verdict import Outcome, keep, of_duplicate, of_taken_down
from app.db import SessionFactory, driver_errors
from app.errors import RejectedFile
from app.images import Derived
from app.photos.insert import NewPhoto, insert
from app.photos.resembling import RESEMBLED, neighbourhood
from app.photos.store import PhotoStore
from app.photos.sweeping import claim_once
from app.tilegrid import MAX_LATITUDE_DEG
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


def receive(
    sessions: SessionFactory, files: PhotoStore, decoder: Decoder, batch_id: int, file: File
) -> UploadOut:
    """The verdict of a file. Raises BatchNotFound, and BatchClosed once the batch is complete."""
    file = replace(file, path=clean_path(file.path))
    sha256 = hashlib.sha256(file.data).digest()
    sent = Sent(batch_id, file.path, sha256, len(file.data))
    early = without_decoding(sessions, sent)
    if early is not None:
        return early
    try:
        derived = decoder.derive(file.data)
    except RejectedFile as refused:
        outcome = Outcome("rejected", refused.reason, str(refused))
        with driver_errors(), sessions.begin() as session:
            known = decided(session, sent)
            if isinstance(known, UploadOut):
                return known
            return keep(session, batch_id, file.path, sha256, outcome)
    file = _completed(file, derived)
    has_place = file.lat is not None and file.problem is None
    claim_once(sessions, files)
    key = files.write(file.data, derived if has_place else None)
    kept = False
    try:
        with driver_errors(), sessions.begin() as session:
            known = decided(session, sent)
            if isinstance(known, UploadOut):
                return known
            outcome = _accepted_or_held(session, known, file, sha256, derived, key)
            result = keep(session, batch_id, file.path, sha256, outcome)
            kept = outcome.verdict in ("accepted", "held")
        return result
    finally:
        if not kept:
            files.delete([key])


def accept(
    session: Session, batch: Terms, file: File, sha256: bytes, derived: Derived, key: str
) -> Outcome:
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
        return of_taken_down(inserted.refused[0])
    if 0 in inserted.duplicates:
        return of_duplicate(inserted.duplicates[0].photo_id)
    photo_id = inserted.new[0]
    alike, is_outside = _noticed(session, photo_id, file, derived)
    warnings = _time_warnings(file)
    if is_outside:
        warnings.append(OUTSIDE)
    if alike is not None:
        warnings.append(NEAR_DUPLICATE)
    return Outcome("accepted", warnings=warnings, photo_id=photo_id, resembles=alike)


def _accepted_or_held(
    session: Session, batch: Terms, file: File, sha256: bytes, derived: Derived, key: str
) -> Outcome:
    if file.lat is not None and file.problem is None:
        return accept(session, batch, file, sha256, derived, key)
    reason, message = file.problem or (
        NO_POSITION,
        "The file says no position. Send a manifest that has one, or place it by hand.",
    )
    return Outcome("held", reason, message, _time_warnings(file), storage_key=key)


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
