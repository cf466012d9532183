"""Signing in and out."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import HTMLResponse, Response

from app import accounts
from app.accounts import SignInPaused, WrongPassword, attempts
from app.db import driver_errors
from app.routes.admin_access import (
    CallerDep,
    address_of,
    asks_for_tls,
    browser_keeps_cookie,
    end_session,
    keep_session,
    must_be_ours,
    session_token,
)
from app.routes.admin_texts import AdminWords
from app.routes.pages import LanguageDep, render
from app.routes.sessions import SessionDep

HOME = "/admin"

router = APIRouter(include_in_schema=False)

NextQuery = Annotated[str, Query(alias="next")]
NextForm = Annotated[str, Form(alias="next")]


@router.get("/admin/sign-in", response_class=HTMLResponse)
def sign_in_page(
    request: Request, lang: LanguageDep, to: NextQuery = HOME, failed: str = ""
) -> Response:
    return _page(request, lang, to)


@router.post("/admin/sign-in", response_class=HTMLResponse)
def sign_in(
    request: Request,
    session: SessionDep,
    lang: LanguageDep,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    to: NextForm = HOME,
) -> Response:
    must_be_ours(request)
    address = address_of(request)
    try:
        with driver_errors():
            attempts.begin(request.app.state.sessions, name, address)
        token = accounts.sign_in(session, name, password)
    except SignInPaused as paused:
        response = _page(request, lang, to, name, "paused", paused.wait_s, status=429)
        response.headers["Retry-After"] = str(paused.wait_s)
        return response
    except WrongPassword:
        return _page(request, lang, to, name, "wrong", status=403)
    attempts.forgive(session, name, address)
    response = RedirectResponse(_local(to), 303)
    keep_session(request, response, token)
    return response


@router.post("/admin/sign-out")
def sign_out(
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    everywhere: Annotated[bool, Form()] = False,
) -> Response:
    token = session_token(request)
    if token is not None:
        accounts.sign_out(session, token)
    if everywhere:
        accounts.sign_out_everywhere(session, caller.admin_id)
    response = RedirectResponse("/admin/sign-in", 303)
    end_session(request, response)
    return response


def _page(
    request: Request,
    lang: LanguageDep,
    to: str,
    name: str = "",
    problem: str = "",
    wait_s: int = 0,
    status: int = 200,
) -> Response:
    values = {
        "page": "admin",
        "demo": False,
        "a": AdminWords(lang),
        "next": _local(to),
        "name": name,
        "problem": problem,
        "wait_s": wait_s,
        "tls_missing": asks_for_tls(request) and not browser_keeps_cookie(request),
    }
    return render(request, "admin/sign_in.html", lang, values, status)


def _local(address: str) -> str:
    """An address of the admin's own pages; anything else, such as another site's, becomes home."""
    parts = urlsplit(address)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/admin")
    return address if ours and "\\" not in address and address.isprintable() else HOME
