"""Vector tiles of large layers, `/tiles/areas/{layer}-{version}/{z}/{x}/{y}.mvt`.

They follow the same rules as the tiles of scores. A layer's outlines never change: loaded anew, it
is another version.
"""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app import areas
from app.areas import ListedLayer
from app.errors import LayerNotFound, TileNotFound
from app.routes import caching, tiles
from app.routes.sessions import SnapshotDep
from app.routes.tiles import Tileset
from app.schemas import AreaTileJson, VectorLayer
from app.tables import Layer
from app.tilegrid import MAX_ZOOM, MIN_ZOOM

router = APIRouter(tags=["tiles"])

LAYER = VectorLayer(
    id="areas",
    description=(
        "One polygon per area, whose feature id is its `id` in /api/areas/{layer}. Simplified by "
        "zoom, with common borders; what is less than a unit of the tile's grid is not there"
    ),
    minzoom=MIN_ZOOM,
    maxzoom=MAX_ZOOM,
    fields={},
)


@router.get("/tiles/areas/{layer}.json", response_model=AreaTileJson)
def show(request: Request, session: SnapshotDep, layer: str) -> Response:
    """TileJSON 3.0 of a large layer's outlines; 404 for a layer that is one file of GeoJSON."""
    found = areas.layer(session, layer)
    if not found.tiled:
        raise _no_tiles(found)
    described = AreaTileJson(
        name=found.label_en,
        tiles=[f"{str(request.base_url).rstrip('/')}{template(found)}"],
        minzoom=MIN_ZOOM,
        maxzoom=MAX_ZOOM,
        vector_layers=[LAYER],
        attribution=", ".join(part for part in (found.source, found.licence) if part) or None,
        bounds=areas.bounds(session, layer),
    )
    content = described.model_dump_json(exclude_none=True).encode()
    headers = {"Cache-Control": "no-cache", "ETag": caching.weak_etag(content)}
    if caching.is_current(request, headers["ETag"]):
        return caching.not_modified(headers)
    return Response(content, media_type="application/json", headers=headers)


@router.get(
    "/tiles/areas/{tileset}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={200: {"content": {tiles.MEDIA_TYPE: {}}}, 204: {"description": "Nothing is there"}},
)
async def tile(request: Request, tileset: str, z: str, x: str, y: str) -> Response:
    """One Mapbox Vector Tile of a layer's outlines, up to 64 KB compressed. 204 without any."""
    key, version = tiles.split(tileset)
    return await tiles.answer(request, _of_layer, key, version, tiles.address(z, x, y))


def template(layer: Layer | ListedLayer) -> str:
    """The address of its tiles on this host."""
    version = areas.version_at(layer.created_at)
    return f"/tiles/areas/{layer.key}-{version}/{{z}}/{{x}}/{{y}}.mvt"


def _of_layer(session: Session, key: str, version: int) -> Tileset:
    try:
        layer = areas.layer(session, key)
    except LayerNotFound as error:
        raise TileNotFound(str(error)) from error
    if not layer.tiled:
        raise _no_tiles(layer)
    current = areas.version_at(layer.created_at)
    if version > current:
        raise TileNotFound(
            f"Layer «{key}» has no version {version}. /api/layers names the current one."
        )
    return Tileset(
        current,
        ("areas", key, layer.created_at),
        lambda z, x, y: areas.tile(session, key, z, x, y),
    )


def _no_tiles(layer: Layer) -> TileNotFound:
    return TileNotFound(
        f"Layer «{layer.key}» has no tiles, since its outlines are small: "
        f"/api/areas/{layer.key}.geojson holds them all."
    )
