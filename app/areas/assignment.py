"""Which area of each layer a photo lies in: the covering one, the lowest code if several."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.areas.layers import layer

_CHUNK = 10_000

# Codes compare by their bytes, so that the choice does not depend on the database's language.
#
# Both statements bring the points to the polygons one polygon at a time: PostGIS then prepares
# each polygon once, where a polygon of a city that is visited per photo costs a millisecond.
_ASSIGN_PHOTOS = text("""
    WITH near AS MATERIALIZED (
        SELECT p.id AS photo_id, p.location, a.id AS area_id, a.layer, a.code, a.geometry
          FROM photo p JOIN area a ON a.geometry ~ p.location
         WHERE p.id = ANY(:photo_ids)
         ORDER BY a.id
    ), covering AS (
        SELECT DISTINCT ON (photo_id, layer) photo_id, layer, area_id
          FROM near
         WHERE ST_Covers(geometry, location)
         ORDER BY photo_id, layer, code COLLATE "C"
    )
    INSERT INTO photo_area (photo_id, layer, area_id)
    SELECT photo_id, layer, area_id FROM covering ORDER BY photo_id, layer
""")

COVERING = """
    SELECT p.id AS photo_id, a.layer, a.code, a.id AS area_id
      FROM area a
     CROSS JOIN LATERAL (
        SELECT id FROM photo WHERE ST_Covers(a.geometry, location) OFFSET 0
     ) p
"""

_ASSIGN_LAYER = text(f"""
    INSERT INTO photo_area (photo_id, layer, area_id)
    SELECT DISTINCT ON (photo_id) photo_id, layer, area_id
      FROM ({COVERING} WHERE a.layer = :layer) covering
     ORDER BY photo_id, code COLLATE "C"
""")

_COVERAGE = text(f"""
    WITH covered AS (
        SELECT photo_id, count(*) AS areas
          FROM ({COVERING} WHERE a.layer = :layer) covering
         GROUP BY photo_id
    )
    SELECT (SELECT count(*) FROM photo) AS photos,
           (SELECT count(*) FROM covered) AS inside,
           (SELECT count(*) FROM covered WHERE areas > 1) AS several
""")


@dataclass(frozen=True)
class Coverage:
    """How many photos there are, and how many lie in no area and in several areas of a layer."""

    photos: int
    none: int
    several: int


def assign(session: Session, photo_ids: Iterable[int]) -> None:
    """Gives new photos their area in each layer; photos that have one already raise.

    The caller has inserted them in this transaction and holds the publish lock shared.
    """
    ordered = iter(sorted(photo_ids))
    while chunk := list(islice(ordered, _CHUNK)):
        session.execute(_ASSIGN_PHOTOS, {"photo_ids": chunk})


def assign_all(session: Session, key: str) -> int:
    """Gives all photos their area of one layer afresh; returns how many have one.

    The caller holds the publish lock exclusively and rebuilds the layer's totals afterwards.
    """
    layer(session, key)
    session.execute(text("DELETE FROM photo_area WHERE layer = :layer"), {"layer": key})
    session.execute(_ASSIGN_LAYER, {"layer": key})
    statement = text("SELECT count(*) FROM photo_area WHERE layer = :layer")
    return int(session.execute(statement, {"layer": key}).scalar_one())


def coverage(session: Session, key: str) -> Coverage:
    layer(session, key)
    row = session.execute(_COVERAGE, {"layer": key}).one()
    return Coverage(row.photos, row.photos - row.inside, row.several)
