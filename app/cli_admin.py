"""`mirada admin`: accounts, and tokens for scripts. Passwords and tokens are printed once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

app = typer.Typer(help="Accounts of the admin pages, and tokens.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account.")]


class Scope(StrEnum):
    upload = "upload"
    admin = "admin"


@app.command()
def create(
    name: Name,
    if_none: Annotated[
        bool, typer.Option("--if-none", help="Do nothing where there is an account already.")
    ] = False,
) -> None:
    """Make an account and print its password."""
    from app import accounts

    with _session() as session:
        if if_none and accounts.any_exist(session):
            names = accounts.names(session)
            print(
                f"accounts: {', '.join(names)} (a forgotten password is replaced by "
                f"`mirada admin password {names[0]}`)"
            )
            return
        password = accounts.create(session, name)
    _show_password(name, password)


@app.command()
def password(name: Name) -> None:
    """Give an account a new password; all its sessions and tokens end."""
    from app import accounts

    with _session() as session:
        new = accounts.renew_password(session, name)
    _show_password(name, new)


@app.command("list")
def list_accounts() -> None:
    """Print the accounts."""
    from app import accounts

    with _session() as session:
        for name in accounts.names(session):
            print(name)


@app.command()
def remove(name: Name) -> None:
    """Delete an account; its sessions and tokens end."""
    from app import accounts

    with _session() as session:
        accounts.remove(session, name)
    print(f"{name} is deleted")


@app.command()
def token(
    name: Name,
    label: Annotated[str, typer.Option(help="What it is for.")] = "script",
    scope: Annotated[Scope, typer.Option(help="upload: batches only.")] = Scope.upload,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it lasts.")] = 90,
) -> None:
    """Make a token that a script sends as `Authorization: Bearer`, and print it."""
    from app import accounts

    with _session() as session:
        made = accounts.create_token(session, name, label, scope.value, timedelta(days=days))
    print(made)


@app.command()
def revoke(
    name: Name, label: Annotated[str, typer.Option(help="What it was for.")] = "script"
) -> None:
    """End the account's tokens of that label."""
    from app import accounts

    with _session() as session:
        revoked = accounts.revoke_tokens(session, name, label)
    print(f"{revoked} tokens revoked")


def _show_password(name: str, new: str) -> None:
    print(f"account {name}, password {new} (shown only now; sign in at /admin)")


@contextmanager
def _session() -> Iterator["Session"]:
    from app import cluster, readiness
    from app.db import driver_errors, make_engine, session_factory
    from app.errors import NotMigrated
    from app.settings import Settings

    settings = Settings()
    given = settings.database_url
    url = cluster.ensure(settings.data_dir) if given is None else given.get_secret_value()
    engine = make_engine(url, application_name="mirada-cli")
    try:
        try:
            readiness.check(engine)
        except NotMigrated:
            # The private database is nobody else's, so its tables are brought up to date here.
            if given is not None:
                raise
            readiness.migrate(engine)
        with driver_errors(), session_factory(engine).begin() as session:
            yield session
    finally:
        engine.dispose()
