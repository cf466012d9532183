"""Whether a database can serve Mirada: one clear sentence where it cannot, and its migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.db import driver_errors
from app.errors import DatabaseAway, DatabaseTooOld, NotMigrated, PostgisMissing

ROOT = Path(__file__).parents[1]
MINIMUM_POSTGRESQL = 13
MINIMUM_POSTGIS = (3, 1)


def check(engine: Engine) -> None:
    """Raises a `DatabaseUnavailable` unless the database is there, able, and migrated."""
    with connected(engine) as connection, driver_errors():
        _check_able(connection)
        _check_migrated(connection)


def migrate(engine: Engine) -> None:
    """Brings the tables up to date. Of several processes at once, the later ones find it done.

    Not for several threads of one process: Alembic's context belongs to the process.
    """
    with connected(engine) as connection, driver_errors():
        _check_able(connection)
        config = alembic_config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise _too_new(connection) from error
        connection.commit()


def alembic_config() -> Config:
    return Config(toml_file=ROOT / "pyproject.toml")


def connected(engine: Engine) -> Connection:
    """A new connection, or `DatabaseAway` with the driver's reason (it never has the password)."""
    try:
        with driver_errors():
            return engine.connect()
    except (DatabaseAway, OperationalError) as error:
        cause = error.__cause__ if isinstance(error, DatabaseAway) else error
        reason = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        raise DatabaseAway(
            f"The database {_name(engine)} does not answer ({reason}). Start it, or check "
            f"MIRADA_DATABASE_URL; without that variable Mirada starts one of its own."
        ) from error


def _name(engine: Engine) -> str:
    url = engine.url
    host = url.host or url.query.get("host") or "localhost"
    return f"{url.database} on {host}" + (f":{url.port}" if url.port else "")


def _check_able(connection: Connection) -> None:
    name = _name(connection.engine)
    postgresql = connection.scalar(text("SELECT current_setting('server_version_num')::int")) or 0
    if postgresql < MINIMUM_POSTGRESQL * 10_000:
        raise DatabaseTooOld(
            f"The database {name} is PostgreSQL {postgresql // 10_000}, but Mirada needs "
            f"{MINIMUM_POSTGRESQL} or newer. Point MIRADA_DATABASE_URL to a newer server."
        )
    postgis = connection.scalar(
        text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
    )
    if postgis is None:
        raise PostgisMissing(
            f"The database {name} has no PostGIS. Run `CREATE EXTENSION postgis` in it as an "
            f"administrator; where that fails, install PostGIS on its server first."
        )
    if _version(postgis) < MINIMUM_POSTGIS:
        raise DatabaseTooOld(
            f"The database {name} has PostGIS {postgis}, but Mirada needs "
            f"{MINIMUM_POSTGIS[0]}.{MINIMUM_POSTGIS[1]} or newer. Update PostGIS on its server and "
            f"run `SELECT postgis_extensions_upgrade()`, or point MIRADA_DATABASE_URL elsewhere."
        )


def _version(written: str) -> tuple[int, int]:
    """(3, 4) of "3.4.0dev" or "3.4.2"; a part that is no number counts as 0."""
    parts = [*written.split("."), "0"]
    major, minor = ("".join(c for c in part if c.isdigit()) or "0" for part in parts[:2])
    return int(major), int(minor)


def _check_migrated(connection: Connection) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    heads = set(script.get_heads())
    current = set(MigrationContext.configure(connection).get_current_heads())
    if current == heads:
        return
    if not current <= {revision.revision for revision in script.walk_revisions()}:
        raise _too_new(connection)
    state = "has no tables yet" if not current else "has the tables of an older version"
    raise NotMigrated(
        f"The database {_name(connection.engine)} {state}. Run `make migrate` (or `mirada "
        f"migrate`), then try again."
    )


def _too_new(connection: Connection) -> NotMigrated:
    return NotMigrated(
        f"The database {_name(connection.engine)} was migrated by a newer version of Mirada than "
        f"this one. Update Mirada, or point MIRADA_DATABASE_URL to another database."
    )
