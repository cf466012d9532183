"""Cells of the Web Mercator quad grid and their Morton keys.

A cell is (z, x, y), x from the antimeridian eastwards and y from the north pole's side southwards,
both from 0 to 2^z − 1. Its key q interleaves their bits, x in the even ones, so that all cells
inside a coarser one are one range of keys.
"""

import math
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.errors import BadRequest, TileNotFound
from app.tables import PHOTO_ZOOM
from app.tilegrid import MAX_LATITUDE_DEG

_SPREAD = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
_GATHER = (
    (1, 0x3333333333333333),
    (2, 0x0F0F0F0F0F0F0F0F),
    (4, 0x00FF00FF00FF00FF),
    (8, 0x0000FFFF0000FFFF),
    (16, 0x00000000FFFFFFFF),
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """Degrees of WGS 84. west > east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


@overload
def key_of(lon: float, lat: float) -> tuple[int, int, int]: ...
@overload
def key_of(lon: ArrayLike, lat: ArrayLike) -> tuple[Integers, Integers, Integers]: ...
def key_of(
    lon: ArrayLike, lat: ArrayLike
) -> tuple[int, int, int] | tuple[Integers, Integers, Integers]:
    """(q, x, y) of the zoom-25 cell that holds each point; arrays in, arrays out.

    A point on an edge belongs to the cell east and south of it; longitude 180 is in the last cell.
    Raises BadRequest that names the first point that has no cell: not finite, a longitude beyond
    ±180° or a latitude beyond ±85.05°.
    """
    lons, lats = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    _refuse_outside(lons, lats)
    size = 1 << PHOTO_ZOOM
    across, down = position(lons, lats)
    x = np.minimum(np.floor(across), size - 1).astype(np.int64)
    y = np.floor(down).astype(np.int64)
    q = interleave(x, y)
    if lons.ndim == 0:
        return int(q), int(x), int(y)
    return q, x, y


def position(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """How many cells of zoom 25 a point is from the grid's west and north edges.

    The last digits depend on the processor, up to some 1e-7 of a cell.
    """
    size = 1 << PHOTO_ZOOM
    sines = np.sin(np.radians(lat))
    down = 0.5 - np.log((1.0 + sines) / (1.0 - sines)) / (4.0 * np.pi)
    return (lon + 180.0) / 360.0 * size, down * size


def _refuse_outside(lons: Floats, lats: Floats) -> None:
    # Written so that NaN is outside.
    outside = ~((np.abs(lons) <= 180.0) & (np.abs(lats) <= MAX_LATITUDE_DEG))
    if outside.any():
        first = int(np.argmax(outside.ravel()))
        raise BadRequest(
            f"There is no place at longitude {lons.ravel()[first]:g}, latitude "
            f"{lats.ravel()[first]:g}: longitudes go from -180 to 180, latitudes from "
            f"-{MAX_LATITUDE_DEG} to {MAX_LATITUDE_DEG}."
        )


def interleave(x: Integers, y: Integers) -> Integers:
    """Morton keys of cells of up to zoom 31."""
    return _spread(x) | (_spread(y) << 1)


def deinterleave(q: Integers) -> tuple[Integers, Integers]:
    """The x and y of the cells with these keys."""
    return _gather(q), _gather(q >> 1)


def _spread(value: Integers) -> Integers:
    """Moves bit i to bit 2i."""
    spread = np.asarray(value, np.int64)
    for shift, mask in _SPREAD:
        spread = (spread | (spread << shift)) & mask
    return spread


def _gather(value: Integers) -> Integers:
    """Moves bit 2i to bit i and drops the odd ones."""
    gathered = np.asarray(value, np.int64) & 0x5555555555555555
    for shift, mask in _GATHER:
        gathered = (gathered | (gathered >> shift)) & mask
    return gathered


def cell_key(z: int, x: int, y: int) -> int:
    """The key q of one cell. Raises TileNotFound for a cell that is not in the grid."""
    if not (0 <= z <= PHOTO_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise TileNotFound(
            f"There is no cell {z}/{x}/{y}: x and y go from 0 to 2^z − 1, z up to {PHOTO_ZOOM}."
        )
    return int(interleave(np.asarray(x), np.asarray(y)))


def bounds(z: int, x: int, y: int, columns: int = 1, rows: int = 1) -> Box:
    """The box of a cell, or of a block of cells whose north-western one is (z, x, y).

    Columns wrap at the antimeridian.
    """
    size = 1 << z
    west = x / size * 360.0 - 180.0
    east = (x + columns) / size * 360.0 - 180.0
    return Box(
        west,
        _latitude((y + rows) / size),
        east if east <= 180.0 else east - 360.0,
        _latitude(y / size),
    )


def _latitude(down: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * down))))


def block(box: Box, z: int) -> tuple[int, int, int, int]:
    """(x, y, columns, rows) of the whole cells of zoom z that the box touches.

    An edge of the box that lies on an edge of the grid adds no cells beyond it. x + columns may
    pass 2^z where the box crosses the antimeridian. Latitudes beyond the grid are cut off.
    """
    size = 1 << z
    left = (box.west + 180.0) / 360.0 * size
    right = (box.east + 180.0) / 360.0 * size
    if box.west > box.east:
        right += size
    top, bottom = _down(box.north) * size, _down(box.south) * size
    x, y = min(_floor(left), size - 1), min(_floor(top), size - 1)
    columns = min(max(_ceil(right) - x, 1), size)
    rows = min(max(_ceil(bottom) - y, 1), size - y)
    return x, y, columns, rows


def _down(lat: float) -> float:
    sine = math.sin(math.radians(max(-MAX_LATITUDE_DEG, min(MAX_LATITUDE_DEG, lat))))
    return 0.5 - math.log((1.0 + sine) / (1.0 - sine)) / (4.0 * math.pi)


# Edges of cells that were turned into degrees come back with an error in the last digits; a
# millionth of a cell of zoom 14 is 2 mm.
_SLACK = 1e-6


def _floor(value: float) -> int:
    return math.floor(value + _SLACK)


def _ceil(value: float) -> int:
    return math.ceil(value - _SLACK)


def key_ranges(z: int, x: int, y: int, columns: int, rows: int) -> tuple[list[int], list[int]]:
    """First and last keys (both included) of the fewest ranges that make up a block of cells."""
    size = 1 << z
    xs = (np.arange(x, x + columns, dtype=np.int64)) % size
    ys = np.arange(y, y + rows, dtype=np.int64)
    keys = np.sort(interleave(xs[:, None], ys[None, :]).ravel())
    starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 2) != 1)
    ends = np.append(starts[1:] - 1, len(keys) - 1)
    return keys[starts].tolist(), keys[ends].tolist()
