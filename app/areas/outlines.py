"""The areas of a layer as GeoJSON for the map."""

import json
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
    rounded = shapely.transform(simplified, lambda points: np.round(points, DECIMALS))
    return np.asarray(shapely.remove_repeated_points(rounded))


def _geometry(shape: Any) -> dict[str, Any] | None:
    parts = [
        [_ring(ring) for ring in (part.exterior, *part.interiors) if _is_ring(ring)]
        for part in shape.geoms
        if _is_ring(part.exterior)
    ]
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _is_ring(ring: Any) -> bool:
    """Not one that rounding made into a line or a point."""
    return len(ring.coords) >= 4 and len(set(ring.coords)) >= 3


def _ring(ring: Any) -> list[tuple[float, float]]:
    return [(x, y) for x, y in ring.coords]
