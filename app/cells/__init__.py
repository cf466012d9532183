"""The grid: keys of cells, tiles, and the figures of cells."""

from app.cells.figures import CellAttribute, CellFigures, Histogram, figures, histogram, spread
from app.cells.keys import (
    Box,
    block,
    bounds,
    cell_key,
    deinterleave,
    interleave,
    key_of,
)
from app.cells.tiles import tile

__all__ = [
    "Box",
    "CellAttribute",
    "CellFigures",
    "Histogram",
    "block",
    "bounds",
    "cell_key",
    "deinterleave",
    "figures",
    "histogram",
    "interleave",
    "key_of",
    "spread",
    "tile",
]
