"""The one file of the uploading client that speaks HTTP."""

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from app.cli.upload import answers
from app.cli.upload.given import checked_token, checked_url
from app.errors import MiradaError

T = TypeVar("T")
Json = dict[str, Any]

ATTEMPTS = 10
LONGEST_PAUSE_S = 30.0
GIVEN_UP = 4
"""Photos in a row without an answer, after which it is not the photos."""
TIMEOUT = httpx2.Timeout(180, connect=10, pool=None)
"""The server decodes before it answers, two files at a time."""
PAGE = 1000
VERDICTS = ("accepted", "held", "duplicate", "rejected")


class CannotUpload(MiradaError):
    """Nothing more can be sent; the sentence says why and what to do.

    problem: the server's stable word for it, empty where it has none.
    """

    code = "cannot-upload"

    def __init__(self, message: str, problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


class Stopped(Exception):
    """The person, or a fault that ends everything, wants no more attempts."""


class NoAnswer(Exception):
    """The same request may succeed a little later. retry_after_s: what the server asks for."""

    def __init__(self, message: str, retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotTaken(Exception):
    """The server refuses this one request; others may succeed."""


class Api:
    """Many threads may use one. `stop` ends pauses between attempts; `say` hears of them."""

    def __init__(
        self,
        url: str,
        token: str,
        connections: int,
        stop: threading.Event,
        say: Callable[[str], None],
    ) -> None:
        self._url = checked_url(url)
        self._stop = stop
        self._say = say
        self._said_at = -math.inf
        self._given_up = 0
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {checked_token(token)}"},
            timeout=TIMEOUT,
            limits=httpx2.Limits(max_connections=connections + 1),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def batches(self) -> list[Json]:
        """The last 200, the newest first."""
        return self.retried(self.listed)

    def listed(self) -> list[Json]:
        """As `batches`, in one attempt. Raises NoAnswer."""
        answer: list[Json] = self._must("GET", "/batches")
        return answer

    def files(self, batch_id: int) -> list[Json]:
        found: list[Json] = []
        while True:
            after = found[-1]["id"] if found else 0
            page = self.get(f"/batches/{batch_id}/files?after={after}&limit={PAGE}")
            found += page
            if len(page) < PAGE:
                return found

    def page(self, batch_id: int) -> str:
        """Where an admin sees the batch."""
        return f"{self._url}/admin/batches/{batch_id}"

    def get(self, path: str) -> Any:
        return self.retried(lambda: self._must("GET", path))

    def post(self, path: str, **given: Any) -> Any:
        """Only for requests that may arrive twice without harm."""
        return self.retried(lambda: self._must("POST", path, **given))

    def create(self, new: Mapping[str, Any]) -> Json:
        """One attempt: a second one might make a second batch. Raises NoAnswer."""
        answer: Json = self._must("POST", "/batches", json=dict(new))
        return answer

    def send(self, batch_id: int, path: str, data: bytes, fields: Mapping[str, str]) -> Json:
        """The verdict of one photo, also where it is a duplicate or rejected.

        Raises NoAnswer or NotTaken where it is this photo that does not come through.
        """
        try:
            answer = self._tried(lambda: self._send(batch_id, path, data, fields))
        except NoAnswer as failure:
            # Either nobody is there, or nothing passes, or it is the photo.
            self._given_up += 1
            if self._given_up >= GIVEN_UP or not self._is_there(batch_id):
                raise self._away(failure) from None
            raise
        self._given_up = 0
        return answer

    def retried(self, attempt: Callable[[], T]) -> T:
        """Raises CannotUpload once ten attempts had no answer, and Stopped."""
        try:
            return self._tried(attempt)
        except NoAnswer as failure:
            raise self._away(failure) from None

    def _tried(self, attempt: Callable[[], T]) -> T:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                return attempt()
            except NoAnswer as failure:
                if number == ATTEMPTS:
                    raise
                self._say_waiting(failure)
                self._stop.wait(pause_s(number, failure.retry_after_s))
        raise Stopped

    def _is_there(self, batch_id: int) -> bool:
        try:
            self._ask("GET", f"/batches/{batch_id}")
        except NoAnswer:
            return False
        return True

    def _away(self, failure: NoAnswer) -> CannotUpload:
        return CannotUpload(
            f"{self._url} does not answer after {ATTEMPTS} attempts ({failure}). Nothing that "
            "arrived is lost: run the same command again, and it goes on from there."
        )

    def _say_waiting(self, failure: NoAnswer) -> None:
        now = time.monotonic()
        if now - self._said_at >= LONGEST_PAUSE_S:
            self._said_at = now
            self._say(f"No answer from {self._url} ({failure}). Trying again …")

    def _send(self, batch_id: int, path: str, data: bytes, fields: Mapping[str, str]) -> Json:
        name = path.rpartition("/")[2]
        response = self._ask(
            "POST",
            f"/batches/{batch_id}/files",
            files={"file": (name, data, "application/octet-stream")},
            data={"path": path, **fields},
        )
        body = answers.body(response)
        if response.status_code in (409, 422) and body.get("verdict") in VERDICTS:
            return body | {"message": body.get("detail")}
        if response.status_code == 409:
            raise CannotUpload(answers.detail(response))
        if not response.is_success:
            raise NotTaken(answers.detail(response))
        if body.get("verdict") not in VERDICTS:
            raise CannotUpload(f"{self._url} answers, but not as Mirada does.")
        return body

    def _must(self, method: str, path: str, **given: Any) -> Any:
        response = self._ask(method, path, **given)
        if not response.is_success:
            raise CannotUpload(
                answers.detail(response), str(answers.body(response).get("code", ""))
            )
        try:
            return response.json()
        except ValueError:
            raise CannotUpload(f"{self._url} answers, but not as Mirada does.") from None

    def _ask(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """Raises NoAnswer for what passes, and CannotUpload for what holds for every request."""
        address = f"{self._url}/api/admin{path}"
        try:
            response = self._client.request(method, address, **given)
        except httpx2.TransportError as error:
            raise NoAnswer(str(error) or type(error).__name__) from None
        status = response.status_code
        if status == 429 or status >= 500:
            raise NoAnswer(answers.detail(response), answers.retry_after_s(response))
        if status in (401, 403, 404) or response.is_redirect:
            raise CannotUpload(self._explained(response))
        return response

    def _explained(self, response: httpx2.Response) -> str:
        detail = answers.detail(response)
        if response.status_code == 401:
            return (
                f"{self._url} does not accept the token ({detail}) "
                "One is made by `mirada admin token NAME` where Mirada runs, or on its admin pages."
            )
        if response.status_code == 403:
            return f"{self._url} does not let this token upload. {detail}"
        if response.is_redirect:
            target = response.headers.get("location", "elsewhere")
            return f"{self._url} leads to {target}. Give that server's address as --url."
        if answers.body(response).get("code") == "batch-not-found":
            return f"{detail} It may have been deleted. Without --batch a new one is made."
        return f"There is no Mirada at {self._url} (404). Is the address right?"


def pause_s(attempt: int, retry_after_s: float = 0) -> float:
    """Before the attempt after `attempt` failed ones: doubled each time, at most half a minute.

    Somewhere in its upper half at random, so that those whom one fault stopped come back apart.
    """
    longest: float = min(2.0 ** (attempt - 1), LONGEST_PAUSE_S)
    return max(retry_after_s, longest * random.uniform(0.5, 1))
