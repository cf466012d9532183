"""Figures of cells against loops over the photos."""

import random
from collections.abc import Iterable

import pytest
from sqlalchemy.orm import Session

from app import areas, cells, totals
from app.attributes import KEYS
from app.cells import Box
from app.errors import BadRequest, TileNotFound
from app.tables import Release
from tests.builders import flat, make_layer, make_photo, make_release, square, write_scores

Scored = list[tuple[float, float, dict[str, int | None]]]
EMPTY = {key: [0] * 20 for key in KEYS}


@pytest.fixture
def release(session: Session) -> Release:
    return make_release(session)


@pytest.fixture
def scored(session: Session, release: Release) -> Scored:
    """120 published photos around Santiago, 5 on either side of the antimeridian."""
    draw = random.Random(3)
    places = [(draw.gauss(-70.65, 0.1), draw.gauss(-33.45, 0.1)) for _ in range(120)]
    places += [
        (draw.uniform(*lons), -17.0) for lons in ((179, 180), (-180, -179)) for _ in range(5)
    ]
    found: Scored = []
    rows = {}
    for lon, lat in places:
        six = {key: draw.choice([None, draw.randint(0, 1000), 0, 1000]) for key in KEYS}
        rows[make_photo(session, lon, lat).id] = six
        found.append((lon, lat, six))
    write_scores(session, release, rows)
    totals.publish(session)
    return found


def histograms(scored: Iterable[tuple[float, float, dict[str, int | None]]]) -> cells.Histogram:
    """By loop; the bins of 0 to 1000 are 50 wide and 1000 is in the last."""
    bins = {key: [0] * 20 for key in KEYS}
    n = 0
    for _, _, six in scored:
        n += 1
        for key, value in six.items():
            if value is not None:
                bins[key][19 if value == 1000 else value // 50] += 1
    return cells.Histogram(n, None, bins)


def is_inside(box: Box, lon: float, lat: float) -> bool:
    if box.west <= box.east:
        across = box.west <= lon < box.east
    else:
        across = lon >= box.west or lon < box.east
    return across and box.south < lat <= box.north


@pytest.mark.parametrize("z", [5, 11, 14, 15, 22])
def test_cell_by_loop(session: Session, release: Release, scored: Scored, z: int) -> None:
    _, x, y = cells.key_of(scored[0][0], scored[0][1])
    x, y = x >> (25 - z), y >> (25 - z)
    inside = [each for each in scored if is_inside(cells.bounds(z, x, y), each[0], each[1])]
    found = cells.figures(session, release, z, x, y)
    assert found.n == len(inside)
    for key in KEYS:
        values = [six[key] for _, _, six in inside if six[key] is not None]
        if not values:
            assert key not in found.attributes
            continue
        mean = sum(value for value in values if value is not None) / len(values) / 100
        assert found.attributes[key].n == len(values)
        assert found.attributes[key].mean == pytest.approx(mean)
    if z > 14:
        assert found.histogram is None
    else:
        assert found.histogram == histograms(inside).attributes


def test_cell_without_photos(session: Session, release: Release) -> None:
    assert cells.figures(session, release, 5, 0, 0) == cells.CellFigures(0, {}, EMPTY)
    assert cells.figures(session, release, 22, 0, 0) == cells.CellFigures(0, {}, None)


@pytest.mark.parametrize("address", [(4, 0, 0), (23, 0, 0), (5, 32, 0), (5, 0, -1)])
def test_there_are_no_other_cells(
    session: Session, release: Release, address: tuple[int, int, int]
) -> None:
    with pytest.raises(TileNotFound):
        cells.figures(session, release, *address)


@pytest.mark.parametrize(
    "box",
    [
        Box(-70.7, -33.5, -70.6, -33.4),
        Box(-71.0, -34.0, -70.0, -33.0),
        Box(-70.65, -33.45, -70.65, -33.45),
        Box(-180, -90, 180, 90),
        Box(179.5, -18, -179.5, -16),
        Box(-179.5, -18, 179.5, -16),
        Box(0, 0, 1, 1),
    ],
)
def test_histogram_of_a_box_counts_whole_cells(
    session: Session, release: Release, scored: Scored, box: Box
) -> None:
    found = cells.histogram(session, release, box)
    assert found.bbox is not None
    for edge in (box.south, box.north):
        assert found.bbox.south - 1e-9 <= max(-85.05, min(85.05, edge)) <= found.bbox.north + 1e-9
    inside = [each for each in scored if is_inside(found.bbox, each[0], each[1])]
    assert found.n == len(inside)
    assert found.attributes == histograms(inside).attributes
    for lon, lat, _ in scored:
        if is_inside(box, lon, lat):
            assert is_inside(found.bbox, lon, lat)


def test_histogram_of_the_city(session: Session, release: Release, scored: Scored) -> None:
    city = square(-70.7, -33.5, 0.1)
    make_layer(session, "city", {"city": city})
    totals.lock_exclusive(session)

    areas.assign_all(session, "city")
    totals.rebuild_layer(session, "city")
    west, south, east, north = city.bounds
    inside = [s for s in scored if west <= s[0] <= east and south <= s[1] <= north]
    found = cells.histogram(session, release, None)
    assert found == histograms(inside)
    assert 0 < found.n < 120


def test_city_without_photos_is_empty(session: Session, release: Release) -> None:
    make_layer(session, "city", {"city": square(0, 0, 1)})
    assert cells.histogram(session, release, None) == cells.Histogram(0, None, EMPTY)


def test_without_a_city_all_photos_stand_for_it(
    session: Session, release: Release, scored: Scored
) -> None:
    found = cells.histogram(session, release, None)
    assert found.n == len(scored)
    assert found.bbox is not None
    assert (found.bbox.west, found.bbox.east) == (-180, 180)
    assert found.attributes == histograms(scored).attributes


@pytest.mark.parametrize(
    "box",
    [Box(0, 1, 1, 0), Box(0, 0, 181, 1), Box(0, -91, 1, 1), Box(float("nan"), 0, 1, 1)],
)
def test_a_box_that_is_none(session: Session, release: Release, box: Box) -> None:
    with pytest.raises(BadRequest, match="west,south,east,north"):
        cells.histogram(session, release, box)


@pytest.mark.parametrize(
    ("score", "photos", "expected"),
    [(500, 20, 0.5), (555, 20, 1.0), (550, 20, 0.5), (551, 20, 1.0), (0, 20, 5.0), (0, 19, 0.5)],
)
def test_spread_is_the_largest_deviation_rounded_up(
    session: Session, release: Release, score: int, photos: int, expected: float
) -> None:
    rows = {
        make_photo(session, -70.65, -33.45).id: {**flat(500), "boring": score}
        for _ in range(photos)
    }
    write_scores(session, release, rows)
    totals.publish(session)
    assert cells.spread(session, release) == expected


def test_spread_without_photos(session: Session, release: Release) -> None:
    assert cells.spread(session, release) == 0.5


def test_spread_follows_the_data_version(session: Session, release: Release) -> None:
    assert cells.spread(session, release) == 0.5
    for value, expected in ((600, 1.0), (0, 2.0)):
        ids = [make_photo(session, -70.65, -33.45).id for _ in range(20)]
        write_scores(session, release, dict.fromkeys(ids, flat(value)))
        totals.publish(session)
        assert cells.spread(session, release) == expected
