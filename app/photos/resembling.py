"""Which photo a new one repeats: the same place, the same direction, the same look.

The bounds were measured on 576 frames of a drive (docs/near-duplicates.md): of their copies,
made smaller, larger or encoded anew, each is found; of the frames themselves those of a car that
stands.
"""

import math

from sqlalchemy import text
from sqlalchemy.orm import Session

RADIUS_M = 3.0
HEADING_DEG = 15.0
BITS = 6
_M_PER_DEG = 111_320.0

# Through the spatial index: what is counted and compared is a handful of neighbours.
_NEAREST = text("""
    SELECT id FROM (
        SELECT id, length(replace(CAST(CAST(look # :look AS bit(64)) AS text), '0', '')) AS bits
          FROM photo
         WHERE location && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
           AND id <> :photo_id AND look IS NOT NULL
           AND ST_DistanceSphere(location, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) <= :radius_m
           AND CASE WHEN CAST(:heading_deg AS float8) IS NULL THEN heading_deg IS NULL
                    ELSE abs(mod(CAST(heading_deg - :heading_deg + 540 AS numeric), 360) - 180)
                         <= :within_deg END
    ) AS neighbours
     WHERE bits <= :bits ORDER BY bits, id LIMIT 1
""")


def resembled(
    session: Session,
    photo_id: int,
    *,
    lat: float,
    lon: float,
    heading_deg: float | None,
    look: int | None,
) -> int | None:
    """The photo, another than photo_id, that one of this place, direction and look is most like.

    Directions are alike within 15 degrees, or when neither is known. None without a look.
    """
    if look is None:
        return None
    high = RADIUS_M / _M_PER_DEG
    wide = high / math.cos(math.radians(lat))
    where = {"west": lon - wide, "south": lat - high, "east": lon + wide, "north": lat + high}
    values = {
        **where,
        "photo_id": photo_id,
        "lat": lat,
        "lon": lon,
        "heading_deg": heading_deg,
        "look": look,
        "radius_m": RADIUS_M,
        "within_deg": HEADING_DEG,
        "bits": BITS,
    }
    found: int | None = session.scalar(_NEAREST, values)
    return found
