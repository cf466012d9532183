"""Vector tiles: squares of the cells five zooms below the tile, and photos where they are few.

A tile's cells are one range of the primary key of `cell_total`, its photos one range of
`photo_q_idx`. Geometries are made from x and y in the tile's own units: nothing is clipped,
buffered or transformed.
"""

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, Integer

from app.attributes import KEYS
from app.cells.keys import cell_key
from app.errors import TileNotFound
from app.tables import CELL_ZOOMS, PHOTO_ZOOM, Release

MIN_ZOOM = 0
MAX_ZOOM = 20
CELL_STEPS = 5
MAX_CELLS_ZOOM = CELL_ZOOMS[-1] - CELL_STEPS
"""Deeper tiles hold photos only."""
FEW_PHOTOS = 2_000
"""A tile of any zoom with so many at most holds them too."""
EXTENT = 4096

_SIDE = EXTENT >> CELL_STEPS
_IN_TILE = (1 << CELL_STEPS) - 1
_TOTALS = ", ".join(f"n_{key}, sum_{key}" for key in KEYS)
_MEANS = ", ".join(f"(2 * sum_{key} + n_{key}) / nullif(2 * n_{key}, 0) AS {key}" for key in KEYS)

# Rings run clockwise on the screen, which is counter-clockwise for PostGIS, whose y points up.
_CELLS = f"""
    occupied AS MATERIALIZED (
        SELECT x, y, n, {_TOTALS}
          FROM cell_total
         WHERE release_id = :release_id AND z = :cell_zoom AND q BETWEEN :first AND :last
         ORDER BY q
    ), cells AS (
        SELECT ST_AsMVT(f, 'cells', {EXTENT}, 'geom') AS mvt
          FROM (
            SELECT ST_ForcePolygonCCW(ST_MakeEnvelope(
                       (x & {_IN_TILE}) * {_SIDE}, (y & {_IN_TILE}) * {_SIDE},
                       ((x & {_IN_TILE}) + 1) * {_SIDE}, ((y & {_IN_TILE}) + 1) * {_SIDE}
                   )) AS geom,
                   n, {_MEANS}
              FROM occupied
          ) f
    )
"""

_ACROSS = "(ST_X(location) + 180) / 360 * :size - :left"
_DOWN = "(0.5 - ln(tan(pi() / 4 + radians(ST_Y(location)) / 2)) / (2 * pi())) * :size - :top"
_SCORES = ", ".join(f"score_{key} AS {key}" for key in KEYS)


def _photos(condition: str) -> str:
    """Published ones only: the tiles of a version do not change while the next is being scored."""
    return f"""
    photos AS (
        SELECT ST_AsMVT(f, 'photos', {EXTENT}, 'geom') AS mvt
          FROM (
            SELECT ST_MakePoint(
                       least(greatest(round({_ACROSS}), 0), {EXTENT - 1}),
                       least(greatest(round({_DOWN}), 0), {EXTENT - 1})
                   ) AS geom,
                   id, {_SCORES}
              FROM photo JOIN score ON release_id = :release_id AND photo_id = id
             WHERE q BETWEEN :first_photo AND :last_photo
               AND id NOT IN (
                   SELECT unnest(photo_ids) FROM pending WHERE release_id = :release_id
               )
               {condition}
             ORDER BY q, id
          ) f
    )
    """


def _typed(sql: str, **types: type[BigInteger | Integer]) -> TextClause:
    """Types are fixed, so that all tiles share one prepared statement."""
    return text(sql).bindparams(*(bindparam(name, type_=type_) for name, type_ in types.items()))


_PHOTO_TYPES: dict[str, type[BigInteger | Integer]] = {
    "release_id": Integer,
    "first_photo": BigInteger,
    "last_photo": BigInteger,
    "size": BigInteger,
    "left": BigInteger,
    "top": BigInteger,
}
_FEW = f"AND (SELECT coalesce(sum(n), 0) FROM occupied) <= {FEW_PHOTOS}"
CELLS_AND_PHOTOS = _typed(
    f"WITH {_CELLS}, {_photos(_FEW)} SELECT cells.mvt || photos.mvt FROM cells, photos",
    cell_zoom=Integer,
    first=BigInteger,
    last=BigInteger,
    **_PHOTO_TYPES,
)
PHOTOS_ONLY = _typed(f"WITH {_photos('')} SELECT mvt FROM photos", **_PHOTO_TYPES)


def tile(session: Session, release: Release, z: int, x: int, y: int) -> bytes:
    """The tile uncompressed, b"" if nothing is in it; the same content has the same bytes.

    Layer `cells`, up to zoom 17: squares with `n` and the mean scores, 0 to 1000. Layer `photos`,
    from zoom 18 on and in any tile of at most 2,000 photos: points with `id` and scores. What has
    no value is absent. Raises TileNotFound beyond zoom 20 or outside of the grid. For a version
    that fits, the release must be read in the same REPEATABLE READ transaction.
    """
    statement, parameters = query(release.id, z, x, y)
    return bytes(session.execute(statement, parameters).scalar_one())


def query(release_id: int, z: int, x: int, y: int) -> tuple[TextClause, dict[str, int]]:
    """The statement that makes a tile, and its parameters."""
    if not MIN_ZOOM <= z <= MAX_ZOOM:
        raise TileNotFound(f"There are no tiles of zoom {z}: zooms go from 0 to {MAX_ZOOM}.")
    key = cell_key(z, x, y)
    bits = 2 * (PHOTO_ZOOM - z)
    parameters = {
        "release_id": release_id,
        "first_photo": key << bits,
        "last_photo": ((key + 1) << bits) - 1,
        "size": EXTENT << z,
        "left": x * EXTENT,
        "top": y * EXTENT,
    }
    if z > MAX_CELLS_ZOOM:
        return PHOTOS_ONLY, parameters
    parameters |= {
        "cell_zoom": z + CELL_STEPS,
        "first": key << 2 * CELL_STEPS,
        "last": ((key + 1) << 2 * CELL_STEPS) - 1,
    }
    return CELLS_AND_PHOTOS, parameters
