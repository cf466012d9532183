"""API tokens: a script's key to an account, with a label, a scope and an end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import CursorResult, delete, select, text
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


# Text, since each photo that is uploaded pays for it.
_BY_TOKEN = text("""
    SELECT admin.id, admin.name, api_token.scope
      FROM api_token JOIN admin ON admin.id = api_token.admin_id
     WHERE token_hash = :token_hash AND (expires_at > statement_timestamp() OR expires_at IS NULL)
""")


def by_token(session: Session, token: str) -> Caller | None:
    row = session.execute(_BY_TOKEN, {"token_hash": digest(token)}).one_or_none()
    if row is None:
        return None
    return Caller(row.id, row.name, _scope(row.scope), "token")


def tokens(session: Session) -> list[Token]:
    """Of all accounts, expired ones too, the newest first."""
    rows = session.execute(
        select(ApiToken, Admin.name)
        .join(Admin)
        .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )
    return [
        Token(row.id, account, row.name, _scope(row.scope), row.created_at, row.expires_at)
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


def _scope(stored: str) -> Scope:
    return "admin" if stored == "admin" else "upload"
