"""The grid: keys of cells, tiles, and the figures of cells."""

from app.cells.keys import (
    MAX_LATITUDE_DEG,
    Box,
    block,
    bounds,
    cell_key,
    deinterleave,
    interleave,
    key_of,
)

__all__ = [
    "MAX_LATITUDE_DEG",
    "Box",
    "block",
    "bounds",
    "cell_key",
    "deinterleave",
    "interleave",
    "key_of",
]
