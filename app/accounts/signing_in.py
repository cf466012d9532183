"""Signing in and out: the sessions of browsers."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from app.accounts import secret
from app.accounts.account import Caller, find
from app.errors import Forbidden
from app.tables import Admin, AdminSession

SESSION_LASTS = timedelta(days=7)


class WrongPassword(Forbidden):
    code = "wrong-password"


def sign_in(session: Session, name: str, password: str) -> str:
    """A session token for the cookie; WrongPassword says the same for an unknown name.

    It takes the same time, too, since a name without an account is compared with a made-up hash.
    """
    with secret.turn():
        admin = find(session, name)
        known = admin.password_hash if admin is not None else secret.nobodys_hash()
        matches, better_hash = secret.argon2().verify_and_update(password, known)
    if admin is None or not matches:
        raise WrongPassword("The name or the password is wrong.")
    if better_hash is not None:
        admin.password_hash = better_hash
    now = datetime.now(UTC)
    session.execute(delete(AdminSession).where(AdminSession.expires_at <= now))
    token = secret.new_token()
    session.add(
        AdminSession(
            token_hash=secret.digest(token), admin_id=admin.id, expires_at=now + SESSION_LASTS
        )
    )
    session.flush()
    return token


def by_session(session: Session, token: str) -> Caller | None:
    """None for a token that is forged, ended or expired."""
    admin = session.execute(
        # Columns instead of an object: each photo that is uploaded pays for this.
        select(Admin.id, Admin.name)
        .join(AdminSession)
        .where(
            AdminSession.token_hash == secret.digest(token),
            AdminSession.expires_at > datetime.now(UTC),
        )
    ).one_or_none()
    return None if admin is None else Caller(admin.id, admin.name, "admin", "session")


def sessions_since(session: Session, admin_id: int) -> list[datetime]:
    """When each browser that is signed in to the account signed in, the last one first."""
    return list(
        session.scalars(
            select(AdminSession.created_at)
            .where(AdminSession.admin_id == admin_id, AdminSession.expires_at > datetime.now(UTC))
            .order_by(AdminSession.created_at.desc())
        )
    )


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(AdminSession).where(AdminSession.token_hash == secret.digest(token)))


def sign_out_everywhere(session: Session, admin_id: int) -> int:
    """Number of sessions that ended."""
    result: CursorResult[AdminSession] = session.execute(  # type: ignore[assignment]
        delete(AdminSession).where(AdminSession.admin_id == admin_id)
    )
    return result.rowcount
