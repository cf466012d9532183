"""Figures of drawn shapes against plain SQL over the photos, for fifty random shapes and areas."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student
from shapely import MultiPolygon, Polygon, box
from shapely.geometry import mapping
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from app import areas, releases, totals, zones
from app.areas import AreaDetail, AreaRow, Drawn
from app.attributes import KEYS
from app.db import make_engine, session_factory
from app.demo import synth
from app.photos.zone import zone
from app.schemas import CircleIn, MultiPolygonIn, PolygonIn
from app.tables import Layer, Pending, Photo, Release
from app.zones.counting import statement
from tests.conftest import copied

PHOTOS = 8_000
CENTRE = (-70.65, -33.46)
KM_DEG = 1 / 111.2
SHAPES = range(50)

Shape = PolygonIn | MultiPolygonIn | CircleIn


@pytest.fixture(scope="module")
def city(server_url: str) -> Iterator[Engine]:
    """Some photos lack some scores, and some scores are not published yet."""
    with copied(server_url) as url:
        engine = make_engine(url)
        factory = session_factory(engine)
        rows = [
            AreaRow(f"{x}{y}", f"{x} {y}", box(-70.9 + x, -33.7 + y, -70.9 + x + 0.1, -33.6 + y))
            for x in (0.1, 0.2, 0.3)
            for y in (0.1, 0.2, 0.3)
        ]
        with factory.begin() as session:
            totals.load_layer(session, Layer(key="square", label_es="a", label_en="a"), rows)
        synth.make(factory, PHOTOS, seed=5)
        with factory.begin() as session:
            _make_holes(session)
        yield engine
        engine.dispose()


def _make_holes(session: Session) -> None:
    """Every seventh photo loses a score and is published anew, every eleventh waits."""
    release = releases.get(session)
    ids = session.scalars(select(Photo.id).order_by(Photo.id)).all()
    totals.lock_totals(session)
    columns = ", ".join(f"{kind}_{key}" for kind in ("raw", "score") for key in KEYS)
    for key, first in (("boring", 0), ("safety", 3)):
        chosen = list(ids[first::7])
        kept = session.execute(
            text(f"SELECT photo_id, {columns} FROM score WHERE photo_id = ANY(:ids)"),
            {"ids": chosen},
        ).mappings()
        rows = [{**row, f"raw_{key}": None, f"score_{key}": None, "r": release.id} for row in kept]
        totals.withdraw(session, chosen, release.id)
        values = ", ".join(f":{name}" for name in columns.split(", "))
        session.execute(
            text(
                f"INSERT INTO score (release_id, photo_id, {columns})"
                f" VALUES (:r, :photo_id, {values})"
            ),
            rows,
        )
        session.add(Pending(release_id=release.id, photo_ids=chosen))
        session.flush()
        totals.publish(session)
    waiting = list(ids[5::11])
    kept = session.execute(
        text(f"SELECT photo_id, {columns} FROM score WHERE photo_id = ANY(:ids)"), {"ids": waiting}
    ).mappings()
    rows = [{**row, "r": release.id} for row in kept]
    totals.withdraw(session, waiting, release.id)
    values = ", ".join(f":{name}" for name in columns.split(", "))
    session.execute(
        text(
            f"INSERT INTO score (release_id, photo_id, {columns}) VALUES (:r, :photo_id, {values})"
        ),
        rows,
    )
    session.add(Pending(release_id=release.id, photo_ids=waiting))


@pytest.fixture
def reading(city: Engine) -> Iterator[Session]:
    """As the web reads: one snapshot, read only."""
    engine = city.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with session_factory(engine)() as session:
        yield session


def random_shape(seed: int) -> Shape:
    """Circles and stars of 400 m to 16 km; of the stars some have a hole, some are two."""
    draw = random.Random(seed)
    size_km = 0.4 * 40 ** draw.random()
    lon, lat = CENTRE[0] + draw.gauss(0, 0.06), CENTRE[1] + draw.gauss(0, 0.06)
    if seed % 2:
        return CircleIn(type="Circle", center=[lon, lat], radius_m=size_km * 1000)
    star = _star(draw, lon, lat, size_km)
    if seed % 3 == 0:
        star = Polygon(star.exterior, [_star(draw, lon, lat, size_km * 0.2).exterior])
    shape: Polygon | MultiPolygon = star
    if seed % 5 == 0:
        shape = MultiPolygon([star, _star(draw, lon + 3 * size_km * KM_DEG, lat, size_km)])
    assert shape.is_valid
    return geojson(shape)


def geojson(shape: Polygon | MultiPolygon) -> Shape:
    kind = PolygonIn if isinstance(shape, Polygon) else MultiPolygonIn
    return kind.model_validate(mapping(shape))


def _star(draw: random.Random, lon: float, lat: float, size_km: float) -> Polygon:
    corners = draw.randint(3, 30)
    reach = [size_km * KM_DEG * draw.uniform(0.4, 1.0) for _ in range(corners)]
    return Polygon(
        (
            lon + r * math.cos(2 * math.pi * i / corners),
            lat + r * math.sin(2 * math.pi * i / corners),
        )
        for i, r in enumerate(reach)
    )


@dataclass
class Truth:
    """Plain SQL: which photos, then plain Python over them."""

    rows: list[Any]

    def column(self, key: str) -> list[tuple[tuple[int, int], int]]:
        return [((r.x, r.y), r._mapping[key]) for r in self.rows if r._mapping[key] is not None]


def truth(session: Session, shape: Shape) -> Truth:
    if isinstance(shape, CircleIn):
        where = "ST_DWithin(location::geography, ST_MakePoint(:lon, :lat)::geography, :radius_m)"
        values: dict[str, Any] = {
            "lon": shape.center[0],
            "lat": shape.center[1],
            "radius_m": shape.radius_m,
        }
    else:
        where = "ST_Covers(ST_SetSRID(ST_GeomFromGeoJSON(:shape), 4326), location)"
        values = {"shape": shape.model_dump_json()}
    columns = ", ".join(f"score_{key} AS {key}" for key in KEYS)
    statement = f"""
        SELECT photo.id, x / 512 AS x, y / 512 AS y, {columns}
          FROM photo JOIN score ON photo_id = photo.id
         WHERE {where} AND NOT EXISTS (SELECT FROM pending WHERE photo.id = ANY(photo_ids))
    """
    return Truth(list(session.execute(text(statement), values)))


def check(detail: AreaDetail, expected: Truth) -> None:
    figures = detail.figures
    assert figures.n == len(expected.rows)
    assert figures.cells == len({(row.x, row.y) for row in expected.rows})
    for key in KEYS:
        values = expected.column(key)
        bins = np.bincount([min(value // 50, 19) for _, value in values], minlength=20)
        assert detail.histogram[key] == bins.tolist(), key
        if not values:
            assert key not in figures.attributes
            continue
        found = figures.attributes[key]
        mean, se, ci95 = clustered_by_loop(values)
        assert found.n == len(values)
        assert found.mean == pytest.approx(mean, rel=1e-12)
        assert found.se == (None if se is None else pytest.approx(se, rel=1e-9))
        assert found.ci95 == (None if ci95 is None else pytest.approx(ci95, rel=1e-9))


def clustered_by_loop(
    values: list[tuple[tuple[int, int], int]],
) -> tuple[float, float | None, tuple[float, float] | None]:
    mean = sum(value for _, value in values) / len(values) / 100
    cells = sorted({cell for cell, _ in values})
    if len(cells) < 2:
        return mean, None, None
    squares = sum(
        sum(value / 100 - mean for cell, value in values if cell == each) ** 2 for each in cells
    )
    g = len(cells)
    se = math.sqrt(g / (g - 1) * squares) / len(values)
    half = float(student.ppf(0.975, g - 1)) * se
    return mean, se, (max(0.0, mean - half), min(10.0, mean + half))


def test_totals_hold(reading: Session, city: Engine) -> None:
    with session_factory(city)() as session:
        assert totals.check(session) == []


def test_random_shapes_hold_between_none_and_many(reading: Session) -> None:
    numbers = [len(truth(reading, random_shape(seed)).rows) for seed in SHAPES]
    assert max(numbers) > PHOTOS / 4
    assert sum(n > 20 for n in numbers) > 30


@pytest.mark.parametrize("seed", SHAPES)
def test_equal_to_plain_sql(reading: Session, seed: int) -> None:
    shape = random_shape(seed)
    drawn = areas.read_drawn(shape)
    check(zones.figures(reading, releases.get(reading), drawn), truth(reading, shape))


def test_areas_equal_to_plain_sql_and_to_their_own_outline(reading: Session) -> None:
    release = releases.get(reading)
    for each in areas.figures(reading, release, "square"):
        outline = geojson(box(*each.bbox))
        detail = areas.detail(reading, release, "square", each.code)
        expected = truth(reading, outline)
        check(detail, expected)
        check(zones.figures(reading, release, areas.read_drawn(outline)), expected)
        assert each.n > 0


def test_a_shape_over_everything(reading: Session) -> None:
    """Far more cells than are looked at one by one."""
    shape = geojson(box(-179.9, -80, -0.1, 80))
    check(
        zones.figures(reading, releases.get(reading), areas.read_drawn(shape)),
        truth(reading, shape),
    )


def test_nothing_there(reading: Session) -> None:
    shape = CircleIn(type="Circle", center=[10, 50], radius_m=900)
    found = zones.figures(reading, releases.get(reading), areas.read_drawn(shape))
    assert (found.figures.n, found.figures.reason) == (0, "no-photos")
    assert found.figures.attributes == {}
    assert sum(map(sum, found.histogram.values())) == 0


def test_too_many_along_the_border(reading: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_READ", 100)
    drawn = areas.read_drawn(CircleIn(type="Circle", center=list(CENTRE), radius_m=9000))
    with pytest.raises(zones.TooLarge) as caught:
        zones.figures(reading, releases.get(reading), drawn)
    assert caught.value.photos > 100
    assert str(caught.value.photos) in str(caught.value)


@pytest.mark.parametrize("seed", range(0, 50, 3))
@pytest.mark.parametrize("most", [0, 10**9])
def test_photos_at_the_ends_and_in_the_middle(
    reading: Session, seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same whether the shape's photos are sorted or the release's are walked along."""
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_SORTED", most)
    shape = random_shape(seed)
    rows = [(r.boring, r.id) for r in truth(reading, shape).rows if r.boring is not None]
    found = zones.photos(reading, releases.get(reading), areas.read_drawn(shape), "boring", 4)
    assert [p.id for p in found.most] == [i for _, i in sorted(rows, reverse=True)][:4]
    assert [p.id for p in found.least] == [i for _, i in sorted(rows)][:4]
    middle = round(sum(value for value, _ in rows) / len(rows)) if rows else 0
    nearest = sorted(
        rows,
        key=lambda r: (abs(r[0] - middle), r[0] >= middle, r[1] if r[0] >= middle else -r[1]),
    )
    assert [p.id for p in found.typical] == [i for _, i in nearest][:4]


def test_the_plan_reads_no_table_whole(reading: Session) -> None:
    release: Release = releases.get(reading)
    drawn: Drawn = areas.read_drawn(random_shape(1))
    found = zone(reading, release, drawn)
    plan = "\n".join(
        reading.execute(text("EXPLAIN " + statement(drawn.condition)), found.parameters).scalars()
    )
    assert "photo_q_idx" in plan
    for table in ("photo", "score", "cell_total", "cell_histogram"):
        assert f"Seq Scan on {table}" not in plan
