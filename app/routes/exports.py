from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from app.attributes import Language
from app.exports import map as map_export
from app.exports.built import Built
from app.routes import caching
from app.routes.parameters import ReleaseDep
from app.routes.sessions import SnapshotDep

router = APIRouter(tags=["exports"])

# The file runs scripts of its own, so it gets an origin of its own, and no network.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts"
)


@router.get("/exports/map.html", response_class=HTMLResponse)
def map_file(
    request: Request,
    session: SnapshotDep,
    release: ReleaseDep,
    lang: Annotated[Language, Query()] = "es",
) -> Response:
    """The first layer's map in one file that works without any network, to keep or to pass on."""
    built: Built = request.app.state.built
    kept: caching.Kept = request.app.state.kept_exports
    layer = map_export.first_layer(session)
    version = (*caching.version_of(release), layer.key, layer.created_at, lang)
    etag = caching.weak_etag(version)
    headers = {"Cache-Control": "no-cache", "ETag": etag, "Content-Security-Policy": POLICY}
    if caching.is_current(request, etag):
        return caching.not_modified(headers)
    content = kept.get(("map", version), lambda: map_export.html(session, release, lang, built))
    return HTMLResponse(content, headers=headers)
