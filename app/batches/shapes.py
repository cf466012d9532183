"""Shapes of what the admin's side answers about batches."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.batches.reasons import REASONS, WARNINGS
from app.schemas import Shape

Verdict = Literal["accepted", "held", "duplicate", "rejected"]
BatchState = Literal["open", "scoring", "done", "cancelled", "deleting"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds a character that cannot be printed")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]


class BatchIn(Shape):
    """blurred: faces and plates are blurred, so everyone may see the images."""

    title: Line
    source: Line = Field(description="Who took the photos", examples=["Municipalidad de Ñuñoa"])
    licence: Line = Field(description="Under which terms", examples=["CC BY 4.0"])
    attribution: Line | None = None
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

    release: str | None
    jobs: int
    workers: int
    published: bool
    bbox: tuple[float, float, float, float] | None


class Left(Shape):
    """Of a batch that is being deleted: photos and held files that are still there."""

    left: int


class UploadOut(Shape):
    """What became of one file; reason is a stable code, message an English sentence.

    sha256: of its bytes, 64 hex digits; with the path it tells who sends again what has arrived.
    """

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

    placed: int
    rows: list[PositionOut]
    problems: list[ProblemOut]
