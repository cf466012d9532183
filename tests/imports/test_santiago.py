"""The human ratings of Santiago, all the way from a CSV file to the figures of its comunas.

The reference is the index of social priority: what an honest map of Santiago must show.
"""

import csv
from pathlib import Path

import pytest
from scipy.stats import spearmanr

from app import areas, releases, totals
from app.db import SessionFactory
from app.imports import areas as area_import
from app.imports import scores as score_import
from app.imports.areas import Wanted
from app.imports.polygons import Dissolve

# From the README of the data: Spearman with the index over comunas of at least 20 places.
EXPECTED = {
    "safety": -0.84,
    "lively": -0.74,
    "boring": 0.65,
    "wealthy": -0.84,
    "depressing": 0.74,
    "beautiful": -0.71,
}


def test_the_figures_of_comunas_follow_the_index(
    factory: SessionFactory, shared_data: Path
) -> None:
    index_file = shared_data / "social_priority_index_2019.csv"
    wanted = Wanted(
        path=shared_data / "census_zones_r13.geojson",
        layer="comuna_censo",
        code_column="geocodigo",
        dissolve=Dissolve.parse("geocodigo:5"),
        names=(index_file, "comuna_code", "comuna_name"),
    )
    zones = area_import.run(factory, wanted, city_name="Santiago")
    assert (zones.accepted, zones.rejected) == (1865, [])
    points = shared_data / "santiago_points.csv"
    summary = score_import.run(factory, points, release="human", source="Place Pulse 2.0")
    assert (summary.accepted, summary.rejected) == (3364, [])
    with index_file.open(encoding="utf-8", newline="") as file:
        index = {row["comuna_code"]: float(row["ips_2019"]) for row in csv.DictReader(file)}
    with factory() as session:
        figures = areas.figures(session, releases.get(session), "comuna_censo")
        assert {area.code: area.name for area in figures}["13101"] == "Santiago"
        measured = [area for area in figures if area.n >= 20]
        assert len(measured) == 32
        for key, expected in EXPECTED.items():
            means = [area.attributes[key].mean for area in measured]
            found = spearmanr(means, [index[area.code] for area in measured]).statistic
            assert found == pytest.approx(expected, abs=0.06), key
        assert totals.check(session) == []
    again = score_import.run(factory, points, release="human", source="Place Pulse 2.0")
    assert (again.accepted, again.duplicates) == (0, 3364)
