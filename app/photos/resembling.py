"""Which photo a new one repeats: the same place, the same direction, the same look.

The bounds were measured on 576 frames of a drive (docs/near-duplicates.md): of their copies,
made smaller, larger or encoded anew, each is found; of the frames themselves those of a car that
stands.
"""

import math

RADIUS_M = 3.0
HEADING_DEG = 15.0
BITS = 6
_M_PER_DEG = 111_320.0

RESEMBLED = """
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
"""
"""Query of one value, with the parameters of `neighbourhood`: the photo that one is most like.

Through the spatial index: what is counted and compared is a handful of neighbours.
"""


def neighbourhood(
    photo_id: int, *, lat: float, lon: float, heading_deg: float | None, look: int | None
) -> dict[str, object]:
    """Where to look for another photo than photo_id of this place, direction and look.

    Directions are alike within 15 degrees, or when neither is known. Without a look, none is.
    """
    high = RADIUS_M / _M_PER_DEG
    wide = high / math.cos(math.radians(lat))
    return {
        "west": lon - wide,
        "south": lat - high,
        "east": lon + wide,
        "north": lat + high,
        "photo_id": photo_id,
        "lat": lat,
        "lon": lon,
        "heading_deg": heading_deg,
        "look": look,
        "radius_m": RADIUS_M,
        "within_deg": HEADING_DEG,
        "bits": BITS,
    }
