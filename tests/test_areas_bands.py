"""Large layers: what is kept for the map, and that neighbours stay neighbours in each band."""

from typing import Any

import numpy as np
import pytest
import shapely
from geoalchemy2.shape import to_shape
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import areas, totals
from app.areas import AreaRow
from app.areas.bands import BANDS, TILED_AREAS, TILED_VERTICES, band_of, projected, tolerance_m
from app.tables import Area, AreaOutline, Layer
from tests.builders import square
from tests.mosaic import mosaic


def layer(key: str = "zone") -> Layer:
    return Layer(key=key, label_es="Zonas", label_en="Zones")


def row_of(number: int) -> list[AreaRow]:
    return [AreaRow(f"{i:04d}", f"{i}", square(-71 + i * 0.001, -34, 0.001)) for i in range(number)]


def outlines(session: Session, band: int) -> NDArray[Any]:
    query = (
        select(AreaOutline.geometry).where(AreaOutline.band == band).order_by(AreaOutline.area_id)
    )
    return np.array([to_shape(each) for each in session.scalars(query)], dtype=object)


def rows_of(session: Session, key: str) -> int:
    query = select(func.count()).select_from(AreaOutline).where(AreaOutline.layer == key)
    return int(session.scalar(query) or 0)


@pytest.mark.parametrize(("z", "band"), [(0, 9), (9, 9), (10, 11), (15, 15), (16, 20), (20, 20)])
def test_each_zoom_has_a_band(z: int, band: int) -> None:
    assert band_of(z) == band


def test_the_tolerance_is_half_a_pixel() -> None:
    """The world is 256 pixels wide at zoom 0, and 40,075 km."""
    assert tolerance_m(11) == pytest.approx(40_075_017 / 256 / 2**11 / 2, rel=1e-6)
    assert tolerance_m(BANDS[-1]) == 0


@pytest.mark.parametrize(("number", "tiled"), [(TILED_AREAS, False), (TILED_AREAS + 1, True)])
def test_layers_of_many_areas_are_tiled(session: Session, number: int, tiled: bool) -> None:
    areas.insert(session, layer(), row_of(number))
    assert areas.layer(session, "zone").tiled is tiled
    assert [each.tiled for each in areas.layers(session)] == [tiled, False]
    assert rows_of(session, "zone") == (number * len(BANDS) if tiled else 0)
    assert rows_of(session, "city") == 0


def test_a_layer_of_many_vertices_is_tiled(session: Session) -> None:
    turns = np.linspace(0, 2 * np.pi, TILED_VERTICES + 1)
    round_one = Polygon(np.column_stack([np.cos(turns), np.sin(turns)]))
    areas.insert(session, layer(), [AreaRow("a", "a", round_one)])
    assert areas.layer(session, "zone").tiled
    kept = [shapely.get_num_coordinates(outlines(session, band)).sum() for band in BANDS]
    assert kept == sorted(kept)
    # The layer, and the city that was made of it.
    assert kept[0] < 2_000 < 2 * TILED_VERTICES < kept[-1]


def test_outlines_go_with_their_layer_and_come_anew(session: Session) -> None:
    totals.load_layer(session, layer(), row_of(TILED_AREAS + 1))
    totals.drop_layer(session, "zone")
    assert rows_of(session, "zone") == 0
    totals.load_layer(session, layer(), row_of(TILED_AREAS + 2))
    assert rows_of(session, "zone") == (TILED_AREAS + 2) * len(BANDS)


def test_the_poles_are_not_infinitely_far(session: Session) -> None:
    rows = [*row_of(TILED_AREAS), AreaRow("pole", "Pole", shapely.box(-180, -90, 180, -60))]
    areas.insert(session, layer(), rows)
    for band in BANDS:
        assert np.isfinite(shapely.get_coordinates(outlines(session, band))).all()


def test_neighbours_share_their_borders_in_every_band(session: Session) -> None:
    """No gap and no overlap: together the areas are as large as each by itself, in every band."""
    rows = mosaic()
    areas.insert(session, layer(), rows)
    original = projected(np.array([row.shape for row in rows], dtype=object))
    assert shapely.coverage_is_valid(original)
    vertices = []
    for band in BANDS:
        shapes = outlines(session, band)
        assert len(shapes) == len(rows)
        assert shapely.is_valid(shapes).all()
        assert not shapely.is_empty(shapes).any()
        assert shapely.coverage_is_valid(shapes)
        whole = shapely.union_all(shapes)
        assert whole.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-12)
        assert isinstance(whole, Polygon | MultiPolygon)
        assert len(shapely.get_parts(whole)) == 1
        assert not shapely.get_parts(whole)[0].interiors
        tolerance = max(tolerance_m(band), 1e-6)
        assert shapely.hausdorff_distance(shapes, original).max() <= 2 * tolerance
        vertices.append(int(shapely.get_num_coordinates(shapes).sum()))
    assert vertices == sorted(vertices)
    assert vertices[0] < vertices[-1] / 3


def test_outlines_belong_to_their_areas(session: Session) -> None:
    areas.insert(session, layer(), mosaic(26, 26))
    query = (
        select(Area.geometry, AreaOutline.geometry)
        .join(AreaOutline, AreaOutline.area_id == Area.id)
        .where(AreaOutline.band == BANDS[0])
    )
    found = session.execute(query).all()
    assert len(found) == 26 * 26
    for geometry, outline in found:
        own = projected(np.array([to_shape(geometry)], dtype=object))[0]
        assert shapely.intersection(own, to_shape(outline)).area > 0.5 * own.area
