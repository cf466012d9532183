"""How the photos of a drawn shape are found: by the cells in it, and one by one at its border.

Figures read zoom-14 cells inside the shape from the totals. They read photos in the other zoom-14
cells only, and compare with the shape itself those in zoom-18 cells that its border passes.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.areas import Drawn
from app.attributes import KEYS
from app.cells import Box
from app.cells.cover import COUNTED_ZOOM, RIM_ZOOM, Ranges, at_zoom, cover
from app.errors import BadRequest
from app.tables import PHOTO_ZOOM, Release

MOST_PHOTOS_READ = 500_000
TIMEOUT_MS = 10_000

SCORES = ", ".join(f"score_{key}" for key in KEYS)
RANGES = "unnest(CAST(:{0}_firsts AS bigint[]), CAST(:{0}_lasts AS bigint[])) AS r (first, last)"


class TooLarge(BadRequest):
    """The border of the shape passes more photos than are read one by one."""

    code = "too-large"

    def __init__(self, photos: int) -> None:
        super().__init__(
            f"{photos} photos lie in the cells that the border of this shape passes, and at most "
            f"{MOST_PHOTOS_READ} are read one by one. Draw a smaller shape."
        )
        self.photos, self.limit = photos, MOST_PHOTOS_READ


@dataclass(frozen=True)
class Zone:
    """A shape with its cells. read: photos in cells that the totals do not answer for.

    counted: photos in those that they do. parameters: of statements made of `RANGES` and the
    shape's condition, with the prefixes `whole` (zoom 14), `within` (the same at zoom 25), `inner`
    and `rim`.
    """

    drawn: Drawn
    counted: int
    read: int
    parameters: dict[str, Any]


_COUNT = f"""
    SELECT coalesce(sum(t.n), 0) FROM {RANGES}
      JOIN cell_total t
        ON t.release_id = :release_id AND t.z = {{1}} AND t.q BETWEEN r.first AND r.last
"""
_COUNTED = text(_COUNT.format("whole", COUNTED_ZOOM))
_READ = text(_COUNT.format("read", RIM_ZOOM))


def zone(session: Session, release: Release, drawn: Drawn) -> Zone:
    """From here on the transaction's statements have little time, and go by indexes."""
    for name, value in (
        ("statement_timeout", TIMEOUT_MS),
        ("enable_seqscan", "off"),
        ("max_parallel_workers_per_gather", 0),
        ("jit", "off"),
    ):
        session.execute(text(f"SET LOCAL {name} = {value}"))
    covered = cover(Box(*drawn.bbox), drawn.sides)
    parameters = {"release_id": release.id, **drawn.parameters}
    parameters |= _named("whole", covered.whole)
    parameters |= _named("within", at_zoom(covered.whole, COUNTED_ZOOM, PHOTO_ZOOM))
    parameters |= _named("inner", covered.inner)
    parameters |= _named("rim", covered.rim)
    counted = session.execute(_COUNTED, parameters).scalar_one()
    read = 0
    for part in (covered.inner, covered.rim):
        ranges = _named("read", at_zoom(part, PHOTO_ZOOM, RIM_ZOOM))
        read += session.execute(_READ, {**ranges, "release_id": release.id}).scalar_one()
    return Zone(drawn, int(counted), int(read), parameters)


def _named(name: str, ranges: Ranges) -> dict[str, list[int]]:
    return {f"{name}_firsts": ranges[0], f"{name}_lasts": ranges[1]}


def photos_of(prefix: str, condition: str = "true") -> str:
    """A query for id, q and scores of the published photos in ranges of zoom-25 cells."""
    # OFFSET 0 keeps the order of the loops: the cells, their photos, their scores.
    return f"""
        SELECT p.id, p.q, {SCORES}
          FROM {RANGES.format(prefix)}
         CROSS JOIN LATERAL (
            SELECT id, q, location FROM photo WHERE q BETWEEN r.first AND r.last OFFSET 0
         ) p
         CROSS JOIN LATERAL (
            SELECT {SCORES} FROM score WHERE release_id = :release_id AND photo_id = p.id OFFSET 0
         ) s
         WHERE {condition} AND {published("p.id")}
    """


def published(photo_id: str) -> str:
    return (
        f"{photo_id} NOT IN (SELECT unnest(photo_ids) FROM pending WHERE release_id = :release_id)"
    )
