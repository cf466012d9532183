from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from app.attributes import Language
from app.exports import map as map_export
from app.exports import overview
from app.exports.built import Built
from app.routes import caching
from app.routes.parameters import ReleaseDep
from app.routes.sessions import SnapshotDep
from app.settings import Settings

router = APIRouter(tags=["exports"])

# The file runs scripts of its own, so it gets an origin of its own, and no network.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts"
)

MEDIA_TYPE: dict[overview.Kind, str] = {"png": "image/png", "svg": "image/svg+xml"}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {} for media_type in MEDIA_TYPE.values()}}
}


@router.get("/exports/overview.png", response_class=Response, responses=PICTURE)
@router.get("/exports/overview.svg", response_class=Response, responses=PICTURE)
def overview_figure(
    request: Request,
    session: SnapshotDep,
    release: ReleaseDep,
    lang: Annotated[Language, Query()] = "es",
) -> Response:
    """The first layer coloured by each of the six attributes, on one sheet for print or slides."""
    kept: caching.Kept = request.app.state.kept_exports
    settings: Settings = request.app.state.settings
    kind: overview.Kind = "svg" if request.url.path.endswith(".svg") else "png"
    layer = map_export.first_layer(session)
    version = (*caching.version_of(release), layer.key, layer.created_at, lang, kind)
    etag = caching.weak_etag(version)
    headers = {"Cache-Control": "no-cache", "ETag": etag}
    if caching.is_current(request, etag):
        return caching.not_modified(headers)
    content = kept.get(
        ("overview", version),
        lambda: overview.draw(session, release, kind, lang, settings.city_name),
    )
    return Response(content, headers=headers, media_type=MEDIA_TYPE[kind])


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
