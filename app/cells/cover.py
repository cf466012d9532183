"""Which cells lie in a shape, and which its border passes: the way to count it from totals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.cells.keys import Box, Floats, Integers, block, interleave
from app.tables import HISTOGRAM_ZOOMS, PHOTO_ZOOM

COUNTED_ZOOM = HISTOGRAM_ZOOMS[-1]
"""The finest zoom of which totals have histograms."""
RIM_ZOOM = 18
"""The border is followed down to cells of this zoom, about 130 m wide."""
MAX_RIM_CELLS = 4_000
_FIRST_BLOCK = 16

Ranges = tuple[list[int], list[int]]
"""First and last keys, both included, ascending and apart."""

Sides = Callable[[Floats], tuple[NDArray[np.bool_], NDArray[np.bool_]]]
"""Boxes (rows of west, south, east, north) → which lie inside for certain, and which outside."""


@dataclass(frozen=True)
class Cover:
    """Keys of cells that together hold all of the shape, none of them twice.

    whole: of zoom-14 cells inside the shape. inner: of zoom-25 cells inside of it, in zoom-14 cells
    that are not. rim: of zoom-25 cells that may be on either side.
    """

    whole: Ranges
    inner: Ranges
    rim: Ranges


def cover(box: Box, sides: Sides) -> Cover:
    """box: holds the shape, and does not cross the antimeridian."""
    z, x, y = _first(box)
    whole: list[tuple[int, Integers]] = []
    inner: list[tuple[int, Integers]] = []
    while True:
        inside, outside = sides(_boxes(z, x, y))
        found = whole if z <= COUNTED_ZOOM else inner
        found.append((z, interleave(x[inside], y[inside])))
        rest = ~(inside | outside)
        x, y = x[rest], y[rest]
        if z == RIM_ZOOM or len(x) > MAX_RIM_CELLS:
            rim = [(z, interleave(x, y))]
            return Cover(
                _ranges(whole, COUNTED_ZOOM), _ranges(inner, PHOTO_ZOOM), _ranges(rim, PHOTO_ZOOM)
            )
        z += 1
        x = np.concatenate([2 * x, 2 * x + 1, 2 * x, 2 * x + 1])
        y = np.concatenate([2 * y, 2 * y, 2 * y + 1, 2 * y + 1])


def at_zoom(ranges: Ranges, zoom: int, wanted: int) -> Ranges:
    """The same cells as keys of another zoom; a coarser one must hold them whole."""
    bits = 2 * (wanted - zoom)
    firsts, lasts = ranges
    if bits >= 0:
        return [q << bits for q in firsts], [((q + 1) << bits) - 1 for q in lasts]
    return [q >> -bits for q in firsts], [q >> -bits for q in lasts]


def _first(box: Box) -> tuple[int, Integers, Integers]:
    """The cells that the box touches, at the finest zoom with few of them; one more all round."""
    z = COUNTED_ZOOM
    x, y, columns, rows = block(box, z)
    while max(columns, rows) > _FIRST_BLOCK:
        z -= 1
        x, y, columns, rows = block(box, z)
    size = 1 << z
    xs = np.arange(max(x - 1, 0), min(x + columns + 1, size), dtype=np.int64)
    ys = np.arange(max(y - 1, 0), min(y + rows + 1, size), dtype=np.int64)
    across, down = np.meshgrid(xs, ys)
    return z, across.ravel(), down.ravel()


def _boxes(z: int, x: Integers, y: Integers) -> Floats:
    size = 1 << z
    west, east = (edge / size * 360.0 - 180.0 for edge in (x, x + 1))
    north, south = (
        np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * edge / size)))) for edge in (y, y + 1)
    )
    return np.column_stack([west, south, east, north])


def _ranges(cells: list[tuple[int, Integers]], zoom: int) -> Ranges:
    """Of cells of several zooms, none finer than `zoom`; neighbours become one range."""
    if sum(len(q) for _, q in cells) == 0:
        return [], []
    firsts = np.concatenate([q << 2 * (zoom - z) for z, q in cells])
    lasts = np.concatenate([((q + 1) << 2 * (zoom - z)) - 1 for z, q in cells])
    order = np.argsort(firsts)
    firsts, lasts = firsts[order], lasts[order]
    begins = np.flatnonzero(np.append(True, firsts[1:] != lasts[:-1] + 1))
    ends = np.append(begins[1:] - 1, len(lasts) - 1)
    return firsts[begins].tolist(), lasts[ends].tolist()
