"""Layers: loading, the city that comes of it, and which photo lies where."""

import pytest
from geoalchemy2.shape import to_shape
from shapely import MultiPolygon, box
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import areas, totals
from app.areas import AreaRow, Coverage
from app.errors import AreaNotFound, BadRequest, LayerNotFound, NameTaken
from app.tables import Area, Layer, photo_area
from tests.builders import make_layer, make_photo, square

WEST = AreaRow("w", "Poniente", square(-71, -34, 1))
EAST = AreaRow("e", "Oriente", square(-70, -34, 1))


def layer(key: str = "comuna") -> Layer:
    return Layer(key=key, label_es=f"{key} es", label_en=f"{key} en", source="INE", licence="CC0")


def areas_of_photos(session: Session, key: str) -> dict[int, str]:
    rows = session.execute(
        select(photo_area.c.photo_id, Area.code)
        .join(Area, Area.id == photo_area.c.area_id)
        .where(photo_area.c.layer == key)
    )
    return {row.photo_id: row.code for row in rows}


def test_first_layer_makes_the_city(session: Session) -> None:
    assert areas.city(session) is None
    made = areas.insert(session, layer(), [WEST, EAST], city_name="Santiago")
    assert made == ["comuna", "city"]
    city = areas.city(session)
    assert city is not None
    assert city.name == "Santiago"
    assert to_shape(city.geometry).equals(box(-71, -34, -69, -33))


def test_second_layer_leaves_the_city_alone(session: Session) -> None:
    areas.insert(session, layer(), [WEST])
    assert areas.insert(session, layer("zone"), [EAST]) == ["zone"]
    city = areas.city(session)
    assert city is not None
    assert to_shape(city.geometry).equals(WEST.shape)


def test_city_may_be_given(session: Session) -> None:
    given = AreaRow("stgo", "Gran Santiago", MultiPolygon([square(-71, -34, 1), square(0, 0, 1)]))
    assert areas.insert(session, layer("city"), [given]) == ["city"]
    assert areas.insert(session, layer(), [EAST]) == ["comuna"]
    city = areas.city(session)
    assert city is not None
    assert city.code == "stgo"


def test_city_stays_when_its_layer_goes_and_comes_again_after_a_drop(session: Session) -> None:
    areas.insert(session, layer(), [WEST])
    areas.drop(session, "comuna")
    assert areas.city(session) is not None
    areas.drop(session, "city")
    assert areas.insert(session, layer("zone"), [EAST]) == ["zone", "city"]


def test_layers_are_listed_with_the_city_last(session: Session) -> None:
    assert areas.layers(session) == []
    areas.insert(session, layer(), [WEST, EAST])
    areas.insert(session, layer("zone"), [EAST])
    listed = areas.layers(session)
    assert [each.key for each in listed] == ["comuna", "zone", "city"]
    assert [each.areas for each in listed] == [2, 1, 1]
    assert [each.is_city for each in listed] == [False, False, True]
    assert listed[0].label == {"es": "comuna es", "en": "comuna en"}
    assert {(each.source, each.licence) for each in listed} == {("INE", "CC0")}


@pytest.mark.parametrize(
    ("key", "rows", "message"),
    [
        ("comuna", [], "no area to load"),
        ("comuna", [WEST, AreaRow("w", "Otra", EAST.shape)], "2 areas .* the code 'w'"),
        ("city", [WEST, EAST], "one area, not 2"),
    ],
)
def test_rows_that_make_no_layer(
    session: Session, key: str, rows: list[AreaRow], message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        areas.insert(session, layer(key), rows)
    assert areas.layers(session) == []


def test_layer_that_is_there_is_not_replaced(session: Session) -> None:
    areas.insert(session, layer(), [WEST])
    with pytest.raises(NameTaken, match="layers drop comuna"):
        areas.insert(session, layer(), [EAST])
    assert areas.area(session, "comuna", "w").name == "Poniente"


def test_what_is_not_there_is_named(session: Session) -> None:
    areas.insert(session, layer(), [WEST])
    with pytest.raises(LayerNotFound, match=r"no layer `zone`.*comuna, city"):
        areas.layer(session, "zone")
    with pytest.raises(AreaNotFound, match="'x'"):
        areas.area(session, "comuna", "x")
    for call in (areas.drop, areas.assign_all, areas.coverage, areas.geojson):
        with pytest.raises(LayerNotFound):
            call(session, "zone")


def test_photo_lies_in_the_covering_area_of_each_layer(session: Session) -> None:
    make_layer(session, "comuna", {"w": WEST.shape, "e": EAST.shape})
    make_layer(session, "zone", {"z": square(-70.6, -33.6, 0.2)})
    west = make_photo(session, -70.5, -33.5).id
    east = make_photo(session, -69.5, -33.5).id
    wuhan = make_photo(session, 114.3, 30.6).id
    assert areas_of_photos(session, "comuna") == {west: "w", east: "e"}
    assert areas_of_photos(session, "zone") == {west: "z"}
    assert wuhan not in areas_of_photos(session, "comuna")


def test_lowest_code_wins_where_areas_overlap_or_touch(session: Session) -> None:
    """Codes compare by their bytes: capitals before small letters, whatever the language."""
    shapes = {"b": WEST.shape, "B": EAST.shape, "a2": square(-71, -34, 2), "a10": EAST.shape}
    make_layer(session, "comuna", shapes)
    border = make_photo(session, -70.0, -33.5).id
    west = make_photo(session, -70.5, -33.5).id
    outer_edge = make_photo(session, -71.0, -33.5).id
    expected = {border: "B", west: "a2", outer_edge: "a2"}
    assert areas_of_photos(session, "comuna") == expected
    assert areas.assign_all(session, "comuna") == 3
    assert areas_of_photos(session, "comuna") == expected
    found = areas.area_at(session, "comuna", -70.0, -33.5)
    assert found is not None
    assert found.code == "B"
    assert areas.area_at(session, "comuna", 114.3, 30.6) is None


def test_assigning_all_is_assigning_each(session: Session) -> None:
    """12,000 photos at once, in chunks, and then all of a layer at once."""
    make_layer(session, "comuna", {f"{i}": square(-71 + i / 10, -34, 0.1) for i in range(10)})
    ids = list(
        session.scalars(
            text("""
                INSERT INTO photo (source, source_key, location, q, x, y)
                SELECT 'test', i::text, ST_SetSRID(ST_MakePoint(-71.5 + i / 6000.0, -33.95), 4326),
                       0, 0, 0
                  FROM generate_series(1, 12000) i
                RETURNING id
            """)
        )
    )
    areas.assign(session, ids)
    assigned = areas_of_photos(session, "comuna")
    assert areas.assign_all(session, "comuna") == len(assigned)
    assert areas_of_photos(session, "comuna") == assigned
    assert set(assigned.values()) == {str(i) for i in range(10)}
    assert len(assigned) == 6001


def test_coverage_counts_photos_in_none_and_in_several(session: Session) -> None:
    make_layer(session, "comuna", {"w": WEST.shape, "also": square(-70.5, -34, 0.5)})
    for lon, lat in [(-70.9, -33.9), (-70.3, -33.9), (-70.2, -33.8), (114.3, 30.6)]:
        make_photo(session, lon, lat)
    assert areas.coverage(session, "comuna") == Coverage(photos=4, none=1, several=2)


def test_loading_gives_photos_that_are_there_their_area(session: Session) -> None:
    photo = make_photo(session, -70.5, -33.5).id
    assert totals.load_layer(session, layer(), [WEST, EAST]) == ["comuna", "city"]
    assert areas_of_photos(session, "comuna") == {photo: "w"}
    assert areas_of_photos(session, "city") == {photo: "city"}
    totals.drop_layer(session, "comuna")
    assert areas_of_photos(session, "comuna") == {}
    assert [each.key for each in areas.layers(session)] == ["city"]
