"""Connections of the pool: used without asking while they are warm, asked once they were idle."""

import pytest
from sqlalchemy import Engine, text

from app import db
from app.db import make_engine

BREAK = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND application_name = 'broken'"
)


def run(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_a_connection_that_broke_while_it_was_idle_is_replaced(
    clean_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "CHECKED_AFTER_S", 0.0)
    engine = make_engine(clean_database, application_name="broken", pool_size=2)
    other = make_engine(clean_database)
    first = run(engine)
    with other.connect() as connection:
        connection.execute(BREAK)
    assert run(engine) != first
    engine.dispose()
    other.dispose()


def test_a_warm_connection_is_used_without_asking(
    clean_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(clean_database)
    asked: list[object] = []
    monkeypatch.setattr(engine.dialect, "do_ping", asked.append)
    assert run(engine) == run(engine)
    assert asked == []
    monkeypatch.setattr(db, "CHECKED_AFTER_S", 0.0)
    run(engine)
    assert len(asked) == 1
    engine.dispose()
