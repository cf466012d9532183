"""How photos come in: rows, their areas, and jobs for every release that scores with rankers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import areas, queue, totals
from app.cells import key_of


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo that is to come in; sha256 and storage_key both, or neither for a mere place."""

    source: str
    source_key: str
    lat: float
    lon: float
    sha256: bytes | None = None
    storage_key: str | None = None
    heading_deg: float | None = None
    captured_at: datetime | None = None
    width_px: int | None = None
    height_px: int | None = None
    look: int | None = None
    licence: str | None = None
    attribution: str | None = None
    images_public: bool = True
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """same_image: the stored photo has the same bytes, or both are places without an image.

    False means that another photo has taken the name within its source.
    """

    photo_id: int
    same_image: bool


@dataclass
class Inserted:
    """What became of each row, by its index in what was given; every row is in one of three."""

    new: dict[int, int] = field(default_factory=dict)
    duplicates: dict[int, Duplicate] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    """Rows whose bytes were taken down once, with the reason that was kept."""

    @property
    def ids(self) -> list[int]:
        return sorted(self.new.values())


# Ordered by its key, as every insert of many rows, so that two imports at a time wait for each
# other instead of for ever. A row that another transaction is about to insert is waited for.
_INSERT = text("""
    INSERT INTO photo (source, source_key, sha256, storage_key, location, q, x, y, heading_deg,
                       captured_at, width_px, height_px, look, licence, attribution, images_public,
                       batch_id)
    SELECT source, source_key, sha256, storage_key, ST_SetSRID(ST_MakePoint(lon, lat), 4326),
           q, x, y, heading_deg, captured_at, width_px, height_px, look, licence, attribution,
           images_public, batch_id
      FROM unnest(CAST(:source AS text[]), CAST(:source_key AS text[]), CAST(:sha256 AS bytea[]),
                  CAST(:storage_key AS text[]), CAST(:lon AS float8[]), CAST(:lat AS float8[]),
                  CAST(:q AS bigint[]), CAST(:x AS int[]), CAST(:y AS int[]),
                  CAST(:heading_deg AS real[]), CAST(:captured_at AS timestamptz[]),
                  CAST(:width_px AS int[]), CAST(:height_px AS int[]), CAST(:look AS bigint[]),
                  CAST(:licence AS text[]),
                  CAST(:attribution AS text[]), CAST(:images_public AS boolean[]),
                  CAST(:batch_id AS bigint[]))
           AS given (source, source_key, sha256, storage_key, lon, lat, q, x, y, heading_deg,
                     captured_at, width_px, height_px, look, licence, attribution,
                     images_public, batch_id)
     WHERE NOT EXISTS (SELECT FROM refused_photo WHERE refused_photo.sha256 = given.sha256)
     ORDER BY source, source_key
        ON CONFLICT DO NOTHING
    RETURNING id, source, source_key
""")
_PRESENT = text("""
    SELECT photo.id, photo.source, photo.source_key, photo.sha256
      FROM unnest(CAST(:source AS text[]), CAST(:source_key AS text[])) AS given (source, key)
      JOIN photo ON photo.source = given.source AND photo.source_key = given.key
     UNION
    SELECT id, source, source_key, sha256 FROM photo WHERE sha256 = ANY (CAST(:sha256 AS bytea[]))
""")
# Text, since a photo that is uploaded pays for each statement that must be put together.
_REFUSED = text(
    "SELECT sha256, reason FROM refused_photo WHERE sha256 = ANY (CAST(:sha256 AS bytea[]))"
)
_RELEASES = text(
    "SELECT id FROM release WHERE kind = 'rankers' AND state IN ('scoring', 'ready') ORDER BY id"
)
_COLUMNS = (
    *("source", "source_key", "sha256", "storage_key", "lon", "lat", "heading_deg"),
    *("captured_at", "width_px", "height_px", "look", "licence", "attribution", "images_public"),
    "batch_id",
)


def insert(
    session: Session, rows: Sequence[NewPhoto], *, priority: int = queue.BATCH_PRIORITY
) -> Inserted:
    """Inserts what is not there yet, in the caller's transaction; a few thousand rows at a time.

    Of two given rows with one name or the same bytes the first in the order of the names comes in.
    The photos of a batch are queued with its id. priority: of the scoring jobs, higher first.
    Raises BadRequest for a place beyond the grid.
    """
    totals.lock_shared(session)
    result = Inserted()
    _insert_first(session, rows, range(len(rows)), result)
    others = [index for index in range(len(rows)) if index not in result.new]
    if others:
        result.refused = _refused(session, rows, others)
        others = [index for index in others if index not in result.refused]
    if others and result.refused:
        # A refused row may have stood before another one of its name.
        _insert_first(session, rows, others, result)
        others = [index for index in others if index not in result.new]
    result.duplicates.update(_duplicates(session, rows, others))
    areas.assign(session, result.ids)
    _defer(session, rows, result, priority)
    return result


def _insert_first(
    session: Session, rows: Sequence[NewPhoto], indexes: Iterable[int], result: Inserted
) -> None:
    """Adds to `new` what was not there of the first row of each name."""
    names: dict[tuple[str, str], int] = {}
    for index in indexes:
        names.setdefault((rows[index].source, rows[index].source_key), index)
    for photo_id, source, key in _insert(session, [rows[index] for index in names.values()]):
        result.new[names[source, key]] = photo_id


def _insert(session: Session, rows: Sequence[NewPhoto]) -> list[tuple[int, str, str]]:
    if not rows:
        return []
    q, x, y = key_of(np.array([r.lon for r in rows]), np.array([r.lat for r in rows]))
    values: dict[str, list[object]] = {
        column: [getattr(row, column) for row in rows] for column in _COLUMNS
    }
    values |= {"q": q.tolist(), "x": x.tolist(), "y": y.tolist()}
    return [(row.id, row.source, row.source_key) for row in session.execute(_INSERT, values)]


def _refused(session: Session, rows: Sequence[NewPhoto], indexes: Sequence[int]) -> dict[int, str]:
    hashes = [sha256 for index in indexes if (sha256 := rows[index].sha256) is not None]
    if not hashes:
        return {}
    found = session.execute(_REFUSED, {"sha256": hashes})
    reasons = {bytes(sha256): reason for sha256, reason in found}
    return {
        index: reasons[sha256]
        for index in indexes
        if (sha256 := rows[index].sha256) is not None and sha256 in reasons
    }


def _duplicates(
    session: Session, rows: Sequence[NewPhoto], indexes: Sequence[int]
) -> dict[int, Duplicate]:
    """Which photo each row found in its way: one with its bytes before one with its name."""
    if not indexes:
        return {}
    values = {
        "source": [rows[index].source for index in indexes],
        "source_key": [rows[index].source_key for index in indexes],
        "sha256": [rows[i].sha256 for i in indexes if rows[i].sha256 is not None],
    }
    by_name: dict[tuple[str, str], tuple[int, bytes | None]] = {}
    by_bytes: dict[bytes, int] = {}
    for photo_id, source, key, sha256 in session.execute(_PRESENT, values):
        by_name[source, key] = photo_id, sha256
        if sha256 is not None:
            by_bytes[bytes(sha256)] = photo_id
    found = {}
    for index in indexes:
        row = rows[index]
        if row.sha256 is not None and row.sha256 in by_bytes:
            found[index] = Duplicate(by_bytes[row.sha256], same_image=True)
        else:
            photo_id, sha256 = by_name[row.source, row.source_key]
            found[index] = Duplicate(photo_id, same_image=sha256 is None and row.sha256 is None)
    return found


def _defer(session: Session, rows: Sequence[NewPhoto], result: Inserted, priority: int) -> None:
    """Queues what has an image, for releases that have networks and score or have scored."""
    by_batch: dict[int | None, list[int]] = {}
    for index, photo_id in result.new.items():
        if rows[index].sha256 is not None:
            by_batch.setdefault(rows[index].batch_id, []).append(photo_id)
    if not by_batch:
        return
    for release_id in session.scalars(_RELEASES).all():
        for batch_id, photo_ids in by_batch.items():
            queue.defer_scoring(
                session, release_id, sorted(photo_ids), priority=priority, batch_id=batch_id
            )
