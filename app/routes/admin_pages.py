"""The admin's pages: the batches, and one page a batch."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, Response

from app import batches
from app.routes.admin_access import ReaderDep, get_reader
from app.routes.admin_frame import admin_page
from app.routes.pages import LanguageDep
from app.routes.sessions import SessionDep

BATCHES_AT_ONCE = 50

router = APIRouter(include_in_schema=False, dependencies=[Depends(get_reader)])


@router.get("/admin", response_class=HTMLResponse)
def batches_page(
    request: Request,
    session: SessionDep,
    reader: ReaderDep,
    lang: LanguageDep,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    found = batches.listing(session, before, BATCHES_AT_ONCE + 1)
    listed = found[:BATCHES_AT_ONCE]
    data = {"kind": "batches", "batches": [batch.model_dump(mode="json") for batch in listed]}
    return admin_page(
        request,
        session,
        reader,
        lang,
        "admin/batches.html",
        data,
        batches=listed,
        older=listed[-1].id if len(found) > len(listed) else None,
        is_first=before is None,
    )


@router.get("/admin/batches/{batch_id}", response_class=HTMLResponse)
def batch_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep, batch_id: int
) -> Response:
    progress = batches.progress(session, batch_id)
    data = {"kind": "batch", "batch": progress.model_dump(mode="json")}
    return admin_page(request, session, reader, lang, "admin/batch.html", data, batch=progress)
