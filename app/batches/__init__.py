"""Batches: what an admin uploads, what became of each file, and how far its scoring is."""

from app.batches.batch import (
    BatchClosed,
    complete,
    create,
    finished,
    get,
    give_up,
    mark_unreadable,
    retry,
    score,
    settle,
)
from app.batches.decoding import Decoder
from app.batches.placing import Placement, place
from app.batches.progress import listing, progress, uploads
from app.batches.receiving import File, receive
from app.batches.shapes import BatchIn, BatchOut, PlaceOut, Progress, UploadOut, Verdict

__all__ = [
    "BatchClosed",
    "BatchIn",
    "BatchOut",
    "Decoder",
    "File",
    "PlaceOut",
    "Placement",
    "Progress",
    "UploadOut",
    "Verdict",
    "complete",
    "create",
    "finished",
    "get",
    "give_up",
    "listing",
    "mark_unreadable",
    "place",
    "progress",
    "receive",
    "retry",
    "score",
    "settle",
    "uploads",
]
