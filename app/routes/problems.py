"""Every error is answered as problem details (RFC 9457) with a stable `code`."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import domain_error
from app.errors import Busy, DatabaseUnavailable, MiradaError, http_status

RETRY_AFTER_S: dict[type[MiradaError], int] = {Busy: 2, DatabaseUnavailable: 5}
UNKNOWN = "Something went wrong on our side. It has been logged; please try again later."

logger = logging.getLogger(__name__)


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **extensions: Any,
) -> ProblemResponse:
    """Never cached: the same URL may answer well a moment later."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **extensions,
    }
    return ProblemResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})


def install(app: FastAPI) -> None:
    app.add_exception_handler(MiradaError, _domain)
    app.add_exception_handler(DBAPIError, _driver)
    app.add_exception_handler(PoolTimeout, _driver)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_middleware(UnknownErrors)


def _domain(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, MiradaError)
    status = http_status(error)
    if status >= 500:
        logger.error("%s %s: %s", request.method, request.url.path, error)
    wait_s = next((s for kind, s in RETRY_AFTER_S.items() if isinstance(error, kind)), None)
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    reason = getattr(error, "reason", None)
    extensions = {} if reason is None else {"reason": reason}
    return problem(status, error.code, str(error), headers=headers, **extensions)


def _driver(request: Request, error: Exception) -> ProblemResponse:
    """Where a route opened its own session, outside of the dependencies."""
    assert isinstance(error, DBAPIError | PoolTimeout)
    domain = domain_error(error)
    if domain is None:
        raise error
    return _domain(request, domain)


def _http(request: Request, error: Exception) -> ProblemResponse:
    """What the router itself says, 404 and 405 above all: the code is the status in words."""
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    detail = error.detail
    if detail == HTTPStatus(error.status_code).phrase:
        detail = f"{detail}: {request.method} {request.url.path}"
    return problem(error.status_code, code, detail, headers=dict(error.headers or {}))


def _validation(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"]), "what": fault["msg"]}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
    return problem(422, "bad-request", detail, errors=faults)


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
            await problem(500, "internal-error", UNKNOWN)(scope, receive, send)
