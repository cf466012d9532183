"""API tokens: a script's key to an account, with a label, a scope and an end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from app.accounts.account import Caller, Scope, named
from app.accounts.secret import digest, new_token
from app.errors import NotFound
from app.tables import Admin, ApiToken

TOKEN_PREFIX = "mirada_"


class TokenNotFound(NotFound):
    code = "token-not-found"


@dataclass(frozen=True)
class Token:
    """What may be known of a token once it was shown."""

    id: int
    account: str
    label: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None


def create_token(
    session: Session, name: str, label: str, scope: Scope, lasts: timedelta | None
) -> str:
    """A script's token for the account, shown only now. lasts: None for one without an end."""
    admin = named(session, name)
    token = TOKEN_PREFIX + new_token()
    session.add(
        ApiToken(
            token_hash=digest(token),
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
            ApiToken.token_hash == digest(token),
            (ApiToken.expires_at > datetime.now(UTC)) | ApiToken.expires_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    admin, found = row
    return Caller(admin.id, admin.name, _scope(found), "token")


def tokens(session: Session) -> list[Token]:
    """Of all accounts, expired ones too, the newest first."""
    rows = session.execute(
        select(ApiToken, Admin.name)
        .join(Admin)
        .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )
    return [
        Token(row.id, account, row.name, _scope(row), row.created_at, row.expires_at)
        for row, account in rows
    ]


def revoke_token(session: Session, token_id: int) -> None:
    result: CursorResult[ApiToken] = session.execute(  # type: ignore[assignment]
        delete(ApiToken).where(ApiToken.id == token_id)
    )
    if result.rowcount == 0:
        raise TokenNotFound(f"There is no token {token_id}: it was revoked already.")


def revoke_tokens(session: Session, name: str, label: str) -> int:
    """Number of the account's tokens of that label that were revoked."""
    admin = named(session, name)
    result: CursorResult[ApiToken] = session.execute(  # type: ignore[assignment]
        delete(ApiToken).where(ApiToken.admin_id == admin.id, ApiToken.name == label)
    )
    return result.rowcount


def _scope(row: ApiToken) -> Scope:
    return "admin" if row.scope == "admin" else "upload"
