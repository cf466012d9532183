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
    was_taken_back,
)
from app.batches.decoding import Decoder
from app.batches.expiry import drop_expired
from app.batches.placing import Placement, place
from app.batches.progress import LISTED, listing, progress, uploads
from app.batches.receiving import File, receive
from app.batches.removal import NothingToCancel, begin_deletion, cancel, delete
from app.batches.shapes import BatchIn, BatchOut, PlaceOut, Progress, UploadOut, Verdict

__all__ = [
    "LISTED",
    "BatchClosed",
    "BatchIn",
    "BatchOut",
    "Decoder",
    "File",
    "NothingToCancel",
    "PlaceOut",
    "Placement",
    "Progress",
    "UploadOut",
    "Verdict",
    "begin_deletion",
    "cancel",
    "complete",
    "create",
    "delete",
    "drop_expired",
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
    "was_taken_back",
]
