"""Shapes of what the admin's side answers about batches."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.batches.reasons import REASONS, WARNINGS
from app.schemas import Line, Shape, example

Verdict = Literal["accepted", "held", "duplicate", "rejected"]
BatchState = Literal["open", "scoring", "done", "cancelled", "deleting"]


Short = Annotated[Line, Field(max_length=200)]

_COUNTS = {
    "files": 40,
    "accepted": 30,
    "held": 1,
    "duplicate": 1,
    "rejected": 8,
    "scored": 12,
    "unreadable": 0,
    "failed": 0,
}
_BATCH = {
    "id": 7,
    "title": "Ñuñoa, julio",
    "source": "Municipalidad de Ñuñoa",
    "licence": "CC BY 4.0",
    "attribution": None,
    "blurred": True,
    "state": "scoring",
    "created_at": "2026-11-24T09:04:07Z",
    "completed_at": "2026-11-24T09:12:40Z",
    "counts": _COUNTS,
}


class BatchIn(Shape):
    """blurred: faces and plates are blurred, so everyone may see the images."""

    model_config = example(
        title="Ñuñoa, julio",
        source="Municipalidad de Ñuñoa",
        licence="CC BY 4.0",
        attribution=None,
        blurred=True,
    )

    title: Short
    source: Short = Field(description="Who took the photos")
    licence: Short = Field(description="Under which terms")
    attribution: Short | None = None
    blurred: bool = False


class Counts(Shape):
    """Files of a batch by verdict; accepted ones that were deleted later are in `files` only.

    scored, unreadable, failed: of the accepted ones.
    """

    files: int
    accepted: int
    held: int
    duplicate: int
    rejected: int
    scored: int
    unreadable: int
    failed: int

    @property
    def waiting(self) -> int:
        return max(0, self.accepted - self.scored - self.unreadable - self.failed)


class BatchOut(Shape):
    model_config = example(**_BATCH)

    id: int
    title: str
    source: str
    licence: str
    attribution: str | None
    blurred: bool
    state: BatchState
    created_at: datetime
    completed_at: datetime | None
    counts: Counts


class Progress(BatchOut):
    """release: the one whose scores are counted, null while none has rankers.

    jobs: waiting or running. workers: alive now. published: all that is scored is on the map.
    bbox: west, south, east, north of the batch's photos.
    """

    model_config = example(
        **_BATCH,
        release="santiago-2026-11",
        jobs=1,
        workers=2,
        published=False,
        bbox=[-70.62, -33.47, -70.58, -33.44],
    )

    release: str | None
    jobs: int
    workers: int
    published: bool
    bbox: tuple[float, float, float, float] | None


class Left(Shape):
    """Of a batch that is being deleted: photos and held files that are still there."""

    model_config = example(left=1850)

    left: int


class UploadOut(Shape):
    """What became of one file; reason is a stable code, message an English sentence.

    sha256: of its bytes, 64 hex digits; with the path it tells who sends again what has arrived.
    """

    model_config = example(
        id=512,
        path="Irarrázaval/0001.jpg",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        verdict="accepted",
        reason=None,
        warnings=["near-duplicate"],
        message=None,
        photo_id=120481,
        resembles=120480,
        scored=False,
    )

    id: int
    path: str
    sha256: str
    verdict: Verdict
    reason: str | None = Field(description=f"One of {', '.join(REASONS)}")
    warnings: list[str] = Field(description=f"Any of {', '.join(WARNINGS)}")
    message: str | None
    photo_id: int | None
    resembles: int | None = Field(
        default=None, description="Of the warning near-duplicate; null once that photo is deleted"
    )
    scored: bool = False


class ProblemOut(Shape):
    where: str
    reason: str
    message: str


class PositionOut(Shape):
    """A row of a manifest, as the form of its file takes it."""

    filename: str
    lat: float
    lon: float
    heading_deg: float | None
    captured_at: datetime | None


class PlaceOut(Shape):
    """placed: held photos that got their place. rows: for the files that are still to come."""

    model_config = example(
        placed=1,
        rows=[
            {
                "filename": "Irarrázaval/0001.jpg",
                "lat": -33.4541,
                "lon": -70.6012,
                "heading_deg": 90.0,
                "captured_at": "2026-07-03T11:20:00Z",
            }
        ],
        problems=[{"where": "row 3", "reason": "impossible-position", "message": "lat is 133.45."}],
    )

    placed: int
    rows: list[PositionOut]
    problems: list[ProblemOut]
