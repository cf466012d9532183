"""What every page behind the sign-in has in common."""

from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app import queue, reports
from app.accounts import Caller
from app.attributes import Language
from app.routes.admin_texts import AdminWords
from app.routes.pages import render


def admin_page(
    request: Request,
    session: Session,
    reader: Caller,
    lang: Language,
    template: str,
    data: dict[str, Any],
    status: int = 200,
    **values: object,
) -> Response:
    """data: for its scripts; values: for its template.

    Never kept by a browser: after signing out, going back shows nothing.
    """
    all_values = {
        "page": "admin",
        "demo": False,
        "a": AdminWords(lang),
        "reader": reader,
        "reports_waiting": reports.count(session),
        "workers": queue.live_workers(session),
        "page_data": {"lang": lang, **data},
        **values,
    }
    response = render(request, template, lang, all_values, status)
    response.headers["Cache-Control"] = "no-store"
    return response
