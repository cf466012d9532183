"""Which batch the photos go to: a new one, or the one that an earlier run of the command began.

The server's list says it, by what a batch says of itself; nothing is written on this side. So an
upload goes on from any machine, and even if it was killed before it knew its batch's number.
"""

import threading
from dataclasses import dataclass

from app.cli.upload.api import Api, CannotUpload, Json

TAKEN_BACK = ("cancelled", "deleting")
EXPIRED = "expired"
"""Held too long without a position and dropped: another batch takes it."""


@dataclass(frozen=True)
class Described:
    """What a batch says of itself. Two of the same words are one upload."""

    title: str
    source: str
    licence: str
    attribution: str | None = None
    blurred: bool = False

    def is_said_of(self, batch: Json) -> bool:
        return all(batch[name] == value for name, value in vars(self).items())


class Choice:
    """known: verdicts that are there, by path and sha256. began: whether an earlier run did.

    same: the newest first. target: the one that takes photos, None for one that is to be made.
    """

    def __init__(
        self, api: Api, described: Described, same: list[Json], target: Json | None
    ) -> None:
        self._api = api
        self._described = described
        self._lock = threading.Lock()
        self._open = target
        self._last = same[0] if same else None
        self.began = bool(same)
        self.known = {
            (answer["path"], answer["sha256"]): answer
            for batch in reversed(same)
            for answer in api.files(batch["id"])
            if answer["reason"] != EXPIRED
        }

    @property
    def open_id(self) -> int | None:
        """Of the batch that takes photos, None while there is none."""
        return None if self._open is None else int(self._open["id"])

    @property
    def shown(self) -> Json | None:
        """The batch that the photos are in, or were the last time."""
        return self._open or self._last

    def id(self) -> int:
        """Of the batch that takes photos. Made only now if there is none: all may have arrived."""
        with self._lock:
            if self._open is None:
                self._open = self._api.retried(self._found_or_made)
            return int(self._open["id"])

    def manifest_id(self) -> int:
        """Held photos of a batch that is complete can still be placed."""
        return self.id() if self.shown is None else int(self.shown["id"])

    def _found_or_made(self) -> Json:
        """An attempt whose answer was lost may have made it."""
        for batch in self._api.listed():
            if batch["state"] == "open" and self._described.is_said_of(batch):
                return batch
        return self._api.create(vars(self._described))


def described(api: Api, wanted: Described) -> Choice:
    """The batches of the same words, those that were cancelled left out."""
    same = [
        batch
        for batch in api.batches()
        if wanted.is_said_of(batch) and batch["state"] not in TAKEN_BACK
    ]
    return Choice(api, wanted, same, next((b for b in same if b["state"] == "open"), None))


def numbered(api: Api, batch_id: int) -> Choice:
    """Raises CannotUpload for a batch that is not there or was cancelled.

    One that is complete takes no photos either, but they may all have arrived.
    """
    batch = api.get(f"/batches/{batch_id}")
    if batch["state"] in TAKEN_BACK:
        raise CannotUpload(
            f"Batch {batch_id} is {batch['state']}: it takes no photos. Without --batch a new "
            "one is made."
        )
    names = ("title", "source", "licence", "attribution", "blurred")
    return Choice(api, Described(**{name: batch[name] for name in names}), [batch], batch)
