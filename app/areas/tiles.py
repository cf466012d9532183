"""Vector tiles of a large layer: its outlines and nothing else, each with the area's id."""

import gzip

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer, SmallInteger, Text

from app.areas.bands import band_of
from app.errors import TileNotFound
from app.tilegrid import GZIP_LEVEL, check_zoom

MAX_BYTES = 64 * 1024
"""Of a tile, compressed."""
EXTENTS = (1024, 512, 256, 128, 64)
"""Units of a tile's side: a quarter of a pixel, and coarser for a tile that is too large."""
BUFFER_PARTS = 64
"""A tile reaches a 64th of its side, 4 pixels, beyond its edges, for the width of its lines."""

OUTLINES = text(f"""
    SELECT ST_AsMVT(f, 'areas', :extent, 'geom', 'id') AS mvt, count(f.geom) AS areas
      FROM (
        SELECT area_id AS id,
               ST_AsMVTGeom(geometry, ST_TileEnvelope(:z, :x, :y), :extent,
                            :extent / {BUFFER_PARTS}, true) AS geom
          FROM area_outline
         WHERE layer = :layer AND band = :band
           AND geometry && ST_TileEnvelope(:z, :x, :y, margin => 1.0 / {BUFFER_PARTS})
         ORDER BY area_id
      ) f
""").bindparams(
    bindparam("layer", type_=Text),
    bindparam("band", type_=SmallInteger),
    *(bindparam(name, type_=Integer) for name in ("z", "x", "y", "extent")),
)


def tile(session: Session, key: str, z: int, x: int, y: int) -> bytes:
    """The tile uncompressed, b"" if no area is in it; the same content has the same bytes.

    Layer `areas`: polygons whose feature id is the `id` of the area, without properties. A tile
    of more than 64 KB is drawn on a grid of half the resolution until it is not; what is less
    than a unit of the grid there falls away, and its neighbours take its place. Raises
    TileNotFound beyond zoom 20 or outside of the grid.
    """
    _check(z, x, y)
    found = {"layer": key, "band": band_of(z), "z": z, "x": x, "y": y}
    content = b""
    for extent in EXTENTS:
        row = session.execute(OUTLINES, {**found, "extent": extent}).one()
        content = bytes(row.mvt) if row.areas else b""
        if _fits(content):
            break
    return content


def _fits(content: bytes) -> bool:
    return len(content) <= MAX_BYTES or len(gzip.compress(content, GZIP_LEVEL)) <= MAX_BYTES


def _check(z: int, x: int, y: int) -> None:
    check_zoom(z)
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise TileNotFound(f"There is no tile {z}/{x}/{y}: x and y go from 0 to {(1 << z) - 1}.")
