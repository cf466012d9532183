"""Which photos a list is of, as conditions on the rows of scores."""

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.attributes import KEYS
from app.cells import Box
from app.errors import BadRequest
from app.photos.word import DrawnWord
from app.tables import Pending, Photo, Release, photo_area, score

NEAR_M = 2_000
"""How far from a place photos are near it."""

_RANGE = re.compile(r"(\w+):(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
# A degree of latitude is never shorter, and a degree of longitude never longer at the equator.
_DEGREE_M = 110_500

_place = aliased(Photo, name="place")
"""Under a name of its own, so that no other FROM of a query is mistaken for it."""


@dataclass(frozen=True)
class ScoreRange:
    """low ≤ score < high, from 0 to 10; a high of 10 holds 10."""

    attribute: str
    low: float
    high: float


@dataclass(frozen=True)
class Near:
    """A place in degrees, and all around it up to `NEAR_M`."""

    lon: float
    lat: float

    def distance_m(self, location: Any) -> ColumnElement[float]:
        """Of a column of points, on a sphere."""
        point = func.ST_SetSRID(func.ST_MakePoint(self.lon, self.lat), 4326)
        return func.ST_DistanceSphere(location, point)

    @property
    def box(self) -> Box:
        up = NEAR_M / _DEGREE_M
        across = up / max(0.01, math.cos(math.radians(abs(self.lat) + up)))
        return Box(self.lon - across, self.lat - up, self.lon + across, self.lat + up)


@dataclass(frozen=True)
class PhotoFilter:
    """Which photos. area is a code of layer; lowest and highest are scores of the attribute.

    since, until: days of capture in UTC, both included; photos without a time are then left out.
    """

    attribute: str = KEYS[0]
    layer: str | None = None
    area: str | None = None
    bbox: Box | None = None
    lowest: float | None = None
    highest: float | None = None
    only: tuple[ScoreRange, ...] = ()
    since: date | None = None
    until: date | None = None
    batch: int | None = None
    near: Near | None = None
    zone: DrawnWord | None = None

    def __post_init__(self) -> None:
        if (self.layer is None) != (self.area is None):
            raise BadRequest("An area needs its layer and a layer its area: give both or neither.")
        if self.lowest is not None and self.highest is not None and self.lowest > self.highest:
            raise BadRequest(f"min ({self.lowest}) is above max ({self.highest}): swap them.")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise BadRequest(f"from ({self.since}) is after to ({self.until}): swap them.")

    @property
    def is_counted(self) -> bool:
        """Whether the totals know how many photos there are."""
        return replace(self, attribute=KEYS[0], layer=None, area=None) == PhotoFilter()

    @property
    def is_zone(self) -> bool:
        """Whether it asks for nothing but a drawn shape."""
        return self == PhotoFilter(self.attribute, zone=self.zone)

    def conditions(self, release: Release, area_id: int | None) -> list[ColumnElement[bool]]:
        """Of the release's published scores; all but the zone. area_id: of the filter's area."""
        found = published(release)
        if area_id is not None:
            members = select(photo_area.c.photo_id).where(photo_area.c.area_id == area_id)
            found.append(score.c.photo_id.in_(members))
        column = score.c[f"score_{self.attribute}"]
        if self.lowest is not None:
            found.append(column >= math.ceil(_hundredths(self.lowest)))
        if self.highest is not None:
            found.append(column <= math.floor(_hundredths(self.highest)))
        for each in self.only:
            found += _within(each)
        of_photo = self._of_photo()
        if of_photo:
            found.append(score.c.photo_id.in_(select(_place.id).where(*of_photo)))
        return found

    def _of_photo(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.bbox is not None:
            found.append(_in_box(_place.location, self.bbox))
        if self.since is not None:
            found.append(_place.captured_at >= _midnight(self.since))
        if self.until is not None:
            found.append(_place.captured_at < _midnight(self.until) + timedelta(days=1))
        if self.batch is not None:
            found.append(_place.batch_id == self.batch)
        if self.near is not None:
            found.append(_in_box(_place.location, self.near.box))
            found.append(self.near.distance_m(_place.location) <= NEAR_M)
        return found


def published(release: Release) -> list[ColumnElement[bool]]:
    """The score rows of the release that its totals hold."""
    pending = select(func.unnest(Pending.photo_ids)).where(Pending.release_id == release.id)
    return [score.c.release_id == release.id, score.c.photo_id.not_in(pending)]


def read_ranges(text: str) -> tuple[ScoreRange, ...]:
    """As «safety:6-7.5,lively:0-3»; raises BadRequest for what is not of this form."""
    found = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None or match[1] not in KEYS:
            raise BadRequest(
                f"only must be ranges such as safety:6-7.5,lively:0-3, not «{part}»; "
                f"attributes are {', '.join(KEYS)}."
            )
        low, high = float(match[2]), float(match[3])
        if not low < high <= 10:
            raise BadRequest(f"The range «{part}» must go up, within 0 to 10.")
        found.append(ScoreRange(match[1], low, high))
    return tuple(found)


def read_near(text: str) -> Near:
    """As «lon,lat» in degrees."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadRequest(f"near must be two numbers, lon,lat, not «{text}».") from error
    if not (abs(lon) <= 180 and abs(lat) <= 85):
        raise BadRequest(
            "near must be a place within longitudes -180 to 180 and latitudes -85 to 85, "
            "in the order lon,lat."
        )
    return Near(lon, lat)


def _in_box(location: Any, box: Box) -> ColumnElement[bool]:
    """A box across the antimeridian is two."""
    parts = [box]
    if box.west > box.east:
        parts = [replace(box, east=180.0), replace(box, west=-180.0)]
    envelopes = [
        func.ST_MakeEnvelope(part.west, part.south, part.east, part.north, 4326) for part in parts
    ]
    return or_(*(func.ST_Intersects(location, envelope) for envelope in envelopes))


def _within(each: ScoreRange) -> list[ColumnElement[bool]]:
    column = score.c[f"score_{each.attribute}"]
    found: list[ColumnElement[bool]] = [column >= math.ceil(_hundredths(each.low))]
    if each.high < 10:
        found.append(column < math.ceil(_hundredths(each.high)))
    return found


def _hundredths(value: float) -> float:
    """Rounded, since 6.91 * 100 may lie a hair above 691."""
    return round(value * 100, 6)


def _midnight(day: date) -> ColumnElement[datetime]:
    return literal(datetime.combine(day, time(), UTC))
