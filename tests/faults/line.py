"""The line between client and web: it carries every request, slowly, and keeps each answer.

What it has given to the client is acknowledged, whatever becomes of the client afterwards.
"""

import http.client
import json
import re
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TIMEOUT_S = 60
_FILES = re.compile(r"/api/admin/batches/(\d+)/files")
_LISTED = re.compile(r"/api/admin/batches/\d+/files\?.*")
_OF_THE_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}
    # What it reads must not be packed.
    | {"accept-encoding"}
)
VERDICT_STATUS = {"accepted": 202, "held": 202, "duplicate": 409, "rejected": 422}


@dataclass(frozen=True)
class Answer:
    verdict: str
    photo_id: int | None
    status: int | None
    """None where it stood in the list of the files that had arrived."""


class Line:
    """per_s: photos that it carries a second.

    acknowledged: the answers of each photo, by (path, sha256). cut: requests without an answer.
    """

    def __init__(self, web_port: int, per_s: float) -> None:
        self.acknowledged: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self.statuses: dict[int, int] = defaultdict(int)
        self.cut = 0
        self.batch_id: int | None = None
        self.in_flight = 0
        self._web_port = web_port
        self._every_s = 1 / per_s
        self._next_at = 0.0
        self._lock = threading.Lock()
        line = self

        class Handler(_Handler):
            carried_by = line

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for_turn(self) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + self._every_s
        time.sleep(turn - now)

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> "Carried":
        """Raises OSError or HTTPException where the web ends before it has answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self._web_port, timeout=TIMEOUT_S)
        with self._lock:
            self.in_flight += 1
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Carried(response.status, dict(response.getheaders()), response.read())
        finally:
            with self._lock:
                self.in_flight -= 1
            connection.close()

    def lost(self) -> None:
        with self._lock:
            self.cut += 1

    def given(self, method: str, path: str, carried: "Carried") -> None:
        """The client has it."""
        found = _FILES.fullmatch(path)
        with self._lock:
            if method == "GET" and _LISTED.fullmatch(path) and carried.status == 200:
                for file in json.loads(carried.body):
                    self._acknowledge(file, None)
            elif method == "POST" and found is not None:
                self.batch_id = int(found[1])
                self.statuses[carried.status] += 1
                if carried.status in VERDICT_STATUS.values():
                    self._acknowledge(json.loads(carried.body), carried.status)

    def _acknowledge(self, body: dict[str, Any], status: int | None) -> None:
        """A 409 of a batch that takes no more files is no verdict."""
        if "verdict" in body:
            answer = Answer(body["verdict"], body["photo_id"], status)
            self.acknowledged[body["path"], body["sha256"]].append(answer)


@dataclass(frozen=True)
class Carried:
    status: int
    headers: dict[str, str]
    body: bytes


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is killed between two requests resets its connection; all else is ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    carried_by: Line

    def do_GET(self) -> None:
        self._carry()

    def do_POST(self) -> None:
        self._carry()

    def log_message(self, format: str, *arguments: Any) -> None:
        """What became of a request is counted."""

    def _carry(self) -> None:
        """Where either end is dead, the other is left without an answer, as on a real line."""
        line = self.carried_by
        length = int(self.headers.get("content-length", 0))
        try:
            body = self.rfile.read(length)
            if len(body) < length:
                raise ConnectionResetError
            if self.command == "POST" and _FILES.fullmatch(self.path):
                line.wait_for_turn()
            carried = line.ask(self.command, self.path, body, _passed_on(dict(self.headers)))
            self.send_response_only(carried.status)
            for name, value in _passed_on(carried.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(carried.body)))
            self.end_headers()
            self.wfile.write(carried.body)
            self.wfile.flush()
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            line.lost()
            return
        line.given(self.command, self.path, carried)


def _passed_on(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_HOP}
