"""Finding photos: a page of a list, or a sample spread over all.

Both hold published scores only, so that they agree with the totals of the release's version.
"""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.attributes import KEYS
from app.errors import BadRequest
from app.photos.cursor import Cursor, fingerprint
from app.photos.filter import PhotoFilter
from app.photos.orders import Conditions, Part, around, plain, ranked, shuffled
from app.photos.public import by_ids
from app.photos.selection import select_photos
from app.schemas import Order, PhotoPage, PhotoSample
from app.tables import Photo, Release, score

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
    the attribute are there too unless a bound is given. random: by a hash of the id, each seed
    beginning elsewhere on the circle of hashes. nearest: by distance from the filter's `near`,
    which it needs.
    """
    _check(where, order, cursor, skip)
    by = plain(order, where.attribute)
    selection = select_photos(session, release, where)
    asked = fingerprint(release.name, where, by, seed)
    after = None if cursor is None else Cursor.read(cursor, asked)
    if after is None:
        photos, scored, center = selection.overview(session)
        total = photos if by == "newest" else scored
    else:
        total, center = after.total, after.center
    scored_only = [] if by == "newest" else [score.c[f"score_{where.attribute}"].is_not(None)]

    def page(conditions: Conditions) -> Select[Any]:
        part = Part([*conditions, *scored_only], after, center, limit + 1, skip, seed)
        return ranked(by, where, part)

    rows = selection.first(session, page)
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
    session: Session, release: Release, n: int, where: PhotoFilter | None = None, seed: int = 0
) -> PhotoSample:
    """N random photos of a filter in random order: a smaller sample of the same seed begins it.

    Photos without a score of the filter's attribute are there too unless a bound is given.
    """
    selection = select_photos(session, release, where or PhotoFilter())
    columns = [score.c[f"score_{key}"] for key in KEYS]

    def drawn(conditions: Conditions) -> Select[Any]:
        some = shuffled(conditions, seed, n, columns=columns).subquery()
        lat, lon = func.ST_Y(Photo.location).label("lat"), func.ST_X(Photo.location).label("lon")
        query = select(some, lat, lon).join(Photo, Photo.id == some.c.photo_id)
        return query.order_by(*around(some.c, seed))

    rows = selection.first(session, drawn)
    total, _, _ = selection.overview(session)
    return PhotoSample(
        release=release.name,
        n=len(rows),
        total=total,
        id=[row["photo_id"] for row in rows],
        lat=[round(row["lat"], 6) for row in rows],
        lon=[round(row["lon"], 6) for row in rows],
        scores={key: [_points(row[f"score_{key}"]) for row in rows] for key in KEYS},
    )


def _points(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100
