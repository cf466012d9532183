"""Who may add photos: accounts, the sessions of signed-in browsers, and tokens for scripts.

Passwords are kept as Argon2 hashes, session and API tokens as SHA-256: they are random, so there
is nothing to guess in them, and a copy of the database opens no door.
"""

import hashlib
import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from pwdlib import PasswordHash
from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, Forbidden, NameTaken, NotFound, TooManyAttempts
from app.tables import Admin, AdminSession, ApiToken

SESSION_LASTS = timedelta(days=7)
TOKEN_PREFIX = "mirada_"

# Without the letters and digits that are mistaken for each other when read out.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}")

# Argon2 takes 64 MB a time; without a bound, many attempts at once would take the memory.
_hashing = threading.BoundedSemaphore(2)

Scope = Literal["upload", "admin"]
"""upload: batches and their files only. admin: everything."""


class AccountNotFound(NotFound):
    code = "account-not-found"


class AccountsExist(Conflict):
    code = "accounts-exist"


class WrongPassword(Forbidden):
    code = "wrong-password"


class SignInPaused(TooManyAttempts):
    """`wait_s`: full seconds until the next attempt is looked at."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many attempts to sign in. Try again in {wait_s} s.")
        self.wait_s = wait_s


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
    if _find(session, name) is not None:
        raise NameTaken(
            f"There is an account {name} already; `mirada admin password {name}` gives it a new "
            "password."
        )
    password = _password()
    session.add(Admin(name=name, password_hash=_hash(password)))
    session.flush()
    return password


def any_exist(session: Session) -> bool:
    return session.scalar(select(Admin.id).limit(1)) is not None


def renew_password(session: Session, name: str) -> str:
    """A new random password; all the account's sessions end and its tokens are revoked."""
    admin = _named(session, name)
    password = _password()
    admin.password_hash = _hash(password)
    sign_out_everywhere(session, admin.id)
    session.execute(delete(ApiToken).where(ApiToken.admin_id == admin.id))
    return password


def remove(session: Session, name: str) -> None:
    """The account with its sessions and tokens."""
    session.delete(_named(session, name))
    session.flush()


def names(session: Session) -> list[str]:
    return list(session.scalars(select(Admin.name).order_by(Admin.name)))


def sign_in(session: Session, name: str, password: str) -> str:
    """A session token for the cookie; WrongPassword says the same for an unknown name.

    It takes the same time, too, since a name without an account is compared with a made-up hash.
    """
    admin = _find(session, name)
    known = admin.password_hash if admin is not None else _nobodys_hash()
    with _hashing:
        matches, better_hash = _argon2().verify_and_update(password, known)
    if admin is None or not matches:
        raise WrongPassword("The name or the password is wrong.")
    if better_hash is not None:
        admin.password_hash = better_hash
    now = datetime.now(UTC)
    session.execute(delete(AdminSession).where(AdminSession.expires_at <= now))
    token = secrets.token_urlsafe(32)
    session.add(
        AdminSession(token_hash=_digest(token), admin_id=admin.id, expires_at=now + SESSION_LASTS)
    )
    session.flush()
    return token


def by_session(session: Session, token: str) -> Caller | None:
    """None for a token that is forged, ended or expired."""
    admin = session.scalar(
        select(Admin)
        .join(AdminSession)
        .where(
            AdminSession.token_hash == _digest(token), AdminSession.expires_at > datetime.now(UTC)
        )
    )
    return None if admin is None else Caller(admin.id, admin.name, "admin", "session")


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(AdminSession).where(AdminSession.token_hash == _digest(token)))


def sign_out_everywhere(session: Session, admin_id: int) -> None:
    session.execute(delete(AdminSession).where(AdminSession.admin_id == admin_id))


def create_token(
    session: Session, name: str, label: str, scope: Scope, lasts: timedelta | None
) -> str:
    """A script's token for the account, shown only now. lasts: None for one without an end."""
    admin = _named(session, name)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            token_hash=_digest(token),
            admin_id=admin.id,
            name=label,
            scope=scope,
            expires_at=None if lasts is None else datetime.now(UTC) + lasts,
        )
    )
    session.flush()
    return token


def by_token(session: Session, token: str) -> Caller | None:
    row = session.execute(
        select(Admin, ApiToken)
        .join(ApiToken)
        .where(
            ApiToken.token_hash == _digest(token),
            (ApiToken.expires_at > datetime.now(UTC)) | ApiToken.expires_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    admin, found = row
    return Caller(admin.id, admin.name, "admin" if found.scope == "admin" else "upload", "token")


def revoke_tokens(session: Session, name: str, label: str) -> int:
    """Number of the account's tokens of that label that were revoked."""
    admin = _named(session, name)
    result: CursorResult[ApiToken] = session.execute(  # type: ignore[assignment]
        delete(ApiToken).where(ApiToken.admin_id == admin.id, ApiToken.name == label)
    )
    return result.rowcount


class Attempts:
    """Slows down and locks out who guesses passwords, by account, by address and by both.

    An account seen from one address is paused soonest, so that a stranger elsewhere does not lock
    its owner out by a handful of attempts. Counts are this process's own and end with it.
    """

    LIMITS = (
        ("both", "5/minute;20/hour"),
        ("address", "20/minute;60/hour"),
        ("account", "100/hour"),
    )

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limits = [(kind, tuple(parse_many(text))) for kind, text in self.LIMITS]

    def begin(self, name: str, address: str) -> None:
        """Counts an attempt before it is looked at; SignInPaused where there were too many."""
        waits = [
            self._limiter.get_window_stats(limit, *key).reset_time - time.time()
            for limit, key in self._keys(name, address)
            if not self._limiter.hit(limit, *key)
        ]
        if waits:
            raise SignInPaused(max(1, round(max(waits))))

    def succeeded(self, name: str, address: str) -> None:
        for limit, key in self._keys(name, address):
            self._limiter.clear(limit, *key)

    def _keys(self, name: str, address: str) -> list[tuple[RateLimitItem, tuple[str, str]]]:
        # Hashed, so that a name of a megabyte takes no more memory than another.
        account = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]
        keys = {"both": f"{account} {address}", "address": address, "account": account}
        return [(limit, (kind, keys[kind])) for kind, limits in self._limits for limit in limits]


def _find(session: Session, name: str) -> Admin | None:
    if "\x00" in name:
        return None
    return session.scalar(select(Admin).where(Admin.name == name))


def _named(session: Session, name: str) -> Admin:
    admin = _find(session, name)
    if admin is None:
        raise AccountNotFound(
            f"There is no account {name}; `mirada admin list` names those there are."
        )
    return admin


def _password() -> str:
    """About 79 bits in four groups, as easy to type as such a thing can be."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


@cache
def _argon2() -> PasswordHash:
    return PasswordHash.recommended()


def _hash(password: str) -> str:
    with _hashing:
        return _argon2().hash(password)


@cache
def _nobodys_hash() -> str:
    return _hash(secrets.token_urlsafe(16))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
