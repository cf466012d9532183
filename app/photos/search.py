"""Finding photos: a page of a list, or a sample spread over all.

Both hold published scores only, so that they agree with the totals of the release's version.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.orm import Session

from app import areas
from app.attributes import KEYS
from app.cells import Box
from app.errors import BadRequest
from app.photos.cursor import Cursor, fingerprint
from app.photos.filter import PhotoFilter, in_box, published
from app.photos.orders import Part, chance, plain, ranked
from app.photos.public import by_ids
from app.schemas import Order, PhotoPage, PhotoSample
from app.tables import (
    CELL_ZOOMS,
    Photo,
    Release,
    area_total,
    cell_total,
    score,
)

SAMPLE_LIMIT = 80_000
SKIP_LIMIT = 200_000
"""A list can be entered up to here; beyond, its pages lead on one by one."""


def search(
    session: Session,
    release: Release,
    where: PhotoFilter,
    order: Order = "best",
    limit: int = 60,
    cursor: str | None = None,
    *,
    skip: int = 0,
    seed: int = 0,
) -> PhotoPage:
    """One page of the photos that have a score of the attribute.

    skip: photos of the list that come before the page, at most `SKIP_LIMIT`; not with a cursor.

    most, least: by that score, ties by id, each the reverse of the other. best and worst: the
    favourable end first, so for `boring` best is least. typical: nearest first to the mean of the
    photos of the filter. newest: by time of capture, undated ones last; photos without a score of
    the attribute are there too unless a bound is given. random: by a hash of id and seed. nearest:
    by distance from the filter's `near`, which it needs.
    """
    _check(where, order, cursor, skip)
    by = plain(order, where.attribute)
    area_id = None
    if where.layer is not None and where.area is not None:
        area_id = areas.area(session, where.layer, where.area).id
    conditions = where.conditions(release, area_id)
    if by != "newest":
        conditions.append(score.c[f"score_{where.attribute}"].is_not(None))
    asked = fingerprint(release.name, where, by, seed)
    after = None if cursor is None else Cursor.read(cursor, asked)
    if after is None:
        photos, scored, center = _overview(session, release, where, area_id, conditions)
        total = photos if by == "newest" else scored
    else:
        total, center = after.total, after.center
    part = Part(conditions, after, center, limit + 1, skip, seed)
    rows = session.execute(ranked(by, where, part)).mappings().all()
    following = None
    if len(rows) > limit:
        following = Cursor(asked=asked, total=total, center=center, **rows[limit - 1]).write()
    shown = by_ids(session, release, [row["photo_id"] for row in rows[:limit]])
    return PhotoPage(release=release.name, total=total, photos=shown, next=following)


def _check(where: PhotoFilter, order: Order, cursor: str | None, skip: int) -> None:
    if order == "nearest" and where.near is None:
        raise BadRequest("The order nearest needs a place: give near=lon,lat.")
    if skip and cursor is not None:
        raise BadRequest("A cursor says itself where its page begins: leave out skip.")
    if skip > SKIP_LIMIT:
        raise BadRequest(f"skip is {skip}; a list can be entered up to {SKIP_LIMIT}. Filter it.")


def sample(
    session: Session, release: Release, n: int, bbox: Box | None = None, seed: int = 0
) -> PhotoSample:
    """N random photos in random order: a smaller sample of the same seed is the beginning of it."""
    conditions = published(release)
    if bbox is not None:
        conditions.append(in_box(bbox))
    columns = [score.c[f"score_{key}"] for key in KEYS]
    by = chance(seed)
    drawn = (
        select(score.c.photo_id, by.label("chance"), *columns)
        .where(*conditions)
        .order_by(by, score.c.photo_id)
        .limit(n)
        .subquery()
    )
    rows = session.execute(
        select(drawn, func.ST_Y(Photo.location), func.ST_X(Photo.location))
        .join(Photo, Photo.id == drawn.c.photo_id)
        .order_by(drawn.c.chance, drawn.c.photo_id)
    ).all()
    ids, _, *scores, lats, lons = zip(*rows, strict=True) if rows else ((),) * (len(KEYS) + 4)
    where = PhotoFilter(bbox=bbox)
    total, _, _ = _overview(session, release, where, None, conditions)
    return PhotoSample(
        release=release.name,
        n=len(rows),
        total=total,
        id=list(ids),
        lat=[round(lat, 6) for lat in lats],
        lon=[round(lon, 6) for lon in lons],
        scores={
            key: [None if value is None else value / 100 for value in column]
            for key, column in zip(KEYS, scores, strict=True)
        },
    )


def _overview(
    session: Session,
    release: Release,
    where: PhotoFilter,
    area_id: int | None,
    conditions: list[ColumnElement[bool]],
) -> tuple[int, int, int | None]:
    """Photos, how many of them have a score of the attribute, and its rounded mean."""
    key = where.attribute
    if not where.is_counted:
        column = score.c[f"score_{key}"]
        query = select(func.count(), func.count(column), func.sum(column)).where(*conditions)
    elif area_id is not None:
        query = _sums(area_total, key, release).where(area_total.c.area_id == area_id)
    else:
        query = _sums(cell_total, key, release).where(cell_total.c.z == CELL_ZOOMS[0])
    photos, scored, total = session.execute(query).one()
    return photos or 0, scored or 0, round(total / scored) if scored else None


def _sums(table: Table, key: str, release: Release) -> Select[Any]:
    columns = (table.c.n, table.c[f"n_{key}"], table.c[f"sum_{key}"])
    return select(*(func.sum(column) for column in columns)).where(table.c.release_id == release.id)
