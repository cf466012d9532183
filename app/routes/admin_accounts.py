"""Accounts, tokens and sessions over HTTP: an API for scripts, and a page of plain forms."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import AfterValidator
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app import accounts
from app.accounts.shapes import (
    AccountIn,
    AccountOut,
    Days,
    Label,
    NewToken,
    PasswordOut,
    TokenIn,
    TokenOut,
)
from app.attributes import Language
from app.errors import BadRequest, Conflict
from app.routes.admin_access import AdminDep, ReaderDep, get_admin, get_reader
from app.routes.admin_frame import admin_page
from app.routes.pages import LanguageDep
from app.routes.sessions import SessionDep

PAGE = "/admin/accounts"

api = APIRouter(prefix="/api/admin", tags=["accounts"], dependencies=[Depends(get_admin)])
pages = APIRouter(prefix=PAGE, include_in_schema=False, dependencies=[Depends(get_reader)])


@api.get("/accounts")
def list_accounts(session: SessionDep) -> list[AccountOut]:
    """All accounts, by name."""
    return [AccountOut(name=name) for name in accounts.names(session)]


@api.post("/accounts", status_code=201)
def create_account(session: SessionDep, new: AccountIn) -> PasswordOut:
    """A new account with a random password, which is shown only in this answer."""
    return PasswordOut(name=new.name, password=accounts.create(session, new.name))


@api.post("/accounts/{name}/password")
def renew_password(session: SessionDep, name: str) -> PasswordOut:
    """A new random password; the account's sessions end and its tokens are revoked."""
    return PasswordOut(name=name, password=accounts.renew_password(session, name))


@api.delete("/accounts/{name}", status_code=204)
def remove_account(session: SessionDep, name: str) -> None:
    """Its sessions and tokens end with it. The last account stays."""
    accounts.remove(session, name, keep_last=True)


@api.get("/tokens")
def list_tokens(session: SessionDep) -> list[TokenOut]:
    """Of all accounts, without what opens: that is shown once, when a token is made."""
    return [TokenOut(**vars(token)) for token in accounts.tokens(session)]


@api.post("/tokens", status_code=201)
def create_token(session: SessionDep, caller: AdminDep, new: TokenIn) -> NewToken:
    """A token of the caller's account."""
    lasts = timedelta(days=new.days)
    return NewToken(token=accounts.create_token(session, caller.name, new.label, new.scope, lasts))


@api.delete("/tokens/{token_id}", status_code=204)
def revoke_token(session: SessionDep, token_id: int) -> None:
    """From the next request on it opens nothing."""
    accounts.revoke_token(session, token_id)


@api.delete("/sessions", status_code=204)
def end_sessions(session: SessionDep, caller: AdminDep) -> None:
    """Signs the caller's account out in every browser."""
    accounts.sign_out_everywhere(session, caller.admin_id)


@pages.get("", response_class=HTMLResponse)
def accounts_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep
) -> Response:
    return _page(request, session, reader, lang)


Name = Annotated[str, Form(max_length=200), AfterValidator(str.strip)]


@pages.post("", response_class=HTMLResponse)
def create_account_by_form(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep, name: Name
) -> Response:
    try:
        password = accounts.create(session, name)
    except (BadRequest, Conflict) as error:
        return _page(request, session, reader, lang, problem=error)
    return _page(request, session, reader, lang, password=(name, password))


@pages.post("/password", response_class=HTMLResponse)
def renew_password_by_form(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep, name: Name
) -> Response:
    password = accounts.renew_password(session, name)
    return _page(request, session, reader, lang, password=(name, password))


@pages.post("/remove")
def remove_account_by_form(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep, name: Name
) -> Response:
    try:
        accounts.remove(session, name, keep_last=True)
    except Conflict as error:
        return _page(request, session, reader, lang, problem=error)
    return RedirectResponse(f"{PAGE}?lang={lang}", 303)


@pages.post("/tokens", response_class=HTMLResponse)
def create_token_by_form(
    request: Request,
    session: SessionDep,
    reader: ReaderDep,
    lang: LanguageDep,
    label: Annotated[Label, Form()],
    scope: Annotated[accounts.Scope, Form()],
    days: Annotated[Days, Form()],
) -> Response:
    lasts = timedelta(days=days)
    token = accounts.create_token(session, reader.name, label, scope, lasts)
    return _page(request, session, reader, lang, token=(label, token))


@pages.post("/tokens/revoke")
def revoke_token_by_form(
    session: SessionDep, lang: LanguageDep, token_id: Annotated[int, Form(alias="id")]
) -> Response:
    accounts.revoke_token(session, token_id)
    return RedirectResponse(f"{PAGE}?lang={lang}", 303)


def _page(
    request: Request,
    session: SessionDep,
    reader: ReaderDep,
    lang: Language,
    *,
    password: tuple[str, str] | None = None,
    token: tuple[str, str] | None = None,
    problem: BadRequest | Conflict | None = None,
) -> Response:
    """password, token: whose it is and what it is, shown in this answer only."""
    return admin_page(
        request,
        session,
        reader,
        lang,
        "admin/accounts.html",
        {"kind": "accounts"},
        status=200 if problem is None else 422,
        names=accounts.names(session),
        tokens=accounts.tokens(session),
        signed_in_since=accounts.sessions_since(session, reader.admin_id),
        password=password,
        token=token,
        problem=problem,
    )


router = APIRouter()
router.include_router(api)
router.include_router(pages)
