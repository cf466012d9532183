"""Synthetic photos: equal to a recount, marked as such, and gone without a trace."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from shapely import box
from sqlalchemy import Engine, func, select, text

from app import areas, releases, totals
from app.areas import AreaRow
from app.cells import key_of
from app.db import SessionFactory, make_engine, session_factory
from app.demo import bulk, synth
from app.demo.streets import Looks, Streets
from app.errors import Conflict
from app.tables import Layer, Photo, ReferenceSet, score
from tests.builders import flat, make_photo, make_release, write_scores

PHOTOS = 4_000
HALVES = [
    AreaRow("w", "Poniente", box(-71.2, -34.0, -70.65, -33.0)),
    AreaRow("e", "Oriente", box(-70.65, -34.0, -70.2, -33.0)),
]


@pytest.fixture
def engine_of_own(clean_database: str) -> Iterator[Engine]:
    engine = make_engine(clean_database)
    yield engine
    engine.dispose()


@pytest.fixture
def factory(engine_of_own: Engine) -> SessionFactory:
    factory = session_factory(engine_of_own)
    with factory.begin() as session:
        totals.load_layer(session, Layer(key="half", label_es="a", label_en="a"), HALVES)
    return factory


def definitions(factory: SessionFactory) -> list[Any]:
    """All indexes and constraints of the database, as PostgreSQL spells them."""
    with factory() as session:
        return [
            *session.execute(
                text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
            ),
            *session.execute(
                text(
                    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid),"
                    " convalidated FROM pg_constraint ORDER BY 1, 2"
                )
            ),
        ]


def test_totals_equal_a_recount_and_no_index_is_lost(factory: SessionFactory) -> None:
    before = definitions(factory)
    made = synth.make(factory, PHOTOS, seed=1)
    assert (made.photos, made.is_shown) == (PHOTOS, True)
    assert definitions(factory) == before
    with factory() as session:
        assert totals.check(session) == []
        release = releases.get(session)
        assert releases.published(session) == {release.id: PHOTOS}
        shares = [each.n for each in areas.figures(session, release, "half")]
        assert sum(shares) == PHOTOS
        assert all(each > PHOTOS / 10 for each in shares)
        city = areas.figures(session, release, "city")[0]
        assert all(abs(each.mean - 5) < 0.5 for each in city.attributes.values())
        references = session.scalars(select(ReferenceSet)).one()
        assert references.n == PHOTOS
        assert references.whole_city


def test_everybody_is_told(factory: SessionFactory) -> None:
    synth.make(factory, 500)
    with factory() as session:
        release = releases.get(session)
        assert release.name == "synthetic"
        assert releases.is_demo(release)
        assert session.scalars(select(Photo.source).distinct()).all() == ["synthetic"]
        assert session.scalar(select(func.count(Photo.storage_key))) == 0


def test_the_same_seed_gives_the_same_photos(factory: SessionFactory) -> None:
    query = select(Photo.q, Photo.heading_deg, Photo.captured_at, *score.c[2:]).join(
        score, score.c.photo_id == Photo.id
    )
    found = []
    for seed in (1, 1, 2):
        synth.make(factory, 300, seed=seed)
        with factory() as session:
            found.append(session.execute(query.order_by(Photo.id)).all())
        synth.remove(factory)
    assert found[0] == found[1] != found[2]


def test_ids_go_on_after_them(factory: SessionFactory) -> None:
    synth.make(factory, 300)
    with factory.begin() as session:
        last = session.scalar(select(func.max(Photo.id)))
        assert make_photo(session, -70.6, -33.4).id == (last or 0) + 1


def test_beside_real_photos_only_when_told_so(factory: SessionFactory) -> None:
    with factory.begin() as session:
        real = make_photo(session, -70.6, -33.4).id
        shown = make_release(session, "real", active=True)
        write_scores(session, shown, {real: flat(700)})
        totals.publish(session)
    before = definitions(factory)
    with pytest.raises(Conflict, match="not synthetic"):
        synth.make(factory, 300)
    made = synth.make(factory, 300, beside_real=True)
    assert not made.is_shown
    assert definitions(factory) == before
    with pytest.raises(Conflict, match="already"):
        synth.make(factory, 300, beside_real=True)
    with factory() as session:
        assert totals.check(session) == []
        assert releases.get(session).name == "real"
    assert synth.remove(factory) == 300
    with factory() as session:
        assert totals.check(session) == []
        assert session.scalars(select(Photo.id)).all() == [real]
        assert [each.name for each in releases.listing(session)] == ["real"]


def test_gone_when_it_was_shown(factory: SessionFactory) -> None:
    synth.make(factory, 300)
    assert synth.remove(factory) == 300
    assert synth.remove(factory) == 0
    with factory() as session:
        assert releases.listing(session) == []
        for table in ("photo", "score", "cell_total", "area_total", "scale", "reference_set"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_scores_of_others_stand_in_the_way(factory: SessionFactory) -> None:
    synth.make(factory, 300)
    with factory.begin() as session:
        photo = session.scalars(select(Photo.id).limit(1)).one()
        write_scores(session, make_release(session, "other"), {photo: flat(1)})
    with pytest.raises(Conflict, match="Another release"):
        synth.remove(factory)


def test_places_lie_on_lines() -> None:
    """Neighbours on a line are apart along its heading, give or take the lanes."""
    streets = Streets(3)
    places = streets.take(3_000)
    assert len(places) == 3_000
    q, x, y = key_of(places.lon, places.lat)
    assert (q == places.q).all()
    assert (x == places.x).all()
    assert (y == places.y).all()
    metres = streets.metres(np.column_stack([places.lon, places.lat]))
    same = np.diff(places.line) == 0
    step = np.diff(metres, axis=0)[same]
    heading = np.radians(places.heading_deg[1:][same])
    off = np.abs(step[:, 0] * np.cos(heading) - step[:, 1] * np.sin(heading))
    assert same.mean() > 0.9
    assert np.median(off) < 5
    assert np.median(np.hypot(*step.T)) > 15


def test_looks_differ_from_place_to_place_as_attributes_do() -> None:
    streets = Streets(3)
    places = streets.take(6_000)
    raw = Looks(3, streets.middle).raw(places)
    assert raw.shape == (6_000, 6)
    safety, lively, boring, wealthy, depressing, _ = range(6)
    alike = np.asarray(np.corrcoef(raw.T))
    assert alike[safety, wealthy] > 0.3
    assert alike[lively, boring] < -0.2
    assert alike[safety, depressing] < -0.2


def test_numbers_in_digits() -> None:
    found = bulk.numbered(np.array([0, 7, 12_345]), 6)
    assert found.tolist() == [b"000000", b"000007", b"012345"]
