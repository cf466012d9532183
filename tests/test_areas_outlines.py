"""GeoJSON for the map: small, exact enough, and without gaps between neighbours."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from sqlalchemy.orm import Session

from app import areas
from app.areas.outlines import VERTICES, outlines
from app.tables import Layer
from tests.builders import make_layer, square


def shapes_of(text: str) -> list[Any]:
    return [
        None if each["geometry"] is None else shapely.geometry.shape(each["geometry"])
        for each in json.loads(text)["features"]
    ]


def polygons(shape: Any) -> Any:
    """Without the lines and points that a repair leaves behind."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts) if shape.geom_type == "GeometryCollection" else shape


def strips(n: int, vertices: int) -> list[shapely.MultiPolygon]:
    """Neighbours whose common borders are wavy lines of many vertices, some 10 km long."""
    ys = np.linspace(-33.5, -33.4, vertices)
    borders = [
        [(-70.7 + i * 0.01 + 0.001 * math.sin(y * 900), y) for y in ys.tolist()]
        for i in range(n + 1)
    ]
    return [
        shapely.MultiPolygon([shapely.Polygon([*left, *reversed(right)])])
        for left, right in pairwise(borders)
    ]


def test_collection_has_codes_and_names_in_order(session: Session) -> None:
    holed = shapely.Polygon(
        square(-71, -34, 1).exterior.coords, [square(-70.6, -33.6, 0.2).exterior.coords]
    )
    two = shapely.MultiPolygon([square(0, 0, 1), square(2, 0, 1)])
    make_layer(session, "comuna", {"b": holed, "a": two}, names={"a": "Ñuñoa", "b": "«B»"})
    text = areas.geojson(session, "comuna")
    collection = json.loads(text)
    assert collection["type"] == "FeatureCollection"
    assert [each["properties"] for each in collection["features"]] == [
        {"code": "a", "name": "Ñuñoa"},
        {"code": "b", "name": "«B»"},
    ]
    first, second = shapes_of(text)
    assert first.equals(two)
    assert shapely.equals_exact(second.normalize(), holed.normalize(), tolerance=1e-9)
    assert "Ñuñoa" in text


def test_coordinates_have_five_decimals(session: Session) -> None:
    make_layer(session, "comuna", {"a": square(-70.123456789, -33.987654321, 1 / 3)})
    (shape,) = shapes_of(areas.geojson(session, "comuna"))
    for value in shapely.get_coordinates(shape).ravel().tolist():
        assert value == round(value, 5)
    assert shape.bounds[:2] == (-70.12346, -33.98765)


def test_what_is_too_small_to_draw_has_no_geometry(session: Session) -> None:
    grain = shapely.Polygon(
        square(0, 0, 1).exterior.coords, [square(0.5, 0.5, 1e-7).exterior.coords]
    )
    make_layer(session, "comuna", {"a": square(0, 0, 1e-7), "b": grain})
    nothing, whole = shapes_of(areas.geojson(session, "comuna"))
    assert nothing is None
    assert whole.equals(square(0, 0, 1))


def test_small_layers_are_not_simplified() -> None:
    shapes = np.array(strips(10, 1000), dtype=object)
    assert shapely.get_num_coordinates(outlines(shapes)).sum() > 0.9 * 2 * 10 * 1000


def test_large_layers_are_simplified_together() -> None:
    """Neighbours still touch along the whole of their border."""
    shapes = np.array(strips(20, 1100), dtype=object)
    assert shapely.get_num_coordinates(shapes).sum() > VERTICES
    simplified = outlines(shapes)
    assert shapely.get_num_coordinates(simplified).sum() <= VERTICES
    assert shapely.is_valid(simplified).all()
    assert shapely.coverage_is_valid(simplified)
    for before, after in zip(shapes, simplified, strict=True):
        assert shapely.hausdorff_distance(before, after) < 1e-4
        assert after.area == pytest.approx(before.area, rel=1e-3)


@pytest.mark.parametrize("codes", [5, 11])
def test_census_zones_are_small_and_whole(session: Session, shared_data: Path, codes: int) -> None:
    """1,865 zones, and the 52 comunas that they make when dissolved."""
    zones = geopandas.read_file(shared_data / "census_zones_r13.geojson")
    zones["geometry"] = zones.geometry.make_valid()
    zones = zones.dissolve(by=zones["geocodigo"].str[:codes].rename("code"))
    rows = [
        areas.AreaRow(each.Index, each.Index, polygons(each.geometry))
        for each in zones.itertuples()
    ]
    areas.insert(session, Layer(key="zone", label_es="", label_en=""), rows)
    text = areas.geojson(session, "zone")
    assert len(text.encode()) < 1_500_000
    shapes = shapes_of(text)
    assert len(shapes) == len(rows)
    for row, shape in zip(rows, shapes, strict=True):
        assert shape.area == pytest.approx(row.shape.area, rel=0.03)
