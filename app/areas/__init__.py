"""The polygons: layers, what photo lies in which area, and the figures of areas."""

from app.areas.assignment import Coverage, assign, assign_all, coverage
from app.areas.drawn import BadShape, Drawn
from app.areas.drawn import read as read_drawn
from app.areas.figures import (
    CLUSTERS,
    FLOOR_CELLS,
    FLOOR_PHOTOS,
    AreaDetail,
    AreaFigures,
    AttributeFigures,
    clustered,
    detail,
    figures,
    reason_hidden,
    spread,
)
from app.areas.layers import (
    CITY,
    AreaRow,
    ListedLayer,
    area,
    area_at,
    bounds,
    city,
    drop,
    insert,
    layer,
    layers,
    version_at,
)
from app.areas.outlines import geojson
from app.areas.tiles import tile

__all__ = [
    "CITY",
    "CLUSTERS",
    "FLOOR_CELLS",
    "FLOOR_PHOTOS",
    "AreaDetail",
    "AreaFigures",
    "AreaRow",
    "AttributeFigures",
    "BadShape",
    "Coverage",
    "Drawn",
    "ListedLayer",
    "area",
    "area_at",
    "assign",
    "assign_all",
    "bounds",
    "city",
    "clustered",
    "coverage",
    "detail",
    "drop",
    "figures",
    "geojson",
    "insert",
    "layer",
    "layers",
    "read_drawn",
    "reason_hidden",
    "spread",
    "tile",
    "version_at",
]
