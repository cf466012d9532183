"""An installation for one benchmark: a database and a data folder of its own, real processes.

The database keeps what it is told through a crash, as a user's does, so commits cost what they
cost a user.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import psycopg

from app import accounts, cluster, readiness
from app.cluster import place, server
from app.db import SessionFactory, make_engine, session_factory, without_driver
from app.errors import NameTaken
from app.photos.files import PhotoFiles
from app.settings import Settings
from tests.benchmarks.web import Web, free_port

CLI = "from app.cli import main; main()"
PATIENCE_S = 120.0
_SCORED = re.compile(r": (\d+) photos in ")


class Process:
    """A command of Mirada's in a process of its own; what it says is in a file.

    core: the only one that it may use.
    """

    def __init__(
        self, command: list[str], settings: Settings, url: str, log: Path, core: int | None
    ) -> None:
        self._log = log
        clean = {name: value for name, value in os.environ.items() if "MIRADA_" not in name}
        own = {
            "MIRADA_DATABASE_URL": url,
            "MIRADA_DATA_DIR": str(settings.data_dir),
            # Pages ask no other host for tiles.
            "MIRADA_BASEMAP_URL": "",
        }
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command, env=clean | own, stdout=file, stderr=subprocess.STDOUT
            )
        if core is not None:
            # Long before it starts threads, which take over what it may use.
            os.sched_setaffinity(self._process.pid, {core})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def photos(self) -> int:
        """Photos that a worker has put through its networks, by what it said."""
        return sum(int(number) for number in _SCORED.findall(self.said()))

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Watcher:
    """Looks at the database many times a second, at a third of what a session's query costs.

    What watches runs on the cores that are measured.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def value(self, query: LiteralString, *parameters: object) -> object:
        found = self._connection.execute(query, parameters, prepare=True).fetchone()
        assert found is not None
        return found[0]


class Installation:
    def __init__(self, folder: Path, url: str, sessions: SessionFactory) -> None:
        self.folder = folder
        self.settings = Settings(data_dir=folder / "data")
        self.url = url
        self.sessions = sessions
        self.files = PhotoFiles(self.settings.photo_dir)
        self.processes: list[Process] = []
        self.webs: list[Web] = []

    def start(self, *arguments: str, core: int | None = None) -> Process:
        """`mirada …`, or with `-c` or `-m` first whatever Python is to run."""
        is_python = arguments[0] in ("-c", "-m")
        words = [sys.executable, *(() if is_python else ("-c", CLI)), *arguments]
        log = self.folder / f"{len(self.processes)}.log"
        process = Process(words, self.settings, self.url, log, core)
        self.processes.append(process)
        return process

    def serve(self, *python: str) -> Web:
        """A web process that answers, and an admin's way to it.

        python: `-c` and code that is run in place of the plain command.
        """
        port = free_port()
        process = self.start(*python, "serve", "--port", str(port))
        web = Web(port, self._token(), process.pid)
        self.webs.append(web)
        self.wait("the web process answers", web.answers)
        return web

    def wait(
        self, what: str, is_so: Callable[[], bool], every_s: float = 0.05, at_most_s: float = 600.0
    ) -> None:
        """Until it is so; RuntimeError with what the processes said where that takes too long."""
        ends_at = time.monotonic() + at_most_s
        while not is_so():
            dead = [process for process in self.processes if process.ended]
            if dead or time.monotonic() > ends_at:
                said = "\n".join(process.said()[-2000:] for process in dead or self.processes)
                raise RuntimeError(f"It never came true that {what}. The processes said:\n{said}")
            time.sleep(every_s)

    @contextmanager
    def watching(self) -> Iterator["Watcher"]:
        with psycopg.connect(without_driver(self.url), autocommit=True) as connection:
            yield Watcher(connection)

    def postgres(self) -> list[int]:
        """The processes of the database."""
        return server.processes(place.of(self.settings.data_dir))

    def _token(self) -> str:
        with self.sessions.begin() as session:
            with suppress(NameTaken):
                accounts.create(session, "bench")
            return accounts.create_token(session, "bench", "bench", "admin", timedelta(days=1))


@contextmanager
def installed(kept: Path | None = None) -> Iterator[Installation]:
    """Deleted at the end with all that it holds, but for a folder that is to be kept."""
    with _folder(kept) as folder:
        folder.chmod(0o755)
        data_dir = folder / "data"
        engine = make_engine(cluster.ensure(data_dir), pool_size=8)
        url = engine.url.render_as_string(hide_password=False)
        stand = Installation(folder, url, session_factory(engine))
        try:
            readiness.migrate(engine)
            yield stand
        finally:
            for web in stand.webs:
                web.close()
            for process in stand.processes:
                with suppress(ProcessLookupError):
                    process.stop()
            engine.dispose()
            if kept is None:
                cluster.remove(data_dir)
            else:
                cluster.stop(data_dir)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="mirada-bench-") as name:
            yield Path(name)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
