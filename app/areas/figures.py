"""What the photos of an area say: means with intervals, ranks, histograms.

The standard error is clustered by zoom-16 cell, since photos near each other look alike. With n_g
photos and sum s_g in cell g of G, n photos in all and mean m (the ratio estimator of a mean over
clusters, Cochran 1977, 6.4 with the finite-sample factor of cluster-robust variances):

    se = sqrt(G / (G − 1) · Σ_g (s_g − n_g · m)²) / n,   interval m ± t(0.975; G − 1) · se
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from scipy.special import stdtrit
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.areas.layers import CITY, area, layer
from app.attributes import KEYS
from app.tables import BINS, Release

FLOOR_PHOTOS = 20
FLOOR_CELLS = 5
"""From so many photos in so many zoom-16 cells on an area is shown."""

Reason = Literal["no-photos", "few-photos", "few-cells"]
Ranks = dict[str, dict[str, tuple[int, int]]]
"""(rank, of) by attribute and by code."""


@dataclass(frozen=True)
class AttributeFigures:
    """One attribute of one area, in units of 0 to 10.

    n: photos that have a score. se and ci95 are None where all of them lie in one cell; ci95 is
    cut at 0 and 10. rank: 1 has the highest mean of the `of` shown areas of the layer, equal means
    share the better rank; None where the area is not shown, and in the city.
    """

    n: int
    mean: float
    se: float | None
    ci95: tuple[float, float] | None
    rank: int | None
    of: int | None


@dataclass(frozen=True)
class AreaFigures:
    """n: scored photos, in `cells` zoom-16 cells. bbox: west, south, east, north in degrees.

    attributes: in their usual order, without those that no photo has a score of.
    reason: why the area is not shown, None where it is. id: 0 of a shape that is no area.
    """

    code: str
    name: str
    n: int
    cells: int
    reason: Reason | None
    bbox: tuple[float, float, float, float]
    attributes: dict[str, AttributeFigures]
    id: int = 0

    @property
    def shown(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class AreaDetail:
    """histogram: by attribute, 20 numbers of photos, each bin half a point wide."""

    figures: AreaFigures
    histogram: dict[str, list[int]]


# Over rows of zoom-16 cells with their n_… and sum_….
CLUSTERS = ",\n".join(
    f"""count(*) FILTER (WHERE n_{key} > 0) AS cells_{key},
        sum(sum_{key}::numeric * sum_{key}) AS ss_{key},
        sum(sum_{key}::numeric * n_{key}) AS sn_{key},
        sum(n_{key}::numeric * n_{key}) AS nn_{key}"""
    for key in KEYS
)

_FIGURES = text(f"""
    SELECT a.id, a.code, a.name, t.*, c.*,
           ST_XMin(a.geometry) AS west, ST_YMin(a.geometry) AS south,
           ST_XMax(a.geometry) AS east, ST_YMax(a.geometry) AS north
      FROM area a
      LEFT JOIN area_total t ON t.area_id = a.id AND t.release_id = :release_id
      LEFT JOIN (
        SELECT area_id, count(*) AS cells, {CLUSTERS}
          FROM area_cell_total
         WHERE release_id = :release_id
           AND area_id IN (SELECT id FROM area WHERE layer = :layer)
         GROUP BY area_id
      ) c ON c.area_id = a.id
     WHERE a.layer = :layer
     ORDER BY a.code COLLATE "C"
""")

_HISTOGRAM = text("""
    SELECT attribute, bin, n FROM area_histogram
     WHERE release_id = :release_id AND area_id = :area_id
""")

_DEVIATIONS = ", ".join(
    f"max(abs(t.sum_{key}::float8 / nullif(t.n_{key}, 0) - 500))" for key in KEYS
)

_SPREAD = text(f"""
    SELECT greatest({_DEVIATIONS})
      FROM area a JOIN area_total t ON t.area_id = a.id
     WHERE a.layer = :layer AND t.release_id = :release_id AND t.n >= {FLOOR_PHOTOS}
       AND (SELECT count(*) FROM area_cell_total c
             WHERE c.area_id = a.id AND c.release_id = t.release_id) >= {FLOOR_CELLS}
""")


def figures(session: Session, release: Release, key: str) -> list[AreaFigures]:
    """Of all areas of a layer, by code; an area without photos has n = 0."""
    layer(session, key)
    rows = _rows(session, release, key)
    ranks = _ranks_of_all(rows, key)
    return [_area(row, ranks) for row in rows]


def detail(session: Session, release: Release, key: str, code: str) -> AreaDetail:
    found = area(session, key, code)
    histogram = {attribute: [0] * BINS for attribute in KEYS}
    for row in session.execute(_HISTOGRAM, {"release_id": release.id, "area_id": found.id}):
        histogram[KEYS[row.attribute]][row.bin] = row.n
    rows = _rows(session, release, key)
    own = next(row for row in rows if row.id == found.id)
    return AreaDetail(_area(own, _ranks_of_all(rows, key)), histogram)


def _rows(session: Session, release: Release, key: str) -> Sequence[Row[Any]]:
    return session.execute(_FIGURES, {"release_id": release.id, "layer": key}).all()


def _area(row: Row[Any], ranks: Ranks) -> AreaFigures:
    return AreaFigures(
        code=row.code,
        name=row.name,
        n=row.n or 0,
        cells=row.cells or 0,
        reason=reason_hidden(row.n or 0, row.cells or 0),
        bbox=(row.west, row.south, row.east, row.north),
        attributes={
            attribute: _attribute(row, attribute, ranks[attribute])
            for attribute in KEYS
            if getattr(row, f"n_{attribute}")
        },
        id=row.id,
    )


def spread(session: Session, release: Release, key: str) -> float:
    """Half the colour range, the d of 5 ± d, of a layer.

    The largest deviation from 5 of any attribute's mean in a shown area, rounded up to 0.5, at
    least 0.5.
    """
    layer(session, key)
    largest = session.execute(_SPREAD, {"release_id": release.id, "layer": key}).scalar()
    return max(0.5, math.ceil((largest or 0.0) / 50.0) / 2.0)


def reason_hidden(n: int, cells: int) -> Reason | None:
    """Why so many photos in so many zoom-16 cells are not shown; None where they are."""
    if n == 0:
        return "no-photos"
    if n < FLOOR_PHOTOS:
        return "few-photos"
    return "few-cells" if cells < FLOOR_CELLS else None


def _ranks_of_all(rows: Sequence[Row[Any]], key: str) -> Ranks:
    shown = [row for row in rows if reason_hidden(row.n or 0, row.cells or 0) is None]
    return {attribute: {} if key == CITY else _ranks(attribute, shown) for attribute in KEYS}


def _ranks(attribute: str, shown: Sequence[Row[Any]]) -> dict[str, tuple[int, int]]:
    """(rank, of) by code."""
    means = {
        row.code: Fraction(getattr(row, f"sum_{attribute}"), getattr(row, f"n_{attribute}"))
        for row in shown
        if getattr(row, f"n_{attribute}")
    }
    # Fractions are exact but slow to compare; their floats are in the same order, or the same.
    ordered = sorted(means.values(), key=lambda mean: (float(mean), mean), reverse=True)
    places: dict[Fraction, int] = {}
    for place, mean in enumerate(ordered, start=1):
        places.setdefault(mean, place)
    return {code: (places[mean], len(ordered)) for code, mean in means.items()}


def _attribute(
    row: Row[Any], attribute: str, ranks: dict[str, tuple[int, int]]
) -> AttributeFigures:
    rank, of = ranks.get(row.code, (None, None))
    return replace(clustered(row, attribute), rank=rank, of=of)


def clustered(row: Row[Any], attribute: str) -> AttributeFigures:
    """Mean and interval of an attribute that some photo has a score of, without a rank.

    row: n_…, sum_… and what `CLUSTERS` adds up of zoom-16 cells.
    """
    n: int = getattr(row, f"n_{attribute}")
    total: int = getattr(row, f"sum_{attribute}")
    cells: int = getattr(row, f"cells_{attribute}")
    mean = total / n / 100.0
    if cells < 2:
        return AttributeFigures(n, mean, None, None, None, None)
    # Σ (s_g − n_g · total/n)², times n², in whole numbers: nothing cancels out.
    ss, sn, nn = (int(getattr(row, f"{name}_{attribute}")) for name in ("ss", "sn", "nn"))
    squares = n * n * ss - 2 * n * total * sn + total * total * nn
    se = math.sqrt(cells / (cells - 1) * squares) / (n * n) / 100.0
    half = float(stdtrit(cells - 1, 0.975)) * se
    ci95 = max(0.0, mean - half), min(10.0, mean + half)
    return AttributeFigures(n, mean, se, ci95, None, None)
