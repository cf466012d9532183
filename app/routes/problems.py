"""Every error is answered as problem details (RFC 9457) with a stable `code`.

A browser that opens a page gets the same as a page.
"""

import errno
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import domain_error
from app.errors import (
    Busy,
    DatabaseUnavailable,
    MiradaError,
    NotMigrated,
    PhotoStoreUnavailable,
    StorageFull,
    http_status,
)
from app.routes import pages
from app.schemas import Problem

RETRY_AFTER_S: dict[type[MiradaError], int] = {
    Busy: 2,
    DatabaseUnavailable: 5,
    PhotoStoreUnavailable: 10,
    StorageFull: 30,
}
UNKNOWN = "Something went wrong on our side. It has been logged; please try again later."
MEDIA_TYPE = "application/problem+json"
FOR_PROGRAMS = ("/api/", "/assets/", "/exports/", "/healthz", "/photos/", "/readyz", "/tiles")

RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Problem details (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}

_EXTENSIONS = ("reason", "missing", "photos", "limit")
"""What some errors know beyond their sentence, for programs."""

logger = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    app.add_exception_handler(MiradaError, _domain)
    app.add_exception_handler(DBAPIError, _driver)
    app.add_exception_handler(PoolTimeout, _driver)
    app.add_exception_handler(OSError, _disk)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_middleware(UnknownErrors)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """Never cached: the same address may answer well a moment later."""
    response = _page(request, status, code, detail) if _wants_page(request) else None
    if response is None:
        body = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            **extensions,
        }
        response = JSONResponse(body, status, media_type=MEDIA_TYPE)
    response.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return response


def _wants_page(request: Request) -> bool:
    return (
        request.method == "GET"
        and "text/html" in request.headers.get("accept", "")
        and not request.url.path.startswith(FOR_PROGRAMS)
    )


def _page(request: Request, status: int, code: str, detail: str) -> Response | None:
    """None where no page can be made, as long as the front end is not built."""
    lang = pages.get_language(request, request.query_params.get("lang"))
    try:
        values = {"page": "error", "demo": False, "status": status, "code": code, "message": detail}
        return pages.render(request, "error.html", lang, values, status)
    except MiradaError:
        return None


def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, MiradaError)
    status = http_status(error)
    if status >= 500:
        logger.error("%s %s: %s", request.method, request.url.path, error)
    wait_s = next((s for kind, s in RETRY_AFTER_S.items() if isinstance(error, kind)), None)
    wait_s = getattr(error, "wait_s", wait_s)
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    extensions = {name: getattr(error, name) for name in _EXTENSIONS if hasattr(error, name)}
    return problem(request, status, error.code, str(error), headers=headers, **extensions)


def _driver(request: Request, error: Exception) -> Response:
    """A fault of the database that no session has put into words."""
    assert isinstance(error, DBAPIError | PoolTimeout)
    domain = domain_error(error)
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "42P01":
        domain = NotMigrated("The database lacks tables. Run `make migrate`, then try again.")
    if domain is None:
        raise error
    return _domain(request, domain)


def _disk(request: Request, error: Exception) -> Response:
    """Whatever was to be written: a photo, or a part of a request that waits for the rest."""
    assert isinstance(error, OSError)
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        raise error
    full = StorageFull("The server's disk is full. Nothing was kept; try again when there is room.")
    return _domain(request, full)


def _http(request: Request, error: Exception) -> Response:
    """What the router itself says, 404 and 405 above all: the code is the status in words."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "-")
    detail = error.detail
    if detail == phrase:
        detail = f"{phrase}: {request.method} {request.url.path}"
    headers = dict(error.headers or {})
    return problem(request, error.status_code, code, detail, headers=headers)


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"]), "what": fault["msg"]}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
    return problem(request, 422, "bad-request", detail, errors=faults)


class UnknownErrors:
    """Logs what nobody foresaw and says nothing of it, since its text may hold data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            if started or scope["type"] != "http":
                raise
            logger.exception("%s %s", scope["method"], scope["path"])
            request = Request(scope)
            response = await run_in_threadpool(problem, request, 500, "internal-error", UNKNOWN)
            await response(scope, receive, send)
