"""Large layers, simplified for the map: once for each band of zooms, as a whole.

Simplifying a coverage keeps what neighbours share: their common borders stay common, and no gap or
overlap comes of it. PostGIS has a function for it from 3.4 on only, so GEOS does it here, when a
layer is loaded.
"""

from typing import Any

import numpy as np
import shapely
from geoalchemy2.shape import from_shape, to_shape
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import MultiPolygon
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.tables import Area, AreaOutline, Layer
from app.tilegrid import END_DEG, MAX_ZOOM

TILED_AREAS = 500
TILED_VERTICES = 200_000
"""A layer with more than either is shown by tiles; one below both is one file of some 1 MB."""

BANDS = (9, 11, 13, 15, MAX_ZOOM)
"""The last zoom of each band. The outlines of the last one are not simplified."""

_METRES_PER_PIXEL = 156_543.034
"""Of Web Mercator, at zoom 0."""


def band_of(z: int) -> int:
    return next(band for band in BANDS if z <= band)


def tolerance_m(band: int) -> float:
    """Half a pixel of the band's last zoom, in metres of Web Mercator; 0 for the last band."""
    return 0.0 if band == BANDS[-1] else _METRES_PER_PIXEL / 2**band / 2


def prepare(session: Session, layer: Layer) -> None:
    """Writes the outlines of a layer whose areas have just been loaded, if it is a large one."""
    found = session.execute(
        select(Area.id, Area.geometry).where(Area.layer == layer.key).order_by(Area.id)
    ).all()
    shapes = np.array([to_shape(row.geometry) for row in found], dtype=object)
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    layer.tiled = len(found) > TILED_AREAS or vertices > TILED_VERTICES
    session.flush()
    if not layer.tiled:
        return
    flat = projected(shapes)
    for band in BANDS:
        outlines = [
            {
                "area_id": row.id,
                "band": band,
                "layer": layer.key,
                "geometry": from_shape(_multi(shape), srid=3857),
            }
            for row, shape in zip(found, simplified(flat, band), strict=True)
        ]
        session.execute(insert(AreaOutline), outlines)


def projected(shapes: NDArray[Any]) -> NDArray[Any]:
    """From WGS 84 to Web Mercator, whose world ends at 85 degrees north and south."""
    project = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        lat = np.clip(points[:, 1], -END_DEG, END_DEG)
        return np.column_stack(project.transform(points[:, 0], lat))

    return np.asarray(shapely.transform(shapes, move))


def simplified(shapes: NDArray[Any], band: int) -> NDArray[Any]:
    """shapes: all areas of a layer in Web Mercator; as many come back, in the same order."""
    tolerance = tolerance_m(band)
    if tolerance == 0.0:
        return shapes
    return np.asarray(shapely.coverage_simplify(shapes, tolerance))


def _multi(shape: Any) -> MultiPolygon:
    return shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
