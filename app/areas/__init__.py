"""The polygons: layers, what photo lies in which area, and the figures of areas."""

from app.areas.assignment import Coverage, assign, assign_all, coverage
from app.areas.figures import (
    FLOOR_CELLS,
    FLOOR_PHOTOS,
    AreaDetail,
    AreaFigures,
    AttributeFigures,
    detail,
    figures,
    spread,
)
from app.areas.layers import (
    CITY,
    AreaRow,
    ListedLayer,
    area,
    area_at,
    city,
    drop,
    insert,
    layer,
    layers,
)
from app.areas.outlines import geojson

__all__ = [
    "CITY",
    "FLOOR_CELLS",
    "FLOOR_PHOTOS",
    "AreaDetail",
    "AreaFigures",
    "AreaRow",
    "AttributeFigures",
    "Coverage",
    "ListedLayer",
    "area",
    "area_at",
    "assign",
    "assign_all",
    "city",
    "coverage",
    "detail",
    "drop",
    "figures",
    "geojson",
    "insert",
    "layer",
    "layers",
    "spread",
]
