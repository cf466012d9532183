"""The areas of a layer as GeoJSON for the map."""

import json
from itertools import groupby
from typing import Any

import numpy as np
import shapely
from geoalchemy2.shape import to_shape
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.areas.layers import layer
from app.tables import Area

DECIMALS = 5
"""About a metre."""
VERTICES = 40_000
"""What a layer may have before its outlines are simplified; some 900 KB of coordinates."""
TOLERANCES_DEG = (1e-5, 2e-5, 5e-5)


def geojson(session: Session, key: str) -> str:
    """A FeatureCollection with `code` and `name`, by code, coordinates to five decimals.

    A layer of more than 40,000 vertices is simplified by 1 to 5 m, as little as brings it below,
    and neighbours keep their common borders. An area that is nothing at that precision has a null
    geometry.
    """
    layer(session, key)
    areas = session.scalars(
        select(Area).where(Area.layer == key).order_by(Area.code.collate("C"))
    ).all()
    shapes = outlines(np.array([to_shape(area.geometry) for area in areas], dtype=object))
    features = [
        {
            "type": "Feature",
            "properties": {"code": area.code, "name": area.name},
            "geometry": _geometry(shape),
        }
        for area, shape in zip(areas, shapes, strict=True)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":"))


def outlines(shapes: NDArray[Any]) -> NDArray[Any]:
    """The shapes with as many vertices as a map needs, on the grid of `DECIMALS`."""
    simplified = shapes
    for tolerance_deg in TOLERANCES_DEG:
        if shapely.get_num_coordinates(simplified).sum() <= VERTICES:
            break
        simplified = shapely.coverage_simplify(shapes, tolerance_deg)
    # Rounding each vertex by itself keeps common borders common.
    return np.asarray(shapely.transform(simplified, lambda points: np.round(points, DECIMALS)))


def _geometry(shape: Any) -> dict[str, Any] | None:
    polygons = []
    for part in shapely.get_parts(shape):
        rings = [_ring(ring) for ring in (part.exterior, *part.interiors)]
        if rings[0]:
            polygons.append([ring for ring in rings if ring])
    if not polygons:
        return None
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _ring(ring: Any) -> list[tuple[float, float]]:
    """Without vertices that rounding made equal; empty if it made the ring a line or a point."""
    points = [point for point, _ in groupby(ring.coords)]
    return points if len(set(points)) >= 3 else []
