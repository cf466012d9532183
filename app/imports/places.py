"""Whether a position is where it should be: latitude and longitude are swapped more often than not.

In much of the world both orders are places on Earth: Santiago swapped is in Antarctica.
"""

import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from app import areas
from app.imports.table import BadRow, Table, position

NEAR_DEG = 1.0


@dataclass(frozen=True)
class Near:
    """A box of degrees in which places are expected."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lat: float, lon: float) -> bool:
        return (
            self.south - NEAR_DEG <= lat <= self.north + NEAR_DEG
            and self.west - NEAR_DEG <= lon <= self.east + NEAR_DEG
        )


class Expected:
    """Where the places of a table are expected: in the city, or where most of the table is."""

    def __init__(self, boxes: Sequence[Near]) -> None:
        self._boxes = boxes

    def check(self, lat: float, lon: float) -> None:
        """Raises BadRow for a position that is expected only with its two numbers swapped."""
        if self._any(lon, lat) and not self._any(lat, lon):
            raise BadRow(
                "swapped-position", f"lat {lat:g}, lon {lon:g} look swapped: they fit as lon, lat"
            )

    def _any(self, lat: float, lon: float) -> bool:
        return any(box.holds(lat, lon) for box in self._boxes)


def expected(session: Session, table: Table) -> Expected:
    boxes = []
    city = areas.city(session)
    if city is not None:
        boxes.append(Near(*to_shape(city.geometry).bounds))
    found = []
    for row in table:
        with suppress(BadRow):
            place = position(row.fields)
            if place is not None:
                found.append(place)
    if found:
        lat = statistics.median(lat for lat, _ in found)
        lon = statistics.median(lon for _, lon in found)
        boxes.append(Near(lon, lat, lon, lat))
    return Expected(boxes)
