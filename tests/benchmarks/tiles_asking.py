"""Who asks for tiles in `tests.benchmarks.tiles`: one after another, several at once, a flood."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

FLOOD_CHUNK = 32
PATIENCE_S = 300.0
_LENGTH = re.compile(rb"content-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    took_ms: float
    cache: str | None


class Asker:
    """One connection, kept open, one request at a time; gzip is accepted."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def ask(self, path: str) -> Answer:
        begun = time.perf_counter()
        self._connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = self._connection.getresponse()
        content = answer.read()
        took_ms = (time.perf_counter() - begun) * 1000
        return Answer(answer.status, content, took_ms, answer.getheader("X-Cache"))

    def close(self) -> None:
        self._connection.close()


def one_by_one(port: int, paths: Sequence[str]) -> list[Answer]:
    asker = Asker(port)
    try:
        return [asker.ask(path) for path in paths]
    finally:
        asker.close()


def at_once(
    port: int, paths: Sequence[str], askers: int, done: Callable[[], object] = lambda: None
) -> list[Answer]:
    """Each path once, by so many connections; in the order of the paths."""
    local = threading.local()
    opened: list[Asker] = []

    def ask(path: str) -> Answer:
        if not hasattr(local, "asker"):
            local.asker = Asker(port)
            opened.append(local.asker)
        answer: Answer = local.asker.ask(path)
        done()
        return answer

    try:
        with ThreadPoolExecutor(askers) as pool:
            return list(pool.map(ask, paths))
    finally:
        for asker in opened:
            asker.close()


class Flood:
    """Requests without waiting for the answers before, on two connections in turn.

    So the client costs little beside even nginx, and the rate is the server's.
    """

    def __init__(self, port: int, paths: Sequence[str]) -> None:
        self._lines = [
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()
            for path in paths
        ]
        self._sockets = [_connected(port) for _ in range(2)]

    def close(self) -> None:
        for each in self._sockets:
            each.close()

    def rate(self, at_least_s: float) -> float:
        """Requests a second. RuntimeError for an answer that is no tile."""
        answered = sent = 0
        begun = time.perf_counter()
        waiting: list[int] = [0, 0]
        turn = 0
        while time.perf_counter() - begun < at_least_s or any(waiting):
            answered += _receive(self._sockets[turn], waiting[turn])
            waiting[turn] = 0
            if time.perf_counter() - begun < at_least_s:
                chunk = [self._lines[(sent + i) % len(self._lines)] for i in range(FLOOD_CHUNK)]
                self._sockets[turn].sendall(b"".join(chunk))
                sent += FLOOD_CHUNK
                waiting[turn] = FLOOD_CHUNK
            turn = 1 - turn
        return answered / (time.perf_counter() - begun)


def _connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _receive(source: socket.socket, answers: int) -> int:
    buffer = b""
    for _ in range(answers):
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            buffer += _more(source)
        head = buffer[: end + 2]
        found = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or found is None:
            raise RuntimeError(f"No tile: {head[:300]!r}")
        whole = end + 4 + int(found[1])
        while len(buffer) < whole:
            buffer += _more(source)
        buffer = buffer[whole:]
    return answers


def _more(source: socket.socket) -> bytes:
    received = source.recv(1 << 20)
    if not received:
        raise RuntimeError("The server closed the connection.")
    return received
