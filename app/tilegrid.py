"""What all tiles of the map have in common: their zooms, where the grid ends, how they are sent."""

from app.errors import TileNotFound

MIN_ZOOM = 0
MAX_ZOOM = 20

MAX_LATITUDE_DEG = 85.05
"""Beyond it no place is taken: the grid itself ends at `END_DEG`."""
END_DEG = 85.0511

GZIP_LEVEL = 4
"""A full tile of 105 KB becomes 58 KB in 1.9 ms; level 6 takes 3.9 ms for 1 % less."""


def check_zoom(z: int) -> None:
    """Raises TileNotFound for a zoom that has no tiles."""
    if not MIN_ZOOM <= z <= MAX_ZOOM:
        raise TileNotFound(f"There are no tiles of zoom {z}: zooms go from 0 to {MAX_ZOOM}.")
