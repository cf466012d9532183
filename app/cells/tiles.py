"""Vector tiles: squares of the cells five zooms below the tile, and photos where they are few.

A tile's cells are one range of the primary key of `cell_total`, its photos one range of
`photo_q_idx`. That index and the primary key of `score` hold all that is wanted of a photo, so that
no rows are read, which lie far apart among millions. Geometries are made from x and y in the tile's
own units: nothing is clipped, buffered or transformed.
"""

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, Integer

from app.attributes import KEYS
from app.cells.keys import cell_key
from app.tables import CELL_ZOOMS, PHOTO_ZOOM, Release
from app.tilegrid import check_zoom

CELL_STEPS = 5
MAX_CELLS_ZOOM = CELL_ZOOMS[-1] - CELL_STEPS
"""Deeper tiles hold photos only."""
FEW_PHOTOS = 2_000
"""A tile of any zoom with so many at most holds them too."""
EXTENT = 4096

_SIDE = EXTENT >> CELL_STEPS
_IN_TILE = (1 << CELL_STEPS) - 1
_MEANS = ", ".join(f"(2 * sum_{key} + n_{key}) / nullif(2 * n_{key}, 0) AS {key}" for key in KEYS)

# Rings run clockwise on the screen, which is counter-clockwise for PostGIS, whose y points up.
CELLS = text(f"""
    SELECT ST_AsMVT(f, 'cells', {EXTENT}, 'geom') AS mvt, coalesce(sum(f.n), 0) AS photos
      FROM (
        SELECT ST_ForcePolygonCCW(ST_MakeEnvelope(
                   (x & {_IN_TILE}) * {_SIDE}, (y & {_IN_TILE}) * {_SIDE},
                   ((x & {_IN_TILE}) + 1) * {_SIDE}, ((y & {_IN_TILE}) + 1) * {_SIDE}
               )) AS geom,
               n, {_MEANS}
          FROM cell_total
         WHERE release_id = :release_id AND z = :cell_zoom AND q BETWEEN :first AND :last
         ORDER BY q
      ) f
""").bindparams(
    bindparam("release_id", type_=Integer),
    bindparam("cell_zoom", type_=Integer),
    bindparam("first", type_=BigInteger),
    bindparam("last", type_=BigInteger),
)

_ACROSS = "(ST_X(location) + 180) / 360 * :size - :left"
_DOWN = "(0.5 - ln(tan(pi() / 4 + radians(ST_Y(location)) / 2)) / (2 * pi())) * :size - :top"
_SCORES = ", ".join(f"score_{key} AS {key}" for key in KEYS)

# Published ones only: the tiles of a version do not change while the next is being scored.
PHOTOS = text(f"""
    SELECT ST_AsMVT(f, 'photos', {EXTENT}, 'geom') AS mvt
      FROM (
        SELECT ST_MakePoint(
                   least(greatest(round({_ACROSS}), 0), {EXTENT - 1}),
                   least(greatest(round({_DOWN}), 0), {EXTENT - 1})
               ) AS geom,
               id, {_SCORES}
          FROM photo JOIN score ON release_id = :release_id AND photo_id = id
         WHERE q BETWEEN :first AND :last
           AND id NOT IN (SELECT unnest(photo_ids) FROM pending WHERE release_id = :release_id)
         ORDER BY q, id
      ) f
""").bindparams(
    bindparam("release_id", type_=Integer),
    *(bindparam(name, type_=BigInteger) for name in ("first", "last", "size", "left", "top")),
)


def tile(session: Session, release: Release, z: int, x: int, y: int) -> bytes:
    """The tile uncompressed, b"" if nothing is in it; the same content has the same bytes.

    Layer `cells`, up to zoom 17: squares with `n` and the mean scores, 0 to 1000. Layer `photos`,
    from zoom 18 on and in any tile of at most 2,000 photos: points with `id` and scores. What has
    no value is absent. Raises TileNotFound beyond zoom 20 or outside of the grid. For a version
    that fits, the release must be read in the same REPEATABLE READ transaction.
    """
    check_zoom(z)
    if z > MAX_CELLS_ZOOM:
        return _photos(session, release.id, z, x, y)
    row = session.execute(CELLS, cells_in(release.id, z, x, y)).one()
    # A statement of its own, since a plan for both takes the photos of a crowded tile for granted.
    few = 0 < row.photos <= FEW_PHOTOS
    return bytes(row.mvt) + (_photos(session, release.id, z, x, y) if few else b"")


def cells_in(release_id: int, z: int, x: int, y: int) -> dict[str, int]:
    """Parameters of `CELLS` for a tile."""
    keys = _range(cell_key(z, x, y), 2 * CELL_STEPS)
    return {"release_id": release_id, "cell_zoom": z + CELL_STEPS, **keys}


def photos_in(release_id: int, z: int, x: int, y: int) -> dict[str, int]:
    """Parameters of `PHOTOS` for a tile."""
    place = {"size": EXTENT << z, "left": x * EXTENT, "top": y * EXTENT}
    keys = _range(cell_key(z, x, y), 2 * (PHOTO_ZOOM - z))
    return {"release_id": release_id, **place, **keys}


def _range(key: int, bits: int) -> dict[str, int]:
    """First and last keys of the cells, so many bits finer, that a cell holds."""
    return {"first": key << bits, "last": ((key + 1) << bits) - 1}


def _photos(session: Session, release_id: int, z: int, x: int, y: int) -> bytes:
    # Some thousand rows tempt the planner into a parallel plan, whose start takes longer than they.
    session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
    return bytes(session.execute(PHOTOS, photos_in(release_id, z, x, y)).scalar_one())
