"""Who may use the admin's side, and by what: a browser's session or a script's token.

A session is taken only from a page of our own: the browser says where a request comes from, in
Sec-Fetch-Site or, over plain HTTP, in Origin. A token is nothing a browser sends by itself.
"""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app import accounts
from app.accounts import Caller
from app.db import SessionFactory, reading
from app.errors import Forbidden, NotSignedIn
from app.settings import Settings

PLAIN_COOKIE = "mirada_session"
SECURE_COOKIE = "__Host-mirada_session"
SIGN_IN = "/admin/sign-in"

_SAFE = ("GET", "HEAD", "OPTIONS")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class ForeignOrigin(Forbidden):
    """A page of another site sent the request; the signed-in admin did not mean it."""

    code = "foreign-origin"


class ScopeMissing(Forbidden):
    code = "scope-missing"


def asks_for_tls(request: Request) -> bool:
    """Whether the session's cookie is one that browsers keep and send over TLS only."""
    settings: Settings = request.app.state.settings
    if settings.cookie_secure != "auto":
        return settings.cookie_secure == "always"
    return request.url.scheme == "https" or not _is_this_machine(request)


def browser_keeps_cookie(request: Request) -> bool:
    """False where TLS is needed and missing, so that signing in would lead nowhere."""
    return request.url.scheme == "https" or not asks_for_tls(request) or _is_this_machine(request)


def keep_session(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        _cookie(request),
        token,
        max_age=int(accounts.SESSION_LASTS.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=asks_for_tls(request),
    )


def end_session(request: Request, response: Response) -> None:
    response.delete_cookie(
        _cookie(request), path="/", httponly=True, samesite="lax", secure=asks_for_tls(request)
    )


def session_token(request: Request) -> str | None:
    """Only of the cookie that this address uses: another one could be set by a neighbour site."""
    return request.cookies.get(_cookie(request))


def must_be_ours(request: Request) -> None:
    """Raises ForeignOrigin for an unsafe request that no page of this site has sent."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin", "")
        ours = urlsplit(origin).netloc == request.headers.get("host", "") != ""
    if not ours:
        raise ForeignOrigin(
            "The request was sent by a page of another site. Open the admin pages and try there; "
            "a script sends a token instead (`mirada admin token`)."
        )


def get_caller(request: Request) -> Caller:
    """With a connection that is given back before the route begins."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    sessions: SessionFactory = request.app.state.sessions
    if scheme.lower() == "bearer":
        with reading(sessions) as session:
            caller = accounts.by_token(session, token.strip())
        if caller is None:
            raise NotSignedIn("The token is unknown, revoked or expired: make another one.")
        return caller
    cookie = session_token(request)
    if cookie is None:
        raise NotSignedIn("Sign in at /admin/sign-in, or send a token as `Authorization: Bearer`.")
    must_be_ours(request)
    with reading(sessions) as session:
        caller = accounts.by_session(session, cookie)
    if caller is None:
        raise NotSignedIn("The session has ended. Sign in again at /admin/sign-in.")
    return caller


def get_admin(caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
    if caller.scope != "admin":
        raise ScopeMissing("The token may upload photos only; this needs one of scope `admin`.")
    return caller


def get_reader(request: Request) -> Caller:
    """For pages: who is not signed in is led to the sign-in page, and from there back here."""
    try:
        return get_admin(get_caller(request))
    except NotSignedIn:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = f"{SIGN_IN}?{urlencode({'next': here})}"
        raise HTTPException(303, headers={"Location": address}) from None


def address_of(request: Request) -> str:
    """The address that attempts to sign in are counted by."""
    return request.client.host if request.client is not None else "unknown"


def _cookie(request: Request) -> str:
    return SECURE_COOKIE if asks_for_tls(request) else PLAIN_COOKIE


def _is_this_machine(request: Request) -> bool:
    host = request.url.hostname or ""
    return host in _THIS_MACHINE or host.endswith(".localhost")


CallerDep = Annotated[Caller, Depends(get_caller)]
AdminDep = Annotated[Caller, Depends(get_admin)]
ReaderDep = Annotated[Caller, Depends(get_reader)]
