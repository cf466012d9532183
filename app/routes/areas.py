import gzip

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app import areas
from app.areas import AreaFigures
from app.routes import caching
from app.routes.area_tiles import template
from app.routes.parameters import ReleaseDep
from app.routes.sessions import SnapshotDep
from app.schemas import AreaAttribute, AreaDetail, AreaList, AreaOut, Floor, LayerOut, Words
from app.tables import Release

router = APIRouter(tags=["areas"])


@router.get("/api/layers")
def list_layers(session: SnapshotDep) -> list[LayerOut]:
    """Sets of areas in the order in which they were loaded; the built-in city is the last."""
    return layers(session)


def layers(session: SnapshotDep) -> list[LayerOut]:
    return [
        LayerOut(
            key=layer.key,
            label=Words(es=layer.label["es"], en=layer.label["en"]),
            areas=layer.areas,
            source=layer.source,
            licence=layer.licence,
            city=layer.is_city,
            tiles=template(layer) if layer.tiled else None,
        )
        for layer in areas.layers(session)
    ]


@router.get(
    "/api/areas/{layer}.geojson",
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}}},
)
def outlines(request: Request, session: SnapshotDep, layer: str) -> Response:
    """The areas as a FeatureCollection with their codes and names."""
    content = areas.geojson(session, layer).encode()
    headers = {"Cache-Control": "public, max-age=60", "ETag": caching.weak_etag(content)}
    if caching.is_current(request, headers["ETag"]):
        return caching.not_modified(headers)
    return Response(content, media_type="application/geo+json", headers=headers)


@router.get("/api/areas/{layer}", response_model=AreaList)
def list_areas(request: Request, session: SnapshotDep, release: ReleaseDep, layer: str) -> Response:
    """Means with 95 % intervals of all areas of a layer; those below the floor are not `shown`.

    Worked out once a version: of thousands of areas it takes seconds.
    """
    key = caching.version_of(release), layer, areas.layer(session, layer).created_at
    kept: caching.Kept = request.app.state.kept_areas
    zipped = kept.get(key, lambda: caching.compressed(_listed(session, release, layer)))
    headers = {
        "Cache-Control": "no-cache",
        "ETag": caching.weak_etag(zipped),
        "Vary": "Accept-Encoding",
    }
    if caching.is_current(request, headers["ETag"]):
        return caching.not_modified(headers)
    if not caching.accepts_gzip(request):
        return Response(gzip.decompress(zipped), media_type="application/json", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(zipped, media_type="application/json", headers=headers)


def _listed(session: Session, release: Release, layer: str) -> bytes:
    found = AreaList(
        layer=layer,
        release=release.name,
        version=release.version,
        floor=Floor(photos=areas.FLOOR_PHOTOS, cells=areas.FLOOR_CELLS),
        areas=[area_out(figures) for figures in areas.figures(session, release, layer)],
    )
    return found.model_dump_json().encode()


@router.get("/api/areas/{layer}/{code}")
def show_area(session: SnapshotDep, release: ReleaseDep, layer: str, code: str) -> AreaDetail:
    """One area with histograms, and the city's figures to compare with."""
    detail = areas.detail(session, release, layer, code)
    city = None
    if areas.city(session) is not None:
        city = area_out(areas.figures(session, release, areas.CITY)[0])
    return AreaDetail(
        **area_out(detail.figures).model_dump(),
        layer=layer,
        release=release.name,
        histogram=detail.histogram,
        city=city,
    )


def area_out(figures: AreaFigures) -> AreaOut:
    west, south, east, north = (round(edge, 6) for edge in figures.bbox)
    return AreaOut(
        id=figures.id,
        code=figures.code,
        name=figures.name,
        n=figures.n,
        shown=figures.shown,
        reason=figures.reason,
        bbox=(west, south, east, north),
        attributes={
            key: AreaAttribute(
                n=each.n,
                mean=round(each.mean, 2),
                se=None if each.se is None else round(each.se, 3),
                ci95=None
                if each.ci95 is None
                else (round(each.ci95[0], 2), round(each.ci95[1], 2)),
                rank=each.rank,
                of=each.of,
            )
            for key, each in figures.attributes.items()
        },
    )
