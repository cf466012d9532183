"""Small base maps in PMTiles files: a picture, or vector tiles, for the world's first zooms."""

import io
from pathlib import Path

import mapbox_vector_tile
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write
from shapely.geometry import box

ZOOMS = range(4)
ATTRIBUTION = '© <a href="https://example.org/">The makers of the file</a>'
E7 = 10_000_000
SHORE = 1761
"""Of a tile 4,096 wide; at 70.65° west in the one of zoom 3 that holds it."""


def pictures(file: Path, colour: tuple[int, int, int] = (40, 40, 40)) -> Path:
    """Every tile is of one colour."""
    made = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(made, "PNG")
    return _archive(file, made.getvalue(), TileType.PNG)


def vectors(file: Path) -> Path:
    """In the Protomaps schema: land, and water in the west of each tile, as far as Santiago."""
    layers = [
        {"name": name, "features": [{"geometry": shape, "properties": {"kind": kind}}]}
        for name, kind, shape in (
            ("earth", "earth", box(0, 0, 4096, 4096)),
            ("water", "ocean", box(0, 0, SHORE, 4096)),
        )
    ]
    return _archive(file, mapbox_vector_tile.encode(layers), TileType.MVT)


def _archive(file: Path, tile: bytes, kind: TileType) -> Path:
    with write(str(file)) as writer:
        for z in ZOOMS:
            for x in range(2**z):
                for y in range(2**z):
                    writer.write_tile(zxy_to_tileid(z, x, y), tile)
        header = {
            "tile_type": kind,
            "tile_compression": Compression.NONE,
            "min_lon_e7": -180 * E7,
            "min_lat_e7": -85 * E7,
            "max_lon_e7": 180 * E7,
            "max_lat_e7": 85 * E7,
            "center_zoom": 0,
            "center_lon_e7": 0,
            "center_lat_e7": 0,
        }
        writer.finalize(header, {"attribution": ATTRIBUTION})
    return file
