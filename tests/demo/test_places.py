from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from app.demo import city, places, traits

RECIPE = city.Recipe(seed=7, places=3000, scenes=10, votes=10)


@pytest.fixture(scope="module")
def plan() -> pd.DataFrame:
    return city.plan_city(RECIPE)[0]


def test_3000_places_give_every_rated_comuna_at_least_60(plan: pd.DataFrame) -> None:
    counts = plan["comuna_code"].value_counts()
    assert len(plan) == 3000
    assert set(counts.index) == set(places.human_table().index)
    assert len(counts) == 32
    assert counts.min() >= 60


def test_a_larger_city_scales_every_comuna() -> None:
    counts = places.allot(120_000, places.comunas())
    assert sum(counts) == 120_000
    assert min(counts) >= 2400


def test_a_small_city_has_as_many_places_as_asked() -> None:
    for wanted in (1, 31, 64, 1599, 1600, 1601):
        assert sum(places.allot(wanted, places.comunas())) == wanted


def test_every_place_lies_in_its_comuna_and_the_lowest_code_wins(plan: pd.DataFrame) -> None:
    polygons = places.polygons().to_crs(4326).reset_index()
    points = gpd.GeoDataFrame(
        plan[["key", "comuna_code"]],
        geometry=gpd.points_from_xy(plan["lon"], plan["lat"]),
        crs=4326,
    )
    found = points.sjoin(polygons, predicate="intersects").groupby("key")["CUT_COM"].min()
    assert found.reindex(plan["key"]).tolist() == plan["comuna_code"].tolist()


def test_places_lie_in_the_built_up_cells(plan: pd.DataFrame) -> None:
    cells = {tuple(row) for row in places.cells()[["x", "y"]].to_numpy().tolist()}
    latitude = np.radians(plan["lat"].to_numpy())
    x = ((plan["lon"].to_numpy() + 180) / 360 * 2**15).astype(int)
    y = ((1 - np.arcsinh(np.tan(latitude)) / np.pi) / 2 * 2**15).astype(int)
    assert set(zip(x.tolist(), y.tolist(), strict=True)) <= cells


def test_the_next_place_of_a_street_lies_where_the_heading_points(plan: pd.DataFrame) -> None:
    along = 0
    steps = 0
    for _, rows in plan.groupby("comuna_code"):
        for (_, here), (_, there) in pairwise(rows.iterrows()):
            north = (there["lat"] - here["lat"]) * 111_000
            east = (there["lon"] - here["lon"]) * 111_000 * np.cos(np.radians(here["lat"]))
            if np.hypot(north, east) > 100:
                continue
            bearing = np.degrees(np.arctan2(east, north))
            off = abs((bearing - here["heading_deg"] + 90) % 180 - 90)
            steps += 1
            along += off < 12
    assert steps > 2000
    assert along / steps > 0.97


def test_no_two_places_are_one(plan: pd.DataFrame) -> None:
    assert not plan.duplicated(["lat", "lon"]).any()


def test_the_hour_fits_the_light() -> None:
    plan, levels = city.plan_city(RECIPE)
    captured = pd.to_datetime(plan["captured_at"])
    hour = captured.dt.hour + captured.dt.minute / 60
    daylight = levels[:, traits.NAMES.index("daylight")]
    assert abs(hour[daylight > 0.9] - 13).max() < 2.5
    assert abs(hour[daylight < 0.1] - 13).min() > 5
    assert plan["captured_at"].str.endswith("-03:00").all()
