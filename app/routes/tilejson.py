"""What a map needs to know of a release, worked out once a version."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app import areas
from app.exports.tilejson import tilejson
from app.routes import caching
from app.routes.parameters import ReleaseDep
from app.routes.sessions import SnapshotDep
from app.schemas import TileJson
from app.settings import Settings
from app.tables import Release

router = APIRouter(tags=["tiles"])


@router.get("/tiles.json", response_model=TileJson)
def show(request: Request, session: SnapshotDep, release: ReleaseDep) -> Response:
    """TileJSON 3.0 of the current version, with what a map says of its release."""
    content = described(request, session, release).model_dump_json().encode()
    headers = {"Cache-Control": "no-cache", "ETag": caching.weak_etag(content)}
    if caching.is_current(request, headers["ETag"]):
        return caching.not_modified(headers)
    return Response(content, media_type="application/json", headers=headers)


def described(request: Request, session: Session, release: Release) -> TileJson:
    """With the address of the tiles absolute, under the host that the client asked."""
    settings: Settings = request.app.state.settings
    kept: caching.Kept = request.app.state.kept
    layers = tuple((layer.key, layer.created_at) for layer in areas.layers(session))
    found = kept.get(
        ("tilejson", caching.version_of(release), layers),
        lambda: tilejson(session, release, settings.city_name),
    )
    tileset = f"{request.base_url}tiles/{release.name}-{release.version}"
    return found.model_copy(update={"tiles": [f"{tileset}/{{z}}/{{x}}/{{y}}.mvt"]})
