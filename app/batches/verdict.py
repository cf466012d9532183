"""The verdict of a file: what was decided, and the row that says so for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.batches.reasons import DUPLICATE
from app.batches.shapes import UploadOut
from app.photos.delete import TAKEN_DOWN, taken_down
from app.tables import Upload


@dataclass(frozen=True)
class Outcome:
    verdict: str
    reason: str | None = None
    message: str | None = None
    warnings: Sequence[str] = ()
    photo_id: int | None = None
    resembles: int | None = None
    storage_key: str | None = None
    """Of files that the upload owns: those of a held photo."""


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


def of_taken_down(reason: str) -> Outcome:
    return Outcome("rejected", TAKEN_DOWN, taken_down(reason))


def of_duplicate(photo_id: int) -> Outcome:
    return Outcome(
        "duplicate", DUPLICATE, f"The same file is photo {photo_id} already.", photo_id=photo_id
    )


# Text, since each file that is uploaded pays for it.
_KEEP = text("""
    INSERT INTO upload (batch_id, path, sha256, verdict, reason, warnings, message, storage_key,
                        photo_id, resembles)
    VALUES (:batch_id, :path, :sha256, :verdict, :reason, :warnings, :message, :storage_key,
            :photo_id, :resembles)
    RETURNING id
""")


def keep(session: Session, batch_id: int, path: str, sha256: bytes, outcome: Outcome) -> UploadOut:
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
