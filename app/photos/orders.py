"""The orders of a list of photos as keyset queries: each page begins after the last photo shown."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    case,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from app.attributes import BY_KEY
from app.photos.cursor import Cursor
from app.photos.filter import Near, PhotoFilter
from app.schemas import Order
from app.tables import Photo, score

PlainOrder = Literal["most", "least", "typical", "newest", "random", "nearest"]
Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Part:
    """What of a list a query answers: `limit` rows after a cursor, or after `skip` of them."""

    conditions: Conditions
    after: Cursor | None
    center: int | None
    limit: int
    skip: int
    seed: int


def plain(order: Order, attribute: str) -> PlainOrder:
    """Best and worst in terms of the attribute: the best of `boring` are the least boring."""
    if order == "best" or order == "worst":
        forward = BY_KEY[attribute].palette == "forward"
        return "most" if forward == (order == "best") else "least"
    return order


def ranked(order: PlainOrder, where: PhotoFilter, part: Part) -> Select[Any]:
    """Rows of photo_id and what the list is sorted by, the parts of the next cursor."""
    column = score.c[f"score_{where.attribute}"]
    conditions, after, limit, skip = part.conditions, part.after, part.limit, part.skip
    if order == "newest":
        return _newest(conditions, after, limit).offset(skip)
    if order == "random":
        # Each of its two walks may have all that is skipped.
        return shuffled(conditions, part.seed, limit + skip, after).limit(limit).offset(skip)
    if order == "nearest":
        assert where.near is not None
        return _nearest(conditions, after, limit, where.near).offset(skip)
    if order == "typical":
        center = 500 if part.center is None else part.center
        return _typical(column, conditions, after, center, limit + skip).limit(limit).offset(skip)
    last = None if after is None else (after.score, after.photo_id)
    found = _along(column, conditions, last, limit, descending=order == "most")
    return found.offset(skip)


def _along(
    column: ColumnElement[int],
    conditions: Conditions,
    last: tuple[int | None, int] | None,
    limit: int,
    *,
    descending: bool,
) -> Select[Any]:
    """A walk along the index (release_id, score, photo_id), in either direction."""
    place = tuple_(column, score.c.photo_id)
    query = select(score.c.photo_id, column.label("score")).where(*conditions).limit(limit)
    if last is not None:
        query = query.where(place < tuple_(*last) if descending else place > tuple_(*last))
    order = [c.desc() if descending else c.asc() for c in (column, score.c.photo_id)]
    return query.order_by(*order)


def _typical(
    column: ColumnElement[int],
    conditions: Conditions,
    after: Cursor | None,
    center: int,
    limit: int,
) -> Select[Any]:
    """Two walks that start at the center, merged by distance; of equal distance, below first."""
    below, above = [*conditions, column < center], [*conditions, column >= center]
    last_below = last_above = None
    if after is not None and after.score is not None:
        distance = abs(after.score - center)
        if after.score < center:
            last_below = (after.score, after.photo_id)
            above.append(column >= center + distance)
        else:
            last_above = (after.score, after.photo_id)
            below.append(column < center - distance)
    both = (
        select(_along(column, below, last_below, limit, descending=True).subquery())
        .union_all(select(_along(column, above, last_above, limit, descending=False).subquery()))
        .subquery()
    )
    is_above = both.c.score >= center
    return (
        select(both.c.photo_id, both.c.score)
        .order_by(
            func.abs(both.c.score - center),
            is_above,
            case((is_above, both.c.photo_id), else_=-both.c.photo_id),
        )
        .limit(limit)
    )


def _newest(conditions: Conditions, after: Cursor | None, limit: int) -> Select[Any]:
    query = (
        select(score.c.photo_id, Photo.captured_at)
        .join(Photo, Photo.id == score.c.photo_id)
        .where(*conditions)
        .order_by(Photo.captured_at.desc().nulls_last(), score.c.photo_id.desc())
        .limit(limit)
    )
    if after is None:
        return query
    undated = Photo.captured_at.is_(None)
    if after.captured_at is None:
        return query.where(undated, score.c.photo_id < after.photo_id)
    place = tuple_(Photo.captured_at, score.c.photo_id)
    last = tuple_(literal(after.captured_at), literal(after.photo_id))
    return query.where(or_(place < last, undated))


def chance() -> ColumnElement[int]:
    """A hash of the photo's id, by which an index goes, as the index has it.

    So a random order depends on neither insertion nor place, and new photos fall into it anywhere.
    """
    return func.hashint8extended(score.c.photo_id, literal_column("0"), type_=BigInteger)


def beginning(seed: int) -> int:
    """Where the random order of a seed enters the circle of all hashes; that of 0 at the lowest."""
    if seed == 0:
        return -(2**63)
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8], signed=True)


def shuffled(
    conditions: Conditions,
    seed: int,
    limit: int,
    after: Cursor | None = None,
    columns: Sequence[ColumnElement[Any]] = (),
) -> Select[Any]:
    """Rows of photo_id, chance and columns: once round the circle of hashes, in two walks."""
    by, start = chance(), literal(beginning(seed), BigInteger)
    late, early = [*conditions, by >= start], [*conditions, by < start]
    if after is not None:
        last = tuple_(literal(after.chance, BigInteger), literal(after.photo_id, BigInteger))
        rest = tuple_(by, score.c.photo_id) > last
        if after.chance is not None and after.chance < beginning(seed):
            late, early = [false()], [*early, rest]
        else:
            late = [*late, rest]
    walks = (
        select(score.c.photo_id, by.label("chance"), *columns)
        .where(*some)
        .order_by(by, score.c.photo_id)
        .limit(limit)
        .subquery()
        for some in (late, early)
    )
    both = union_all(*(select(walk) for walk in walks)).subquery()
    return select(both).order_by(*around(both.c, seed)).limit(limit)


def around(columns: Any, seed: int) -> list[ColumnElement[Any]]:
    """The same order, of what `shuffled` selected."""
    start = literal(beginning(seed), BigInteger)
    return [columns.chance < start, columns.chance, columns.photo_id]


def _nearest(conditions: Conditions, after: Cursor | None, limit: int, near: Near) -> Select[Any]:
    distance = near.distance_m(Photo.location)
    query = (
        select(score.c.photo_id, distance.label("distance_m"))
        .join(Photo, Photo.id == score.c.photo_id)
        .where(*conditions)
        .order_by(distance, score.c.photo_id)
        .limit(limit)
    )
    if after is None:
        return query
    return query.where(
        tuple_(distance, score.c.photo_id) > tuple_(after.distance_m, after.photo_id)
    )
