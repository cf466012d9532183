"""Accounts: made and given passwords by who runs Mirada, or by another admin."""

import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.accounts.secret import hashed, new_password
from app.errors import BadRequest, Conflict, NameTaken, NotFound
from app.tables import Admin, AdminSession, ApiToken

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}")

Scope = Literal["upload", "admin"]
"""upload: batches and their files only. admin: everything."""


class AccountNotFound(NotFound):
    code = "account-not-found"


class LastAccount(Conflict):
    """Without an account nobody could sign in."""

    code = "last-account"


@dataclass(frozen=True)
class Caller:
    """Who sends a request, and by what: a browser's session or a script's token."""

    admin_id: int
    name: str
    scope: Scope
    by: Literal["session", "token"]


def create(session: Session, name: str) -> str:
    """A new account's password, random and shown only now."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name!r} cannot name an account: use 1 to 63 letters, digits and . _ @ -, "
            "beginning with a letter or digit."
        )
    if find(session, name) is not None:
        raise NameTaken(
            f"There is an account {name} already; `mirada admin password {name}` gives it a new "
            "password."
        )
    password = new_password()
    session.add(Admin(name=name, password_hash=hashed(password)))
    session.flush()
    return password


def any_exist(session: Session) -> bool:
    return session.scalar(select(Admin.id).limit(1)) is not None


def renew_password(session: Session, name: str) -> str:
    """A new random password; all the account's sessions end and its tokens are revoked."""
    admin = named(session, name)
    password = new_password()
    admin.password_hash = hashed(password)
    session.execute(delete(AdminSession).where(AdminSession.admin_id == admin.id))
    session.execute(delete(ApiToken).where(ApiToken.admin_id == admin.id))
    return password


def remove(session: Session, name: str, *, keep_last: bool = False) -> None:
    """The account with its sessions and tokens. keep_last: LastAccount where there is no other."""
    admin = named(session, name)
    # In one order, so that two who remove each other's account wait for one another.
    session.execute(select(Admin.id).order_by(Admin.id).with_for_update())
    if keep_last and session.scalar(select(func.count()).select_from(Admin)) == 1:
        raise LastAccount(
            f"{name} is the only account. Make another one first, or remove it by "
            f"`mirada admin remove {name}`."
        )
    session.delete(admin)
    session.flush()


def names(session: Session) -> list[str]:
    return list(session.scalars(select(Admin.name).order_by(Admin.name)))


def find(session: Session, name: str) -> Admin | None:
    if "\x00" in name:
        return None
    return session.scalar(select(Admin).where(Admin.name == name))


def named(session: Session, name: str) -> Admin:
    admin = find(session, name)
    if admin is None:
        raise AccountNotFound(
            f"There is no account {name}; `mirada admin list` names those there are."
        )
    return admin
