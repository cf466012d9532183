"""Engine and sessions: the one file that knows the database driver."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import Busy, DatabaseAway, MiradaError, StorageFull

SessionFactory = sessionmaker[Session]


def make_engine(
    url: str,
    *,
    pool_size: int = 5,
    max_overflow: int = 0,
    pool_wait_s: float = 30.0,
    statement_timeout_ms: int | None = None,
    application_name: str = "mirada",
) -> Engine:
    """An engine of at most `pool_size + max_overflow` connections, checked before use when idle.

    url: a plain `postgresql://` URL is read with psycopg 3 too.
    pool_wait_s: a request that waits longer for a connection raises `Busy`.
    """
    options = "-c timezone=UTC"
    if statement_timeout_ms is not None:
        options += f" -c statement_timeout={statement_timeout_ms}"
    engine = create_engine(
        with_driver(url),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_wait_s,
        connect_args={
            "options": options,
            "application_name": application_name,
            "connect_timeout": 5,
        },
    )
    _check_idle_ones(engine)
    return engine


CHECKED_AFTER_S = 1.0
"""A connection that answered so lately is used without asking, which costs as much as a read."""


def _check_idle_ones(engine: Engine) -> None:
    """As SQLAlchemy's pre-ping, for connections that have not been used for a moment.

    A database that went away within that moment fails one request, as it does between any two
    statements.
    """

    @event.listens_for(engine, "checkin")
    def note(_: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get("used_at", time.monotonic()) < CHECKED_AFTER_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # The pool throws away what it has and tries with a new connection.
            raise InvalidatePoolError(str(error)) from error


def with_driver(url: str) -> str:
    """The same URL with psycopg 3 named as the driver, as SQLAlchemy wants it."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def without_driver(url: str) -> str:
    """The same URL as libpq and procrastinate want it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def session_factory(engine: Engine) -> SessionFactory:
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def reading(sessions: SessionFactory) -> Iterator[Session]:
    """For a single statement that only reads: without a BEGIN and a COMMIT around it."""
    with driver_errors(), sessions() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield session


_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"


def copy_in(session: Session, table: str, columns: Sequence[str], rows: bytes) -> None:
    """Appends rows in PostgreSQL's binary COPY format, the fastest way in.

    A row: the number of its columns in 2 bytes, then for each its length in 4 bytes and the value,
    all big-endian.
    """
    driver = session.connection().connection.driver_connection
    assert driver is not None
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for part in (_COPY_HEADER, rows, _COPY_TRAILER):
            copy.write(part)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turns what the driver says of a lost, full or crowded database into the domain's words."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        domain = domain_error(error)
        if domain is None:
            raise
        raise domain from error


def domain_error(error: DBAPIError | PoolTimeout) -> MiradaError | None:
    """The domain's error for one of the driver's; None where the fault is ours."""
    if isinstance(error, PoolTimeout):
        return Busy("All database connections are in use. Try again in a moment.")
    if error.connection_invalidated or isinstance(error, OperationalError):
        return _of_state(getattr(error.orig, "sqlstate", None))
    return None


def bare_domain_error(error: BaseException | None) -> MiradaError | None:
    """The same for one that did not come through SQLAlchemy, as those of the queue's package."""
    return _of_state(error.sqlstate) if isinstance(error, psycopg.OperationalError) else None


def _of_state(state: str | None) -> MiradaError | None:
    """state: SQLSTATE of an operational error, None where the connection itself is lost."""
    if state in ("57014", "55P03"):  # query_canceled by statement_timeout, lock_not_available
        return Busy("The database took too long to answer. Try again in a moment.")
    if state in ("40001", "40P01"):  # serialization_failure, deadlock_detected
        return Busy("Another change came in between. Try again in a moment.")
    if state == "53100":  # disk_full
        return StorageFull(
            "The disk of the database is full. Nothing that was confirmed is lost; make room "
            "there, then try again."
        )
    if state in (None, "57P01", "57P02", "57P03", "53300", "08000", "08003", "08006", "08001"):
        return DatabaseAway(
            "The database does not answer. Check that PostgreSQL runs and that "
            "MIRADA_DATABASE_URL points to it; without that variable `make serve` starts one."
        )
    return None
