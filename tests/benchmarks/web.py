"""A client of the web process, and how quickly it answers while it is busy."""

import http.client
import json
import socket
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

HEALTH_EVERY_S = 0.1
KEPT_OPEN_S = 2.0
"""A server closes connections that are idle for a few seconds."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Web:
    """One connection at a time, kept open; not for several threads."""

    def __init__(self, port: int, token: str, pid: int) -> None:
        self.port, self.token, self.pid = port, token, pid
        self._connection = self._connect()
        self._used_at = time.monotonic()
        self._others: list[Web] = []

    def close(self) -> None:
        """With the other connections that were made of it."""
        for each in self._others:
            each.close()
        self._connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def another(self) -> "Web":
        """Another connection to the same process, for another thread."""
        self._others.append(Web(self.port, self.token, self.pid))
        return self._others[-1]

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            self._connection.close()
            return False

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        if time.monotonic() - self._used_at > KEPT_OPEN_S:
            self._connection.close()  # It opens itself again.
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = kind
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        status, content = answer.status, answer.read()
        self._used_at = time.monotonic()
        return status, content

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Raises RuntimeError for an answer that is no success."""
        sent = None if body is None else json.dumps(body).encode()
        status, content = self.ask(method, path, sent)
        if status >= 300:
            raise RuntimeError(f"{method} {path} answered {status}: {content[:500]!r}")
        return json.loads(content)

    def events(self, path: str, until: threading.Event) -> Iterator[Any]:
        """The data of each event, as a page gets them: stream after stream."""
        while not until.is_set():
            connection = self._connect()
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            for line in connection.getresponse():
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))
                if until.is_set():
                    break
            connection.close()
            until.wait(0.5)


def form(data: bytes, name: str, fields: dict[str, str]) -> tuple[bytes, str]:
    """Body and content type of a form with one file."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = "".join([*parts, head]).encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


class Meanwhile(ABC):
    """Something that goes on in a thread as long as a `with` lasts, until `over` is set.

    What it fails with is raised at the end.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._running = self._pool.submit(self.go_on)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._pool.shutdown()
        if error is None:
            self._running.result()

    @abstractmethod
    def go_on(self) -> None: ...


class Health(Meanwhile):
    """Asks /healthz ten times a second; `took_ms` is of each answer."""

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web.another()
        self.took_ms: list[float] = []

    def go_on(self) -> None:
        while not self.over.is_set():
            begun = time.perf_counter()
            status, _ = self._web.ask("GET", "/healthz")
            # One that fails is as slow as can be.
            took_ms = (time.perf_counter() - begun) * 1000 if status == 200 else float("inf")
            self.took_ms.append(took_ms)
            self.over.wait(HEALTH_EVERY_S)


class Events(Meanwhile):
    """An open page that follows something: when its news came, and what they were."""

    def __init__(self, web: Web, path: str) -> None:
        super().__init__()
        self._web = web.another()
        self._path = path
        self.came: list[tuple[float, Any]] = []

    def go_on(self) -> None:
        for news in self._web.events(self._path, self.over):
            self.came.append((time.perf_counter(), news))
