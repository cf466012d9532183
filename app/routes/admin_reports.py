"""Reports of photos that wait for an admin, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app import reports
from app.photos.delete import delete
from app.routes.admin_access import ReaderDep, get_admin, get_reader
from app.routes.admin_frame import admin_page
from app.routes.pages import LanguageDep
from app.routes.photos import PhotoId
from app.routes.sessions import SessionDep
from app.schemas import ReportList

PAGE = "/admin/reports"
REFUSAL = "reported"

api = APIRouter(prefix="/api/admin/reports", tags=["admin"], dependencies=[Depends(get_admin)])
pages = APIRouter(prefix=PAGE, include_in_schema=False, dependencies=[Depends(get_reader)])

ReportId = Annotated[int, Form(alias="id", ge=1, lt=2**63)]


@api.get("")
def list_reports(
    session: SessionDep, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> ReportList:
    """Those that wait, the oldest first. A take-down is `DELETE /api/admin/photos/{id}`."""
    return reports.listing(session, limit)


@api.delete("/{report_id}", status_code=204)
def dismiss_report(session: SessionDep, report_id: PhotoId) -> None:
    """The photo stays."""
    reports.dismiss(session, report_id)


@pages.get("", response_class=HTMLResponse)
def reports_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep
) -> Response:
    listed = reports.listing(session)
    data = {"kind": "reports"}
    return admin_page(request, session, reader, lang, "admin/reports.html", data, listed=listed)


@pages.post("/dismiss")
def dismiss_by_form(session: SessionDep, lang: LanguageDep, report_id: ReportId) -> Response:
    reports.dismiss(session, report_id)
    return RedirectResponse(f"{PAGE}?lang={lang}", 303)


@pages.post("/take-down")
def take_down_by_form(
    request: Request, session: SessionDep, lang: LanguageDep, report_id: ReportId
) -> Response:
    """The photo goes with all reports of it, and the same file is refused from then on."""
    photo_id = reports.photo_of(session, report_id)
    delete(session, [photo_id], request.app.state.files, refuse=True, reason=REFUSAL)
    return RedirectResponse(f"{PAGE}?lang={lang}", 303)


router = APIRouter()
for part in (api, pages):
    router.include_router(part)
