"""Finding photos: a page of a list, or a sample spread over all.

Both hold published scores only, so that they agree with the totals of the release's version.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, or_, select
from sqlalchemy.orm import Session

from app import areas
from app.attributes import KEYS
from app.cells import Box
from app.errors import BadRequest
from app.photos.cursor import Cursor, fingerprint
from app.photos.orders import plain, ranked
from app.photos.public import by_ids
from app.schemas import Order, PhotoPage, PhotoSample
from app.tables import (
    CELL_ZOOMS,
    Pending,
    Photo,
    Release,
    area_total,
    cell_total,
    photo_area,
    score,
)

SAMPLE_LIMIT = 80_000


@dataclass(frozen=True)
class PhotoFilter:
    """Which photos. area is a code of layer; lowest and highest are scores of the attribute."""

    attribute: str = KEYS[0]
    layer: str | None = None
    area: str | None = None
    bbox: Box | None = None
    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        if (self.layer is None) != (self.area is None):
            raise BadRequest("An area needs its layer and a layer its area: give both or neither.")
        if self.lowest is not None and self.highest is not None and self.lowest > self.highest:
            raise BadRequest(f"min ({self.lowest}) is above max ({self.highest}): swap them.")

    @property
    def is_counted(self) -> bool:
        """Whether the totals know how many photos there are."""
        return self.bbox is None and self.lowest is None and self.highest is None


def search(
    session: Session,
    release: Release,
    where: PhotoFilter,
    order: Order = "best",
    limit: int = 60,
    cursor: str | None = None,
) -> PhotoPage:
    """One page of the photos that have a score of the attribute.

    most, least: by that score, ties by id, each the reverse of the other. best and worst: the
    favourable end first, so for `boring` best is least. typical: nearest first to the mean of the
    photos of the filter. newest: by time of capture, undated ones last; photos without a score of
    the attribute are there too unless a bound is given.
    """
    by = plain(order, where.attribute)
    area_id = None
    if where.layer is not None and where.area is not None:
        area_id = areas.area(session, where.layer, where.area).id
    conditions = _conditions(release, where, area_id)
    if by != "newest":
        conditions.append(score.c[f"score_{where.attribute}"].is_not(None))
    asked = fingerprint(release.name, where, by)
    after = None if cursor is None else Cursor.read(cursor, asked)
    if after is None:
        photos, scored, center = _overview(session, release, where, area_id, conditions)
        total = photos if by == "newest" else scored
    else:
        total, center = after.total, after.center
    found = session.execute(
        ranked(by, where.attribute, conditions, after, center, limit + 1)
    ).mappings()
    rows = found.all()
    following = None
    if len(rows) > limit:
        following = Cursor(asked=asked, total=total, center=center, **rows[limit - 1]).write()
    shown = by_ids(session, release, [row["photo_id"] for row in rows[:limit]])
    return PhotoPage(release=release.name, total=total, photos=shown, next=following)


def sample(
    session: Session, release: Release, n: int, bbox: Box | None = None, seed: int = 0
) -> PhotoSample:
    """N random photos in random order: a smaller sample of the same seed is the beginning of it.

    The order is a hash of the photo's id, so that it depends on neither insertion nor place.
    """
    conditions = published(release)
    if bbox is not None:
        conditions.append(_in_box(bbox))
    columns = [score.c[f"score_{key}"] for key in KEYS]
    chance = func.hashint8extended(score.c.photo_id, seed)
    drawn = (
        select(score.c.photo_id, chance.label("chance"), *columns)
        .where(*conditions)
        .order_by(chance, score.c.photo_id)
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


def published(release: Release) -> list[ColumnElement[bool]]:
    """The score rows of the release that its totals hold."""
    pending = select(func.unnest(Pending.photo_ids)).where(Pending.release_id == release.id)
    return [score.c.release_id == release.id, score.c.photo_id.not_in(pending)]


def _in_box(box: Box) -> ColumnElement[bool]:
    """Within the box, its border included; a box across the antimeridian is two."""
    parts = [box]
    if box.west > box.east:
        parts = [replace(box, east=180.0), replace(box, west=-180.0)]
    envelopes = [
        func.ST_MakeEnvelope(part.west, part.south, part.east, part.north, 4326) for part in parts
    ]
    inside = or_(*(func.ST_Intersects(Photo.location, envelope) for envelope in envelopes))
    return score.c.photo_id.in_(select(Photo.id).where(inside))


def _conditions(
    release: Release, where: PhotoFilter, area_id: int | None
) -> list[ColumnElement[bool]]:
    column = score.c[f"score_{where.attribute}"]
    conditions = published(release)
    if area_id is not None:
        members = select(photo_area.c.photo_id).where(photo_area.c.area_id == area_id)
        conditions.append(score.c.photo_id.in_(members))
    if where.bbox is not None:
        conditions.append(_in_box(where.bbox))
    # Rounded first: 6.91 * 100 may lie a hair above 691.
    if where.lowest is not None:
        conditions.append(column >= math.ceil(round(where.lowest * 100, 6)))
    if where.highest is not None:
        conditions.append(column <= math.floor(round(where.highest * 100, 6)))
    return conditions


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
