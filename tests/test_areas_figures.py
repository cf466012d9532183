"""Means and intervals of areas against plain loops over the photos."""

import math
import random

import numpy as np
import pytest
from scipy.stats import t as student
from sqlalchemy.orm import Session

from app import areas, cells, totals
from app.attributes import KEYS
from app.errors import AreaNotFound, LayerNotFound
from app.tables import Layer, Release
from tests.builders import flat, make_photo, make_release, square, write_scores

Scored = tuple[float, float, dict[str, int | None]]

ROWS = [
    areas.AreaRow("w", "Poniente", square(-71, -34, 1)),
    areas.AreaRow("e", "Oriente", square(-70, -34, 1)),
    areas.AreaRow("x", "Vacía", square(-60, -34, 1)),
]


@pytest.fixture
def release(session: Session) -> Release:
    comuna = Layer(key="comuna", label_es="Comunas", label_en="Communes")
    totals.load_layer(session, comuna, ROWS, city_name="Santiago")
    return make_release(session)


def by_code(session: Session, release: Release) -> dict[str, areas.AreaFigures]:
    return {each.code: each for each in areas.figures(session, release, "comuna")}


def publish(
    session: Session,
    release: Release,
    scored: list[Scored],
) -> None:
    rows = {make_photo(session, lon, lat).id: six for lon, lat, six in scored}
    write_scores(session, release, rows)
    totals.publish(session)


def spread_out(n: int, value: int, west: float = -70.95) -> list[Scored]:
    """Photos of one score in n different zoom-16 cells."""
    return [(west + i * 0.01, -33.5, flat(value)) for i in range(n)]


def clustered_by_loop(
    scored: list[tuple[float, float, int]],
) -> tuple[float, float, tuple[float, float]]:
    """Mean, standard error and 95 % interval, clustered by zoom-16 cell, term by term."""
    values = np.array([value / 100 for _, _, value in scored])
    clusters: dict[tuple[int, int], list[float]] = {}
    for (lon, lat, _), value in zip(scored, values, strict=True):
        _, x, y = cells.key_of(lon, lat)
        clusters.setdefault((x // 512, y // 512), []).append(value)
    mean = values.mean()
    squares = 0.0
    for inside in clusters.values():
        squares += sum(value - mean for value in inside) ** 2
    g = len(clusters)
    se = math.sqrt(g / (g - 1) * squares) / len(values)
    half = student.ppf(0.975, g - 1) * se
    return float(mean), se, (max(0.0, mean - half), min(10.0, mean + half))


@pytest.mark.parametrize("seed", range(4))
def test_interval_is_the_clustered_one(session: Session, release: Release, seed: int) -> None:
    draw = random.Random(seed)
    scored = []
    for _ in range(12):
        middle = draw.uniform(-70.9, -70.1), draw.uniform(-33.9, -33.1), draw.uniform(100, 900)
        for _ in range(draw.randint(1, 9)):
            six = {key: min(1000, max(0, round(draw.gauss(middle[2], 80)))) for key in KEYS}
            six |= {key: None for key in KEYS if draw.random() < 0.2}  # type: ignore[misc]
            place = middle[0] + draw.gauss(0, 0.001), middle[1] + draw.gauss(0, 0.001)
            scored.append((*place, six))
    publish(session, release, [(lon, lat, dict(six)) for lon, lat, six in scored])
    west = by_code(session, release)["w"]
    assert west.n == len(scored)
    for key in KEYS:
        of_attribute = [(a, b, six[key]) for a, b, six in scored if six[key] is not None]
        mean, se, ci95 = clustered_by_loop(of_attribute)
        found = west.attributes[key]
        assert found.n == len(of_attribute)
        assert found.mean == pytest.approx(mean, rel=1e-12)
        assert found.se == pytest.approx(se, rel=1e-9)
        assert found.ci95 == pytest.approx(ci95, rel=1e-9)


def test_equal_scores_have_no_error(session: Session, release: Release) -> None:
    publish(session, release, spread_out(25, 700))
    found = by_code(session, release)["w"].attributes["safety"]
    assert (found.mean, found.se, found.ci95) == (7.0, 0.0, (7.0, 7.0))


def test_one_cell_gives_no_interval(session: Session, release: Release) -> None:
    publish(session, release, [(-70.5, -33.5, flat(100 * (i % 5))) for i in range(30)])
    west = by_code(session, release)["w"]
    assert (west.cells, west.reason, west.shown) == (1, "few-cells", False)
    assert (west.attributes["safety"].se, west.attributes["safety"].ci95) == (None, None)


def test_interval_is_cut_at_the_ends_of_the_scale(session: Session, release: Release) -> None:
    publish(
        session,
        release,
        [(-70.9 + i * 0.01, -33.5, flat(1000 if i else 0)) for i in range(6)]
        + [(-69.9 + i * 0.01, -33.5, flat(0 if i else 1000)) for i in range(6)],
    )
    figures = by_code(session, release)
    west, east = (figures[code].attributes["safety"].ci95 for code in "we")
    assert west is not None
    assert east is not None
    assert west[1] == 10.0
    assert east[0] == 0.0


@pytest.mark.parametrize(
    ("photos", "in_cells", "reason"),
    [(20, 5, None), (19, 19, "few-photos"), (19, 4, "few-photos"), (20, 4, "few-cells"),
     (0, 0, "no-photos")],
)  # fmt: skip
def test_floor_is_twenty_photos_in_five_cells(
    session: Session, release: Release, photos: int, in_cells: int, reason: str | None
) -> None:
    publish(
        session,
        release,
        [(-70.9 + (i % max(in_cells, 1)) * 0.01, -33.5, flat(500)) for i in range(photos)],
    )
    west = by_code(session, release)["w"]
    assert (west.n, west.cells, west.reason) == (photos, in_cells, reason)
    assert west.shown == (reason is None)
    assert all((each.rank is None) == (reason is not None) for each in west.attributes.values())


def test_area_without_photos_is_listed(session: Session, release: Release) -> None:
    publish(session, release, [*spread_out(3, 500), (114.3, 30.6, flat(0))])
    figures = areas.figures(session, release, "comuna")
    assert [each.code for each in figures] == ["e", "w", "x"]
    assert figures[2] == areas.AreaFigures(
        "x", "Vacía", 0, 0, "no-photos", (-60.0, -34.0, -59.0, -33.0), {}, figures[2].id
    )
    assert len({each.id for each in figures} - {0}) == 3
    assert sum(each.n for each in figures) == 3


def test_ranks_go_down_from_the_highest_mean_and_ties_share_one(session: Session) -> None:
    rows = [areas.AreaRow(code, code, square(-71 + i, -34, 1)) for i, code in enumerate("abcde")]
    totals.load_layer(session, Layer(key="comuna", label_es="", label_en=""), rows)
    release = make_release(session)
    scored = []
    for i, value in enumerate([300, 900, 300, 100]):
        scored += spread_out(20, value, west=-70.95 + i)
    scored += spread_out(4, 1000, west=-66.95)
    publish(session, release, scored)
    ranks = {
        each.code: (each.attributes["boring"].rank, each.attributes["boring"].of)
        for each in areas.figures(session, release, "comuna")
    }
    assert ranks == {"a": (2, 4), "b": (1, 4), "c": (2, 4), "d": (4, 4), "e": (None, None)}


def test_missing_attribute_is_absent(session: Session, release: Release) -> None:
    scored = [(lon, lat, {**six, "wealthy": None}) for lon, lat, six in spread_out(20, 400)]
    publish(session, release, scored)
    west = by_code(session, release)["w"]
    assert list(west.attributes) == [key for key in KEYS if key != "wealthy"]


def test_city_counts_its_photos_only_and_has_no_rank(session: Session, release: Release) -> None:
    publish(session, release, spread_out(25, 600) + [(114.3, 30.6, flat(0))] * 5)
    (city,) = areas.figures(session, release, areas.CITY)
    assert (city.name, city.n, city.shown) == ("Santiago", 25, True)
    assert city.attributes["safety"].mean == 6.0
    assert city.attributes["safety"].rank is None


def test_releases_do_not_mix(session: Session, release: Release) -> None:
    publish(session, release, spread_out(25, 600))
    other = make_release(session)
    assert by_code(session, other)["w"].n == 0
    assert areas.spread(session, other, "comuna") == 0.5


def test_detail_has_histograms(session: Session, release: Release) -> None:
    values = [0, 49, 50, 999, 1000, 1000, *[500] * 14]
    publish(session, release, [(-70.9 + i / 100, -33.5, flat(v)) for i, v in enumerate(values)])
    detail = areas.detail(session, release, "comuna", "w")
    assert detail.figures == by_code(session, release)["w"]
    expected = [2, 1, *[0] * 8, 14, *[0] * 8, 3]
    assert detail.histogram == dict.fromkeys(KEYS, expected)
    empty = areas.detail(session, release, "comuna", "x").histogram
    assert empty == {key: [0] * 20 for key in KEYS}


def test_what_is_not_there(session: Session, release: Release) -> None:
    with pytest.raises(LayerNotFound):
        areas.figures(session, release, "zone")
    with pytest.raises(LayerNotFound):
        areas.spread(session, release, "zone")
    with pytest.raises(AreaNotFound):
        areas.detail(session, release, "comuna", "nowhere")


@pytest.mark.parametrize(
    ("value", "photos", "expected"),
    [(500, 20, 0.5), (655, 20, 2.0), (650, 20, 1.5), (0, 20, 5.0), (0, 19, 0.5)],
)
def test_spread_is_the_largest_deviation_of_a_shown_area(
    session: Session, release: Release, value: int, photos: int, expected: float
) -> None:
    scored = [(a, b, {**flat(500), "lively": value}) for a, b, _ in spread_out(photos, 0)]
    publish(session, release, scored)
    assert areas.spread(session, release, "comuna") == expected
    assert areas.spread(session, release, areas.CITY) == expected
