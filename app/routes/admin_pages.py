"""The admin's pages: the batches, and one page a batch."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from app import batches
from app.routes.admin_access import ReaderDep, get_reader
from app.routes.admin_frame import admin_page
from app.routes.pages import LanguageDep
from app.routes.sessions import SessionDep

FILES_AT_ONCE = 1000

router = APIRouter(include_in_schema=False, dependencies=[Depends(get_reader)])


@router.get("/admin", response_class=HTMLResponse)
def batches_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep
) -> Response:
    listed = batches.listing(session)
    data = {"kind": "batches", "batches": [batch.model_dump(mode="json") for batch in listed]}
    return admin_page(request, session, reader, lang, "admin/batches.html", data, batches=listed)


@router.get("/admin/batches/{batch_id}", response_class=HTMLResponse)
def batch_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep, batch_id: int
) -> Response:
    progress = batches.progress(session, batch_id)
    data = {"kind": "batch", "batch": progress.model_dump(mode="json")}
    return admin_page(request, session, reader, lang, "admin/batch.html", data, batch=progress)
