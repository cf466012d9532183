"""How the photos of a drawn shape are found: by the cells in it, and one by one at its border.

Figures read zoom-14 cells inside the shape from the totals. They read photos in the other zoom-14
cells only, and compare with the shape itself those in zoom-18 cells that its border passes.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    TextClause,
    TextualSelect,
    any_,
    column,
    func,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased

from app.areas import Drawn
from app.attributes import KEYS
from app.cells import Box
from app.cells.cover import COUNTED_ZOOM, RIM_ZOOM, Ranges, at_zoom, cover
from app.errors import BadRequest
from app.tables import PHOTO_ZOOM, Photo, Release, score

MOST_PHOTOS_READ = 500_000
MOST_PHOTOS_SORTED = 100_000
"""Of a shape with more, photos are looked for in the order of their scores, in all of the release.
"""
TIMEOUT_MS = 10_000

SCORES = ", ".join(f"score_{key}" for key in KEYS)
RANGES = "unnest(CAST(:{0}_firsts AS bigint[]), CAST(:{0}_lasts AS bigint[])) AS r (first, last)"


class TooLarge(BadRequest):
    """More photos would have to be read one by one than are."""

    code = "too-large"

    def __init__(self, photos: int, place: str) -> None:
        super().__init__(
            f"{photos} photos lie {place}, and at most {MOST_PHOTOS_READ} are read one by one. "
            "Draw a smaller shape."
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

    @property
    def is_large(self) -> bool:
        return self.counted + self.read > MOST_PHOTOS_SORTED

    @property
    def is_readable(self) -> bool:
        """Whether all of its photos may be read one by one."""
        return self.counted + self.read <= MOST_PHOTOS_READ

    def check(self, *, with_totals: bool = True) -> None:
        """Raises TooLarge with the number of photos that would have to be read.

        with_totals: whether they answer for the cells inside, as they do not for other filters.
        """
        if self.read > MOST_PHOTOS_READ:
            raise TooLarge(self.read, "in the cells that the border of this shape passes")
        if not with_totals and not self.is_readable:
            raise TooLarge(self.counted + self.read, "in this shape, to be looked at by a filter")

    def bound(self, statement: str) -> TextClause:
        """With those of the parameters that it names."""
        clause = text(statement)
        named = {name: self.parameters[name] for name in clause.compile().params}
        return clause.bindparams(**named)


_COUNT = f"""
    SELECT coalesce(sum(t.n), 0) FROM {RANGES}
      JOIN cell_total t
        ON t.release_id = :release_id AND t.z = {{1}} AND t.q BETWEEN r.first AND r.last
"""
_COUNTED = text(_COUNT.format("whole", COUNTED_ZOOM))
_READ = text(_COUNT.format("read", RIM_ZOOM))


def zone(session: Session, release: Release, drawn: Drawn) -> Zone:
    """From here on the transaction's statements have little time, and go by indexes."""
    limit_time(session, TIMEOUT_MS)
    for name, value in (
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


def limit_time(session: Session, statement_ms: int) -> None:
    """Of each statement of the transaction from here on, or of the savepoint."""
    session.execute(text(f"SET LOCAL statement_timeout = {statement_ms:d}"))


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


def sums(session: Session, found: Zone, attribute: str) -> tuple[int, int, int]:
    """Published photos of the shape, how many have a score of the attribute, and their sum."""
    whole = f"{RANGES.format('whole')} JOIN cell_total t ON t.release_id = :release_id"
    statement = f"""
        WITH inside AS (
            {photos_of("inner")} UNION ALL {photos_of("rim", found.drawn.condition)}
        ), part (n, scored, total) AS (
            SELECT n, n_{attribute}, sum_{attribute}
              FROM {whole} AND t.z = {COUNTED_ZOOM} AND t.q BETWEEN r.first AND r.last
             UNION ALL
            SELECT count(*), count(score_{attribute}), coalesce(sum(score_{attribute}), 0)
              FROM inside
        )
        SELECT sum(n)::bigint, sum(scored)::bigint, sum(total)::bigint FROM part
    """
    photos, scored, total = session.execute(found.bound(statement)).one()
    return photos, scored, total


def _members(found: Zone) -> TextualSelect:
    """Ids of its photos, scored or not."""
    parts = [
        f"""SELECT p.id FROM {RANGES.format(prefix)}
            CROSS JOIN LATERAL (
                SELECT id, location FROM photo WHERE q BETWEEN r.first AND r.last OFFSET 0
            ) p
            WHERE {condition}"""
        for prefix, condition in (
            ("within", "true"),
            ("inner", "true"),
            ("rim", found.drawn.condition),
        )
    ]
    return found.bound(" UNION ALL ".join(parts)).columns(column("id", BigInteger))


def gathered(found: Zone) -> ColumnElement[bool]:
    """Rows of scores of its photos, whose ids are read first."""
    ids = func.array(_members(found).scalar_subquery(), type_=ARRAY(BigInteger))
    return score.c.photo_id == any_(ids)


def joined(found: Zone) -> ColumnElement[bool]:
    """The same rows, for reading all of a large shape."""
    return score.c.photo_id.in_(select(_members(found).subquery().c.id))


def passed(found: Zone) -> ColumnElement[bool]:
    """The same rows, looked at one by one on a walk that ends before long."""
    place = aliased(Photo, name="spot")
    # The offset keeps this from becoming a join, which would read the whole shape for one page.
    spot = select(place.id).where(place.id == score.c.photo_id, found.bound(found.drawn.condition))
    return spot.offset(0).exists()
