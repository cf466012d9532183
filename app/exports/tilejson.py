"""What a map needs to know of a release before it draws anything."""

import math

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import areas, cells, releases
from app.attributes import ATTRIBUTES
from app.schemas import Box, City, Spread, TileJson, VectorLayer
from app.tables import AREA_CELL_ZOOM, CELL_ZOOMS, Release, area_cell_total, cell_total
from app.tilegrid import MAX_ZOOM, MIN_ZOOM

CELLS_MAX_ZOOM = CELL_ZOOMS[-1] - CELL_ZOOMS[0]
BOUNDS_ZOOM = 12
WORLD: Box = (-180.0, -85.0511, 180.0, 85.0511)
VIEW_PX = 900
"""Of the square that `center` shows the city in."""


def tilejson(session: Session, release: Release, city_name: str) -> TileJson:
    """TileJSON 3.0, but for `tiles`: the address depends on who asks."""
    bounds = _bounds(session, release)
    city = _city(session, release, city_name)
    return TileJson(
        name=f"Mirada {city_name}: {release.name}",
        tiles=[],
        minzoom=MIN_ZOOM,
        maxzoom=MAX_ZOOM,
        bounds=bounds,
        center=_center(bounds if city is None else city.bbox),
        vector_layers=_vector_layers(),
        attribution=str(release.manifest.get("source") or "Mirada"),
        release=release.name,
        version=release.version,
        demo=releases.is_demo(release),
        photos=releases.published(session).get(release.id, 0),
        published_at=release.published_at,
        spread=Spread(
            cells=cells.spread(session, release),
            layers={
                layer.key: areas.spread(session, release, layer.key)
                for layer in areas.layers(session)
            },
        ),
        city=city,
    )


def _vector_layers() -> list[VectorLayer]:
    means = {a.key: f"Mean score 0 to 1000, {a.label['en']}; absent if none" for a in ATTRIBUTES}
    own = {a.key: f"Score 0 to 1000, {a.label['en']}; absent if none" for a in ATTRIBUTES}
    return [
        VectorLayer(
            id="cells",
            description="One square per cell with photos, five zooms below the tile",
            minzoom=0,
            maxzoom=CELLS_MAX_ZOOM,
            fields={"n": "Number of photos", **means},
        ),
        VectorLayer(
            id="photos",
            description="One point per photo; below zoom 18 in tiles of at most 2,000 photos",
            minzoom=MIN_ZOOM,
            maxzoom=MAX_ZOOM,
            fields={"id": "Id of the photo", **own},
        ),
    ]


def _bounds(session: Session, release: Release) -> Box:
    """Of all published photos, to whole cells of zoom 12."""
    x, y = cell_total.c.x, cell_total.c.y
    extent = session.execute(
        select(func.min(x), func.min(y), func.max(x), func.max(y)).where(
            cell_total.c.release_id == release.id, cell_total.c.z == BOUNDS_ZOOM
        )
    ).one()
    return WORLD if extent[0] is None else _box(BOUNDS_ZOOM, *extent)


def _city(session: Session, release: Release, name: str) -> City | None:
    """The box of its photos is the built-up part of it; of its polygon while there are none."""
    area = areas.city(session)
    if area is None:
        return None
    keys = session.scalars(
        select(area_cell_total.c.q).where(
            area_cell_total.c.release_id == release.id, area_cell_total.c.area_id == area.id
        )
    ).all()
    if not keys:
        (figures,) = areas.figures(session, release, areas.CITY)
        return City(name=name, bbox=figures.bbox)
    x, y = cells.deinterleave(np.array(keys, np.int64))
    extent = (int(x.min()), int(y.min()), int(x.max()), int(y.max()))
    return City(name=name, bbox=_box(AREA_CELL_ZOOM, *extent))


def _box(z: int, left: int, top: int, right: int, bottom: int) -> Box:
    box = cells.bounds(z, left, top, right - left + 1, bottom - top + 1)
    return round(box.west, 6), round(box.south, 6), round(box.east, 6), round(box.north, 6)


def _center(box: Box) -> tuple[float, float, int]:
    """Longitude, latitude and the closest zoom that shows the box as a whole."""
    west, south, east, north = box
    lat = (south + north) / 2
    width = (east - west) / 360
    height = (north - south) / 360 / math.cos(math.radians(lat))
    zoom = math.floor(math.log2(VIEW_PX / 256 / max(width, height)))
    return round((west + east) / 2, 6), round(lat, 6), min(max(zoom, 0), MAX_ZOOM)
