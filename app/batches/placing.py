"""Held photos get their place from a manifest that comes later than they."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.batches.batch import TAKEN_BACK, get, locked, must_not_be_taken_back, score
from app.batches.decoding import Decoder
from app.batches.known import Terms
from app.batches.locks import lock_to_add
from app.batches.receiving import File, accept
from app.db import SessionFactory, driver_errors
from app.errors import RejectedFile
from app.photos.store import PhotoStore
from app.tables import Upload
from app.untrusted import clean_path


@dataclass(frozen=True)
class Placement:
    """A row of a manifest. filename: a path within the batch, or a name that occurs there once."""

    filename: str
    lat: float
    lon: float
    heading_deg: float | None = None
    captured_at: datetime | None = None


def place(
    sessions: SessionFactory,
    files: PhotoStore,
    decoder: Decoder,
    batch_id: int,
    placements: Sequence[Placement],
) -> int:
    """How many held photos of the batch were placed; each is committed by itself.

    A batch that was complete already scores them at once.
    """
    with driver_errors(), sessions.begin() as session:
        must_not_be_taken_back(get(session, batch_id))
        uploads = session.execute(
            select(Upload.id, Upload.path, Upload.verdict)
            .where(Upload.batch_id == batch_id, Upload.verdict.in_(["held", "accepted"]))
            .order_by(Upload.id)
        ).all()
    found = matches([upload.path for upload in uploads], placements)
    placed = 0
    for upload in uploads:
        if upload.verdict == "held" and upload.path in found:
            placement = found[upload.path]
            placed += _place(sessions, files, decoder, batch_id, upload.id, placement)
    if placed:
        _score_if_complete(sessions, batch_id)
    return placed


def matches(paths: Sequence[str], placements: Sequence[Placement]) -> dict[str, Placement]:
    """Which row is for which path: the one of the same path, of two the first.

    Else one is the end of the other, `a.jpg` of `calle/a.jpg`, as long as it is for one path only
    and no other row is for it.
    """
    exact: dict[str, Placement] = {}
    by_name: dict[str, list[tuple[str, Placement]]] = {}
    for placement in placements:
        named = clean_path(placement.filename)
        if exact.setdefault(named, placement) is placement:
            by_name.setdefault(_name(named), []).append((named, placement))
    namesakes: dict[str, list[str]] = {}
    for path in paths:
        namesakes.setdefault(_name(path), []).append(path)
    found = {path: exact[path] for path in paths if path in exact}
    for path in paths:
        rows = [row for row in by_name.get(_name(path), []) if _is_end(row[0], path)]
        if path not in found and len(rows) == 1:
            named, placement = rows[0]
            if [other for other in namesakes[_name(path)] if _is_end(named, other)] == [path]:
                found[path] = placement
    return found


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_end(one: str, other: str) -> bool:
    """Whether one of two paths is the end of the other, part by part."""
    return f"/{one}".endswith(f"/{other}") or f"/{other}".endswith(f"/{one}")


def _score_if_complete(sessions: SessionFactory, batch_id: int) -> None:
    with driver_errors(), sessions.begin() as session:
        if locked(session, batch_id).state in ("scoring", "done"):
            score(session, batch_id)


def _place(
    sessions: SessionFactory,
    files: PhotoStore,
    decoder: Decoder,
    batch_id: int,
    upload_id: int,
    placement: Placement,
) -> bool:
    with driver_errors(), sessions.begin() as session:
        held = session.get_one(Upload, upload_id)
        old_key, sha256 = held.storage_key, held.sha256
    if old_key is None:
        return False
    try:
        data = files.read(old_key)
        derived = decoder.derive(data)
    except (FileNotFoundError, RejectedFile):
        # Placed by another request meanwhile, or no longer readable: it stays as it is.
        return False
    own = derived.metadata
    file = File(
        path="",
        data=data,
        lat=placement.lat,
        lon=placement.lon,
        heading_deg=own.heading_deg if placement.heading_deg is None else placement.heading_deg,
        captured_at=own.captured_at if placement.captured_at is None else placement.captured_at,
    )
    key = files.write(data, derived)
    superfluous = [key]
    try:
        with driver_errors(), sessions.begin() as session:
            lock_to_add(session, batch_id, sha256)
            batch = get(session, batch_id)
            upload = session.get_one(Upload, upload_id, with_for_update=True)
            if upload.storage_key != old_key or batch.state in TAKEN_BACK:
                return False
            outcome = accept(session, Terms.of(batch), file, sha256, derived, key)
            upload.verdict, upload.reason = outcome.verdict, outcome.reason
            upload.message, upload.warnings = outcome.message, list(outcome.warnings)
            upload.photo_id, upload.storage_key = outcome.photo_id, None
            upload.resembles = outcome.resembles
            placed = outcome.verdict == "accepted"
            # From here on it may commit and the answer be lost: what is superfluous then is swept.
            superfluous = []
        superfluous = [old_key] if placed else [old_key, key]
        return placed
    finally:
        files.delete(superfluous)
