"""What a filter selects: the conditions that list it and those that count it, and its figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, Table, func, select
from sqlalchemy.orm import Session

from app import areas
from app.db import driver_errors
from app.errors import Busy
from app.photos import zone
from app.photos.filter import PhotoFilter
from app.photos.orders import Conditions
from app.photos.zone import Zone
from app.tables import CELL_ZOOMS, Release, area_total, cell_total, score

WALK_MS = 400
"""A walk that has not found its photos by then is given up, where there is another way."""


@dataclass(frozen=True)
class Selection:
    """Photos of a release as conditions on the rows of scores, which all select the same.

    listed: for a query that wants the first few of an order. counted: for one that reads them all.
    gathered: for one that wants a few and would have to walk past too many others.
    """

    release: Release
    where: PhotoFilter
    area_id: int | None
    zone: Zone | None
    listed: Conditions
    counted: Conditions
    gathered: Conditions | None = None

    def first(
        self, session: Session, query: Callable[[Conditions], Select[Any]]
    ) -> Sequence[RowMapping]:
        """The rows of a query for the first few of an order.

        The photos of a large shape are mostly met soon on a walk along the order. Where all of them
        lie far down in it, reading the shape is faster.
        """
        if self.gathered is None:
            return session.execute(query(self.listed)).mappings().all()
        try:
            with driver_errors(), session.begin_nested():
                zone.limit_time(session, WALK_MS)
                rows = session.execute(query(self.listed)).mappings().all()
        except Busy:
            return session.execute(query(self.gathered)).mappings().all()
        zone.limit_time(session, zone.TIMEOUT_MS)
        return rows

    def overview(self, session: Session) -> tuple[int, int, int | None]:
        """Photos, how many of them have a score of the attribute, and its rounded mean."""
        key = self.where.attribute
        if self.zone is not None and self.where.is_zone:
            photos, scored, total = zone.sums(session, self.zone, key)
        else:
            photos, scored, total = session.execute(self._sums(key)).one()
        return photos or 0, scored or 0, round(total / scored) if scored else None

    def _sums(self, key: str) -> Select[Any]:
        if not self.where.is_counted:
            column = score.c[f"score_{key}"]
            columns: tuple[Any, ...] = (func.count(), func.count(column), func.sum(column))
            return select(*columns).where(*self.counted)
        if self.area_id is not None:
            of_area = area_total.c.area_id == self.area_id
            return _totals(area_total, key, self.release).where(of_area)
        whole = cell_total.c.z == CELL_ZOOMS[0]
        return _totals(cell_total, key, self.release).where(whole)


def select_photos(session: Session, release: Release, where: PhotoFilter) -> Selection:
    """Raises AreaNotFound, LayerNotFound, and TooLarge for a shape that is not counted either."""
    area_id = None
    if where.layer is not None and where.area is not None:
        area_id = areas.area(session, where.layer, where.area).id
    conditions = where.conditions(release, area_id)
    if where.zone is None:
        return Selection(release, where, area_id, None, conditions, conditions)
    found = zone.zone(session, release, where.zone.drawn)
    found.check(with_totals=where.is_zone)
    if not found.is_large:
        inside = [*conditions, zone.gathered(found)]
        return Selection(release, where, area_id, found, inside, inside)
    listed, counted = [*conditions, zone.passed(found)], [*conditions, zone.joined(found)]
    gathered = [*conditions, zone.gathered(found)] if found.is_readable else None
    return Selection(release, where, area_id, found, listed, counted, gathered)


def _totals(table: Table, key: str, release: Release) -> Select[Any]:
    columns = (table.c.n, table.c[f"n_{key}"], table.c[f"sum_{key}"])
    return select(*(func.sum(column) for column in columns)).where(table.c.release_id == release.id)
