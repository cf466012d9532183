"""What every command stands on: the settings, and a database that can serve."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.db import SessionFactory


def settings() -> Settings:
    """Raises BadRequest for a variable that cannot be what it is set to."""
    from pydantic import ValidationError

    from app.errors import BadRequest

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "MIRADA_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadRequest(f"{name} cannot be {first['input']!r}: {first['msg']}.") from None


def database_url(given: Settings) -> str:
    """That of MIRADA_DATABASE_URL, else of the private cluster, which is started for it."""
    from app import cluster

    if given.database_url is not None:
        return given.database_url.get_secret_value()
    return cluster.ensure(given.data_dir)


@contextmanager
def engine(given: Settings, *, check: bool = True, pool_size: int = 5) -> Iterator["Engine"]:
    """Of a database that can serve; check: False for who is about to make it so.

    The private database is nobody else's, so its tables are brought up to date here.
    """
    from app import readiness
    from app.db import make_engine
    from app.errors import NotMigrated

    made = make_engine(database_url(given), pool_size=pool_size, application_name="mirada-cli")
    try:
        if check:
            try:
                readiness.check(made)
            except NotMigrated:
                if given.database_url is not None:
                    raise
                readiness.migrate(made)
        yield made
    finally:
        made.dispose()


@contextmanager
def sessions(given: Settings) -> Iterator["SessionFactory"]:
    from app.db import session_factory

    with engine(given) as made:
        yield session_factory(made)
