"""A database that cannot serve says so in one sentence that says what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from app import readiness
from app.db import make_engine
from app.errors import DatabaseAway, DatabaseTooOld, NotMigrated, PostgisMissing
from tests.conftest import EMPTY, copied


@pytest.fixture
def bare_engine(server_url: str) -> Iterator[Engine]:
    """A database as `createdb` makes it: without PostGIS."""
    with copied(server_url, "template0") as url:
        yield from engine_of(url)


@pytest.fixture
def unmigrated_engine(server_url: str) -> Iterator[Engine]:
    with copied(server_url, EMPTY) as url:
        yield from engine_of(url)


def engine_of(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


def _renamed(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def test_a_migrated_database_is_ready(clean_engine: Engine) -> None:
    readiness.check(clean_engine)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://mirada:hunter2@127.0.0.1:1/mirada",
        "postgresql://mirada:hunter2@/mirada?host=/nowhere",
    ],
)
def test_a_database_that_is_away(url: str) -> None:
    engine = make_engine(url)
    with pytest.raises(DatabaseAway, match="does not answer") as caught:
        readiness.check(engine)
    assert "MIRADA_DATABASE_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_database_that_does_not_exist(server_url: str) -> None:
    with pytest.raises(DatabaseAway, match='database "atlantis" does not exist'):
        readiness.check(make_engine(_renamed(server_url, "atlantis")))


def test_a_database_without_postgis(bare_engine: Engine) -> None:
    for act in (readiness.check, readiness.migrate):
        with pytest.raises(PostgisMissing, match="CREATE EXTENSION postgis"):
            act(bare_engine)


def test_a_database_with_an_old_postgis(
    clean_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest PostGIS is old for a Mirada that asks for more than it."""
    monkeypatch.setattr(readiness, "MINIMUM_POSTGIS", (99, 0))
    with pytest.raises(DatabaseTooOld, match=r"needs 99\.0 or newer"):
        readiness.check(clean_engine)


def test_a_database_on_an_old_server(clean_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "MINIMUM_POSTGRESQL", 99)
    with pytest.raises(DatabaseTooOld, match="needs 99 or newer"):
        readiness.check(clean_engine)


@pytest.mark.parametrize(
    ("written", "read"),
    [("3.1.0", (3, 1)), ("3.10.2", (3, 10)), ("3.4dev", (3, 4)), ("4", (4, 0)), ("2.5.9", (2, 5))],
)
def test_versions_are_compared_as_numbers(written: str, read: tuple[int, int]) -> None:
    assert readiness._version(written) == read


def test_a_database_without_tables(unmigrated_engine: Engine) -> None:
    with pytest.raises(NotMigrated, match=r"no tables yet.*make migrate"):
        readiness.check(unmigrated_engine)
    readiness.migrate(unmigrated_engine)
    readiness.check(unmigrated_engine)


def test_a_database_with_the_tables_of_an_older_version(clean_engine: Engine) -> None:
    script = ScriptDirectory.from_config(readiness.alembic_config())
    [oldest] = script.get_bases()
    with clean_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": oldest})
    with pytest.raises(NotMigrated, match="older version"):
        readiness.check(clean_engine)


def test_a_database_of_a_newer_mirada(clean_engine: Engine) -> None:
    with clean_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    for act in (readiness.check, readiness.migrate):
        with pytest.raises(NotMigrated, match="newer version of Mirada"):
            act(clean_engine)


def test_processes_that_migrate_at_once_all_succeed(unmigrated_engine: Engine) -> None:
    url = unmigrated_engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=readiness.ROOT,
            env=os.environ | {"MIRADA_DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    readiness.check(unmigrated_engine)


def test_tables_and_migrations_agree(clean_engine: Engine) -> None:
    """`alembic check`: what `app/tables.py` declares is what the migrations make."""
    with clean_engine.connect() as connection:
        config = readiness.alembic_config()
        config.attributes["connection"] = connection
        command.check(config)


def test_every_migration_can_be_taken_back(clean_engine: Engine) -> None:
    with clean_engine.connect() as connection:
        config = readiness.alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        command.upgrade(config, "head")
        command.check(config)
