"""`mirada admin`: accounts, and tokens for scripts. Passwords and tokens are printed once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app import opening

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


@app.command()
def tokens() -> None:
    """Print the tokens of all accounts, without what opens."""
    from app import accounts

    with _session() as session:
        for token in accounts.tokens(session):
            ends = "never" if token.expires_at is None else f"{token.expires_at:%Y-%m-%d}"
            print(
                f"{token.account}: {token.label}, {token.scope}, "
                f"made {token.created_at:%Y-%m-%d}, ends {ends}"
            )


@app.command("sign-out")
def sign_out(name: Name) -> None:
    """Sign the account out in every browser; its tokens stay."""
    from app import accounts

    with _session() as session:
        ended = accounts.sign_out_everywhere(session, accounts.named(session, name).id)
    print(f"{ended} sessions of {name} ended")


def _show_password(name: str, new: str) -> None:
    print(f"account {name}, password {new} (shown only now; sign in at /admin)")


@contextmanager
def _session() -> Iterator["Session"]:
    from app.db import driver_errors

    with (
        opening.sessions(opening.settings()) as factory,
        driver_errors(),
        factory.begin() as session,
    ):
        yield session
