"""Shapes that somebody draws: polygons as GeoJSON has them, and circles.

A photo lies in a polygon as it lies in an area: edges are straight in degrees, and the border
belongs to it. It lies in a circle up to the radius from its centre, along the ellipsoid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely import MultiPolygon, Polygon

from app.errors import BadRequest
from app.schemas import CircleIn, MultiPolygonIn, PolygonIn
from app.tilegrid import MAX_LATITUDE_DEG

MAX_POSITIONS = 2_000
RADII_M = (10.0, 100_000.0)
_EARTH = Geod(ellps="WGS84")
# Far below what anybody draws, far above the last digit of a degree.
_HAIR_DEG = 1e-9

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


class BadShape(BadRequest):
    """Not a shape that could hold photos; the message says where it is wrong."""

    code = "bad-shape"


class Drawn(Protocol):
    """`condition`: SQL for a photo's `location` to be in it, with the `parameters`."""

    @property
    def bbox(self) -> tuple[float, float, float, float]: ...
    @property
    def area_m2(self) -> float: ...
    @property
    def condition(self) -> str: ...
    @property
    def parameters(self) -> dict[str, Any]: ...

    def sides(self, boxes: NDArray[np.float64]) -> Masks:
        """Which boxes certainly lie inside, and which outside; the rest may be on the border.

        boxes: rows of west, south, east, north.
        """
        ...


@dataclass(frozen=True)
class DrawnPolygon:
    shape: Polygon | MultiPolygon

    condition = """
        location && ST_GeomFromWKB(CAST(:shape AS bytea), 4326)
        AND ST_Covers(ST_GeomFromWKB(CAST(:shape AS bytea), 4326), location)
    """

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        west, south, east, north = (float(edge) for edge in self.shape.bounds)
        return west, south, east, north

    @property
    def area_m2(self) -> float:
        turned = shapely.orient_polygons(self.shape)
        return abs(float(_EARTH.geometry_area_perimeter(turned)[0]))

    @property
    def parameters(self) -> dict[str, Any]:
        return {"shape": shapely.to_wkb(self.shape)}

    def sides(self, boxes: NDArray[np.float64]) -> Masks:
        west, south, east, north = boxes.T
        squares = shapely.box(
            west - _HAIR_DEG, south - _HAIR_DEG, east + _HAIR_DEG, north + _HAIR_DEG
        )
        shapely.prepare(self.shape)
        inside = shapely.contains_properly(self.shape, squares)
        return inside, ~shapely.intersects(self.shape, squares)


@dataclass(frozen=True)
class DrawnCircle:
    lon: float
    lat: float
    radius_m: float

    condition = """
        location && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
        AND ST_DWithin(CAST(location AS geography),
                       CAST(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geography), :radius_m)
    """

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """A little more than the circle, whose widest place is not at its centre's latitude."""
        far = self.radius_m * 1.01
        lons, lats, _ = _EARTH.fwd([self.lon] * 4, [self.lat] * 4, [0, 90, 180, 270], [far] * 4)
        high = max(abs(lats[0]), abs(lats[2]))
        reach = abs(lons[1] - self.lon) * np.cos(np.radians(self.lat)) / np.cos(np.radians(high))
        return self.lon - float(reach), lats[2], self.lon + float(reach), lats[0]

    @property
    def area_m2(self) -> float:
        return float(np.pi * self.radius_m**2)

    @property
    def parameters(self) -> dict[str, Any]:
        edges = dict(zip(("west", "south", "east", "north"), self.bbox, strict=True))
        return {"lon": self.lon, "lat": self.lat, "radius_m": self.radius_m, **edges}

    def sides(self, boxes: NDArray[np.float64]) -> Masks:
        """Of a box, a corner is farthest, and the place beside the centre about the nearest."""
        west, south, east, north = boxes.T
        corners = [self._distance(x, y) for x in (west, east) for y in (south, north)]
        farthest = np.max(corners, axis=0)
        nearest = self._distance(np.clip(self.lon, west, east), np.clip(self.lat, south, north))
        return farthest < self.radius_m * 0.999 - 1.0, nearest > self.radius_m * 1.001 + 5.0

    def _distance(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        centre = np.full_like(lon, self.lon), np.full_like(lat, self.lat)
        return np.asarray(_EARTH.inv(*centre, lon, lat)[2])


def read(given: PolygonIn | MultiPolygonIn | CircleIn) -> Drawn:
    """Raises BadShape with what is wrong and where."""
    if isinstance(given, CircleIn):
        return _circle(given)
    polygons = [given.coordinates] if isinstance(given, PolygonIn) else given.coordinates
    positions = sum(len(ring) for polygon in polygons for ring in polygon)
    if positions > MAX_POSITIONS:
        raise BadShape(
            f"The shape has {positions} positions; at most {MAX_POSITIONS} are counted with. "
            "Simplify it."
        )
    parts = [Polygon(_ring(rings[0]), [_ring(hole) for hole in rings[1:]]) for rings in polygons]
    shape = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    if not shape.is_valid:
        raise BadShape(f"The shape is not valid: {shapely.is_valid_reason(shape)} (lon lat).")
    west, _, east, _ = shape.bounds
    if east - west > 180.0:
        raise BadShape(
            f"The shape reaches from longitude {west:g} to {east:g}, more than half of the way "
            "round. If it is meant to cross the antimeridian, split it there into a MultiPolygon."
        )
    return DrawnPolygon(shape)


def _ring(positions: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    places = [(position[0], position[1]) for position in positions]
    for lon, lat in places:
        _check_place(lon, lat)
    if places[0] != places[-1]:
        raise BadShape(
            f"A ring is not closed: it begins at {_said(places[0])} and ends at "
            f"{_said(places[-1])}. The first position is repeated as the last."
        )
    if len(set(places)) < 3:
        raise BadShape(f"A ring at {_said(places[0])} has fewer than three different positions.")
    return places


def _circle(given: CircleIn) -> DrawnCircle:
    lon, lat = given.center[0], given.center[1]
    _check_place(lon, lat)
    least, most = RADII_M
    if not least <= given.radius_m <= most:
        raise BadShape(
            f"radius_m is {given.radius_m:g}; circles have a radius of {least:g} to {most:g} m."
        )
    circle = DrawnCircle(lon, lat, given.radius_m)
    west, south, east, north = circle.bbox
    if west < -180.0 or east > 180.0:
        raise BadShape("The circle crosses the antimeridian. Draw a MultiPolygon split there.")
    if max(abs(south), abs(north)) > MAX_LATITUDE_DEG:
        raise BadShape(f"The circle reaches beyond ±{MAX_LATITUDE_DEG}°, where no photos are.")
    return circle


def _check_place(lon: float, lat: float) -> None:
    if not (abs(lon) <= 180.0 and abs(lat) <= MAX_LATITUDE_DEG):
        raise BadShape(
            f"There is no place at longitude {lon:g}, latitude {lat:g}: longitudes go from -180 to "
            f"180, latitudes from -{MAX_LATITUDE_DEG} to {MAX_LATITUDE_DEG}, longitude first."
        )


def _said(place: tuple[float, float]) -> str:
    return f"{place[0]:g} {place[1]:g}"
