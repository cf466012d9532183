"""Databases for tests: a PostGIS cluster that lives as long as the run, and nobody else's data."""

import asyncio
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app import cluster, readiness
from app.db import SessionFactory, make_engine, session_factory
from app.photos.files import PhotoFiles
from app.settings import Settings

ROOT = Path(__file__).parents[1]
RUNS = Path(tempfile.gettempdir()) / f"mirada-tests-{os.geteuid()}"
TEMPLATE = "mirada_migrated"
EMPTY = "mirada_empty"
"""With PostGIS and without tables; like TEMPLATE, nobody connects to it, so it can be copied."""

run_folder = pytest.StashKey[Path]()
run_lock = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing of the developer's own installation may reach a test."""
    for name in [name for name in os.environ if name.startswith("MIRADA_")]:
        del os.environ[name]


def pytest_sessionstart(session: pytest.Session) -> None:
    worker_input: dict[str, str] | None = getattr(session.config, "workerinput", None)
    if worker_input is not None:
        session.config.stash[run_folder] = Path(worker_input["mirada_run"])
        return
    RUNS.mkdir(mode=0o755, exist_ok=True)
    _sweep()
    folder = RUNS / uuid.uuid4().hex[:12]
    folder.mkdir(mode=0o755)
    session.config.stash[run_folder] = folder
    session.config.stash[run_lock] = _hold(folder)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tells a worker of xdist where the run keeps its cluster."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    node.workerinput["mirada_run"] = str(config.stash[run_folder])  # type: ignore[attr-defined]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """By now all workers are gone; only the process that began the run holds its lock."""
    lock = config.stash.get(run_lock, None)
    if lock is not None:
        _delete(config.stash[run_folder])
        os.close(lock)


def _hold(folder: Path) -> int:
    """The kernel lets go of the lock when the run dies, however it dies."""
    lock = os.open(folder / "alive", os.O_RDONLY | os.O_CREAT, 0o644)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def _sweep() -> None:
    """Stops and deletes what runs that were killed left behind."""
    for folder in RUNS.iterdir():
        try:
            lock = _hold(folder)
        except BlockingIOError:
            continue
        _delete(folder)
        os.close(lock)


def _delete(folder: Path) -> None:
    for data_dir in folder.glob("*/"):
        cluster.remove(data_dir)
    shutil.rmtree(folder)


def _with_database(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _execute(url: str, *statements: str) -> None:
    """Outside of any transaction, as CREATE DATABASE wants it."""
    engine = make_engine(url, application_name="mirada-tests")
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


@contextmanager
def copied(server_url: str, template: str = TEMPLATE) -> Iterator[str]:
    """The URL of a copy of a database to which nobody is connected; it is dropped at the end."""
    name = f"copy_{uuid.uuid4().hex[:8]}"
    _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _with_database(server_url, name)
    finally:
        # Not WITH (FORCE): it would end autovacuum too, and fails since it may not. A plain DROP
        # waits for those that are ending, and may end autovacuum.
        _execute(
            server_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{name}' AND usename = current_user",
            f"DROP DATABASE {name}",
        )


def _migrate(url: str) -> None:
    engine = make_engine(url, application_name="mirada-tests")
    try:
        readiness.migrate(engine)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def cluster_home(pytestconfig: pytest.Config) -> Path:
    """A folder whose subfolders may hold clusters: they are removed at the end of the run."""
    return pytestconfig.stash[run_folder]


@pytest.fixture(scope="session")
def server_url(cluster_home: Path) -> str:
    """The run's cluster: database `mirada` has PostGIS and no tables, another one is migrated."""
    data_dir = cluster_home / "shared"
    url = cluster.ensure(data_dir, durable=False)
    with (cluster_home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = cluster_home / "template.ready"
        if not ready.exists():
            for name in (EMPTY, TEMPLATE):
                _execute(url, f"DROP DATABASE IF EXISTS {name}")
            # Only now: once the other tests run, somebody is always connected to it.
            _execute(url, f"CREATE DATABASE {EMPTY} TEMPLATE {cluster.DATABASE}")
            _execute(url, f"CREATE DATABASE {TEMPLATE} TEMPLATE {EMPTY}")
            _migrate(_with_database(url, TEMPLATE))
            ready.touch()
    return url


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """A migrated database of this worker. What a test commits here, it must take away again."""
    with copied(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, application_name="mirada-tests")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """All that a test does in it, commits included, is rolled back at its end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        factory = session_factory(engine)
        with factory(bind=connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def clean_database(server_url: str) -> Iterator[str]:
    """The URL of a migrated database of one test's own, for real commits and several sessions."""
    with copied(server_url) as url:
        yield url


@pytest.fixture
def clean_engine(clean_database: str) -> Iterator[Engine]:
    """With as many connections as any test has threads."""
    engine = make_engine(clean_database, pool_size=16, application_name="mirada-tests")
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(clean_engine: Engine) -> SessionFactory:
    return session_factory(clean_engine)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an installation with a data folder of the test's own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def files(settings: Settings) -> PhotoFiles:
    return PhotoFiles(settings.photo_dir)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that may not be part of the project; see its README for source and terms."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder}, which is not part of the project")
    return folder


@pytest.fixture(autouse=True)
def own_event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright leaves its idle loop set as running, and a process runs other tests after it."""
    if "browser" in request.fixturenames:
        yield
        return
    idle = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    yield
    asyncio.events._set_running_loop(idle)
