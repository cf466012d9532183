"""A Mirada of its own to be killed: a durable PostGIS, a release, a web, two workers, a client."""

import os
import secrets
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from shapely import box
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app import accounts, areas, cluster, readiness, releases, scores, totals
from app.attributes import KEYS
from app.cluster import place, server
from app.db import make_engine, session_factory
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import Layer
from tests.faults.process import Process
from tests.rankers import write_release

ROOT = Path(__file__).parents[2]
CLI = (sys.executable, "-c", "from app.cli import main; main()")
QUICK_CLI = """
from app import queue
queue.HEARTBEAT_S, queue.STALLED_AFTER_S = 0.5, 3
from app.cli import main
main()
"""
WORKERS = 2
REFERENCES = 50
"""Raw outputs that make the scale; no photo stands behind them."""
MARK = "MIRADA_FAULTS"


class Installation:
    """settings: of a data folder that is empty. side_px: what the networks see.

    quick: workers are taken for dead after 3 s and not after 30 s, for a short test.
    """

    def __init__(self, folder: Path, settings: Settings, *, side_px: int, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self.settings = settings
        self.files = PhotoFiles(self.settings.photo_dir)
        self.url = cluster.ensure(self.settings.data_dir, durable=True)
        self.engine: Engine = make_engine(self.url, application_name="mirada-faults")
        self.sessions = session_factory(self.engine)
        self.database_kills = 0
        self.port = _free_port()
        self.mark = secrets.token_hex(8)
        self.release_id, self.token = self._fill(side_px)
        self.web = self._process("web", "serve", "--port", str(self.port))
        self.workers = [self._worker(f"worker-{number}") for number in range(WORKERS)]

    def client(self, photos: Path, line_port: int) -> Process:
        return self._process(
            "client",
            *("upload", str(photos), "--url", f"http://127.0.0.1:{line_port}"),
            *("--source", "A test", "--licence", "CC0-1.0", "--blurred"),
            ends=True,
        )

    def kill_database(self) -> None:
        """All its processes at once, as the kernel does when memory runs out or the power goes."""
        for pid in server.processes(place.of(self.settings.data_dir)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.database_kills += 1

    def start_database(self) -> None:
        cluster.ensure(self.settings.data_dir)

    def running_jobs(self) -> int:
        """Scoring jobs of workers that are believed to live; 0 where the database is away."""
        query = text(
            "SELECT count(*) FROM procrastinate_jobs job"
            " JOIN procrastinate_workers worker ON worker.id = job.worker_id"
            " WHERE job.status = 'doing' AND job.args ? 'photo_ids'"
            " AND worker.last_heartbeat > now() - make_interval(secs => :fresh_s)"
        )
        try:
            with self.sessions() as session:
                return session.scalar(query, {"fresh_s": 2 if self.quick else 11}) or 0
        except DBAPIError:
            return 0

    def stop(self) -> None:
        for process in (*self.workers, self.web):
            process.stop()

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MIRADA_")}
        return clean | {
            "MIRADA_DATABASE_URL": self.url,
            "MIRADA_DATA_DIR": str(self.settings.data_dir),
            "MIRADA_TOKEN": self.token,
            MARK: self.mark,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }

    def _process(self, name: str, *arguments: str, ends: bool = False) -> Process:
        return Process(name, [*CLI, *arguments], self.environment(), self.folder, ends=ends)

    def _worker(self, name: str) -> Process:
        cli = (sys.executable, "-c", QUICK_CLI) if self.quick else CLI
        return Process(name, [*cli, "worker"], self.environment(), self.folder)

    def _fill(self, side_px: int) -> tuple[int, str]:
        """A city of one layer without photos, and a release that is ready for some."""
        readiness.migrate(self.engine)
        layer = Layer(key="comuna", label_es="Comunas", label_en="Communes", source="a test")
        rows = [
            areas.AreaRow(str(column), f"Comuna {column}", box(west, -33.6, west + 0.02, -33.4))
            for column, west in enumerate((-70.71, -70.69, -70.67, -70.65, -70.63))
        ]
        folder = write_release(self.folder / "trained", "first", side_px=side_px)
        with self.sessions.begin() as session:
            totals.load_layer(session, layer, rows)
            release = releases.register(session, folder, self.settings.release_dir)
            raws = np.random.default_rng(0).normal(0, 0.1, REFERENCES)
            scale = {number: dict.fromkeys(KEYS, float(raw)) for number, raw in enumerate(raws)}
            scores.keep_scale(session, release.id, scale)
            release.state = "ready"
            accounts.create(session, "rosa")
            token = accounts.create_token(session, "rosa", "faults", "upload", None)
            return release.id, token


def wait_for_port(port: int, timeout_s: float) -> bool:
    ends_at = time.monotonic() + timeout_s
    while time.monotonic() < ends_at:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
