"""The photos of a drawn shape that stand for it: its ends and its middle by one attribute."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.areas import Drawn
from app.photos.public import by_ids
from app.photos.zone import Zone, photos_of, published, zone
from app.schemas import PhotoOut
from app.tables import Release
from app.zones.counting import of_zone


@dataclass(frozen=True)
class ZonePhotos:
    """By the score: from the highest, from the nearest to the mean, from the lowest."""

    most: list[PhotoOut]
    typical: list[PhotoOut]
    least: list[PhotoOut]


def photos(
    session: Session, release: Release, drawn: Drawn, attribute: str, limit: int
) -> ZonePhotos:
    """Ties go as in lists of photos: most by id from the highest, least from the lowest."""
    found = zone(session, release, drawn)
    ids = (_walked if found.is_large else _sorted)(session, release, found, attribute, limit)
    by_id = {
        each.id: each for each in by_ids(session, release, sorted({i for s in ids for i in s}))
    }
    return ZonePhotos(*([by_id[photo_id] for photo_id in some] for some in ids))


def _first(rows: str, order: str) -> str:
    return f"ARRAY(SELECT id FROM {rows} ORDER BY {order} LIMIT :limit)"


_MOST, _LEAST = "value DESC, id DESC", "value, id"
_TYPICAL = """
    abs(value - {0}), value >= {0}, CASE WHEN value >= {0} THEN id ELSE -id END
"""


def _sorted(
    session: Session, release: Release, found: Zone, attribute: str, limit: int
) -> list[list[int]]:
    """By reading all photos of the shape."""
    middle = "(SELECT round(avg(value)) FROM scored)"
    statement = f"""
        WITH inside AS (
            {photos_of("within")} UNION ALL {photos_of("inner")}
             UNION ALL {photos_of("rim", found.drawn.condition)}
        ), scored AS MATERIALIZED (
            SELECT id, score_{attribute} AS value FROM inside WHERE score_{attribute} IS NOT NULL
        )
        SELECT {_first("scored", _MOST)}, {_first("scored", _TYPICAL.format(middle))},
               {_first("scored", _LEAST)}
    """
    return list(session.execute(text(statement), {**found.parameters, "limit": limit}).one())


def _walked(
    session: Session, release: Release, found: Zone, attribute: str, limit: int
) -> list[list[int]]:
    """By walks along the index on the scores that end as soon as they have found enough."""
    own = of_zone(session, found).figures.attributes.get(attribute)
    if own is None:
        return [[], [], []]
    walk = f"""
        (SELECT photo_id AS id, value FROM (
            SELECT photo_id, score_{attribute} AS value FROM score
             WHERE release_id = :release_id AND {{}} ORDER BY {{}}
         ) s
         CROSS JOIN LATERAL (
            SELECT FROM photo
             WHERE id = s.photo_id AND {found.drawn.condition} OFFSET 0
         ) p
         WHERE {published("photo_id")} LIMIT :limit)
    """
    score = f"score_{attribute}"
    up, down = f"{score}, photo_id", f"{score} DESC, photo_id DESC"
    both = f"""({walk.format(f"{score} >= :middle", up)}
        UNION ALL {walk.format(f"{score} < :middle", down)}) both_ways"""
    statement = f"""
        SELECT {_first(walk.format(f"{score} IS NOT NULL", down) + " AS walk", _MOST)},
               {_first(both, _TYPICAL.format(":middle"))},
               {_first(walk.format(f"{score} IS NOT NULL", up) + " AS walk", _LEAST)}
    """
    parameters = {**found.parameters, "limit": limit, "middle": round(own.mean * 100)}
    return list(session.execute(text(statement), parameters).one())
