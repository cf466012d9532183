"""Who may add photos: accounts, the sessions of signed-in browsers, and tokens for scripts."""

from app.accounts import attempts
from app.accounts.account import (
    AccountNotFound,
    Caller,
    LastAccount,
    Scope,
    any_exist,
    create,
    named,
    names,
    remove,
    renew_password,
)
from app.accounts.attempts import SignInPaused
from app.accounts.signing_in import (
    SESSION_LASTS,
    WrongPassword,
    by_session,
    sessions_since,
    sign_in,
    sign_out,
    sign_out_everywhere,
)
from app.accounts.tokens import (
    Token,
    TokenNotFound,
    by_token,
    create_token,
    revoke_token,
    revoke_tokens,
    tokens,
)

__all__ = [
    "SESSION_LASTS",
    "AccountNotFound",
    "Caller",
    "LastAccount",
    "Scope",
    "SignInPaused",
    "Token",
    "TokenNotFound",
    "WrongPassword",
    "any_exist",
    "attempts",
    "by_session",
    "by_token",
    "create",
    "create_token",
    "named",
    "names",
    "remove",
    "renew_password",
    "revoke_token",
    "revoke_tokens",
    "sessions_since",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "tokens",
]
