"""The pages of releases: all of them, and one beside the release that is shown."""

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from app import releases
from app.routes.admin_access import ReaderDep, get_reader
from app.routes.admin_frame import admin_page
from app.routes.admin_releases import listed
from app.routes.attributes import ALL
from app.routes.pages import LanguageDep
from app.routes.sessions import SessionDep

router = APIRouter(
    prefix="/admin/releases", include_in_schema=False, dependencies=[Depends(get_reader)]
)


@router.get("", response_class=HTMLResponse)
def releases_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep
) -> Response:
    data = {"kind": "releases", "list": listed(request, session).model_dump(mode="json")}
    return admin_page(request, session, reader, lang, "admin/releases.html", data)


@router.get("/{name}", response_class=HTMLResponse)
def release_page(
    request: Request, session: SessionDep, reader: ReaderDep, lang: LanguageDep, name: str
) -> Response:
    release = releases.described(session, releases.get(session, name))
    shown = releases.active(session)
    others = [each.name for each in releases.listing(session) if each.name != name]
    data = {
        "kind": "release",
        "release": release.model_dump(mode="json"),
        "active": None if shown is None else shown.name,
        "others": others,
        "attributes": [each.model_dump(mode="json") for each in ALL],
    }
    return admin_page(request, session, reader, lang, "admin/release.html", data, release=release)
