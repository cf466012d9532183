"""Photos on their way, a few at a time, each with an answer in the end."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from app.cli.upload.api import Api, CannotUpload, Json, NoAnswer, NotTaken, Stopped
from app.cli.upload.choosing import Choice
from app.cli.upload.found import Entry, Left, Unreadable
from app.cli.upload.positions import Positions
from app.images import MAX_BYTES
from app.untrusted import clean_path


@dataclass
class Outcome:
    """answers: one a photo, as the server gives them. known: how many of them were there before.

    unread: photos whose bytes could not be had. unsent: those that the server did not take.
    """

    answers: list[Json] = field(default_factory=list)
    known: int = 0
    unread: list[Left] = field(default_factory=list)
    unsent: list[Left] = field(default_factory=list)


class Sending:
    """notice: called after each photo, under a lock, with what has come out so far."""

    def __init__(
        self,
        api: Api,
        choice: Choice,
        positions: Positions,
        stop: threading.Event,
    ) -> None:
        self.outcome = Outcome()
        self.notice: Callable[[Outcome], None] = lambda outcome: None
        self._api = api
        self._choice = choice
        self._positions = positions
        self._known_paths = {path for path, _ in choice.known}
        self._stop = stop
        self._lock = threading.Lock()
        self._fault: BaseException | None = None

    def run(self, entries: Sequence[Entry], connections: int) -> Outcome:
        """Raises CannotUpload for what ends everything; `outcome` then holds what came before."""
        pool = ThreadPoolExecutor(connections, thread_name_prefix="upload")
        try:
            for future in [pool.submit(self._one, entry) for entry in entries]:
                future.result()
        except BaseException:
            self._stop.set()
            raise
        finally:
            # What is under way gets its answer, which would be lost otherwise.
            pool.shutdown(wait=True, cancel_futures=True)
        if self._fault is not None:
            raise self._fault
        return self.outcome

    def _one(self, entry: Entry) -> None:
        if self._stop.is_set():
            return
        outcome = self.outcome
        try:
            # Cut beyond the limit: the verdict is the same, and nobody waits for the rest.
            data = entry.read(MAX_BYTES)
            known = self._answer_of(entry, data)
            answer = known or self._send(entry.path, data)
            with self._lock:
                outcome.answers.append(answer)
                outcome.known += known is not None
                self.notice(outcome)
        except Unreadable as error:
            self._keep(outcome.unread, Left(entry.path, error.reason, str(error)))
        except NotTaken as error:
            self._keep(outcome.unsent, Left(entry.path, "not-taken", str(error)))
        except NoAnswer as error:
            self._keep(outcome.unsent, Left(entry.path, "no-answer", str(error)))
        except Stopped:
            return
        except CannotUpload as error:
            with self._lock:
                self._fault = self._fault or error
            self._stop.set()

    def _send(self, path: str, data: bytes) -> Json:
        fields = self._positions.of(path)
        return self._api.send(self._choice.id(), clean_path(path), data, fields)

    def _answer_of(self, entry: Entry, data: bytes) -> Json | None:
        path = clean_path(entry.path)
        if path not in self._known_paths:
            return None
        return self._choice.known.get((path, hashlib.sha256(data).hexdigest()))

    def _keep(self, lefts: list[Left], left: Left) -> None:
        with self._lock:
            lefts.append(left)
            self.notice(self.outcome)
