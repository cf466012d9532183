"""Thousands of small areas over Santiago without a gap: cells around jittered points."""

import itertools
import math

import numpy as np
import shapely
from shapely import MultiPoint, Polygon

from app.areas import AreaRow

WEST, SOUTH, EAST, NORTH = -70.85, -33.65, -70.45, -33.30
STEPS = 4
"""Pieces that each side of a cell is bent into."""
BEND = 0.1
"""How far, at most, as a part of the side's length."""

Place = tuple[float, float]


def mosaic(columns: int = 71, rows: int = 71, seed: int = 5) -> list[AreaRow]:
    """Columns · rows areas with codes 00001 and up; neighbours have the same points in common."""
    shapes = _cells(columns, rows, seed)
    return [
        AreaRow(f"{number:05d}", f"Zona {number:05d}", shape)
        for number, shape in enumerate(shapes, 1)
    ]


def _cells(columns: int, rows: int, seed: int) -> list[Polygon]:
    """Without those of a rim of two, which reach far out."""
    chance = np.random.default_rng(seed)
    width, height = (EAST - WEST) / columns, (NORTH - SOUTH) / rows
    places, inner = [], []
    for row, column in itertools.product(range(-2, rows + 2), range(-2, columns + 2)):
        right, up = chance.uniform(0.15, 0.85, 2).tolist()
        places.append((WEST + (column + right) * width, SOUTH + (row + up) * height))
        inner.append(0 <= row < rows and 0 <= column < columns)
    cells = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(places), ordered=True))
    return [_bent(cell) for cell, is_inner in zip(cells, inner, strict=True) if is_inner]


def _bent(cell: Polygon) -> Polygon:
    corners = list(cell.exterior.coords)
    return Polygon(
        [point for start, end in itertools.pairwise(corners) for point in _side(start, end)]
    )


def _side(start: Place, end: Place) -> list[Place]:
    """From the start on, without the end; the same points whichever way it is walked."""
    (ax, ay), (bx, by) = one, other = sorted((start, end))
    chance = np.random.default_rng(abs(hash((one, other))))
    points = [one]
    for step in range(1, STEPS):
        along = step / STEPS
        off = chance.uniform(-BEND, BEND) * math.sin(math.pi * along)
        points.append(
            (ax + (bx - ax) * along - (by - ay) * off, ay + (by - ay) * along + (bx - ax) * off)
        )
    points.append(other)
    return points[:-1] if start == one else points[:0:-1]
