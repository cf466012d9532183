"""A real server on a real port, which may be stopped and started, and a folder to send to it."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import Engine, select

from app import accounts, cli
from app.db import SessionFactory, session_factory
from app.main import create_app
from app.settings import Settings
from app.tables import Batch, Upload

Asgi = Callable[..., Any]


class Server:
    """asked: each request to take a file, by its path within the server. faults: what a proxy
    would do to the next of them, called before the app.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._app = create_app(settings, engine)
        self.asked: list[str] = []
        self.fault: Callable[[int, Asgi, Any, Any, Any], Any] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(self._asgi, port=self.port, log_level="critical", interface="asgi3")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = None

    def close(self) -> None:
        self.stop()
        if hasattr(self._app.state, "decoder"):
            self._app.state.decoder.close()

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            self.asked.append(scope["path"])
            if self.fault is not None and scope["path"].endswith("/files"):
                await self.fault(len(self.files_asked), self._app, scope, receive, send)
                return
        await self._app(scope, receive, send)

    @property
    def files_asked(self) -> list[str]:
        return [path for path in self.asked if path.endswith("/files")]


@pytest.fixture
def server(clean_engine: Engine, settings: Settings) -> Iterator[Server]:
    server = Server(settings, clean_engine)
    server.start()
    yield server
    server.close()


@pytest.fixture
def token(sessions: SessionFactory) -> str:
    with sessions.begin() as session:
        accounts.create(session, "rosa")
        return accounts.create_token(session, "rosa", "test", "upload", None)


@dataclass
class Ended:
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def mirada(
    token: str,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """`mirada upload` in this process, with a token in the environment and the usual terms."""
    monkeypatch.setenv("MIRADA_TOKEN", token)

    def mirada(photos: Path, *arguments: object, terms: bool = True) -> Ended:
        usual = ["--source", "Municipalidad", "--licence", "CC BY 4.0"] if terms else []
        command = ["mirada", "upload", str(photos), "--url", server.url, *usual]
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", [*command, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return mirada


@pytest.fixture
def rows(clean_engine: Engine) -> Callable[[], list[tuple[str, str, str | None]]]:
    """(path, verdict, reason) of every file that has one, by path."""

    def rows() -> list[tuple[str, str, str | None]]:
        with session_factory(clean_engine)() as session:
            found = session.execute(
                select(Upload.path, Upload.verdict, Upload.reason).order_by(Upload.path)
            )
            return [(path, verdict, reason) for path, verdict, reason in found]

    return rows


@pytest.fixture
def batches(clean_engine: Engine) -> Callable[[], list[tuple[str, str]]]:
    """(title, state) of every batch, the oldest first."""

    def batches() -> list[tuple[str, str]]:
        with session_factory(clean_engine)() as session:
            found = session.execute(select(Batch.title, Batch.state).order_by(Batch.id))
            return [(title, state) for title, state in found]

    return batches


def environment(token: str) -> dict[str, str]:
    return os.environ | {"MIRADA_TOKEN": token}
