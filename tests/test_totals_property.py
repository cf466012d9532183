"""Whatever comes in whatever order, the totals are those of a recount in plain Python."""

from collections import Counter, defaultdict
from typing import Any

import pytest
import shapely
from geoalchemy2.shape import to_shape
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, Table, delete, func, select, text
from sqlalchemy.orm import Session

from app import areas, totals
from app.attributes import KEYS
from app.tables import (
    Area,
    Layer,
    Photo,
    Release,
    area_cell_total,
    area_histogram,
    area_total,
    cell_histogram,
    cell_total,
)
from tests.builders import make_photo, make_release, square, write_scores

PLACES = [
    *((-70.65, -33.45), (-70.651, -33.451), (-70.60, -33.45), (-70.0, -33.5), (-69.5, -33.2)),
    *((0.0, 0.0), (180.0, -17.0), (-180.0, -17.0), (0.0, 85.05), (12.5, -85.05), (114.3, 30.6)),
]
LAYERS = {
    "comuna": {"w": square(-71, -34, 1), "e": square(-70, -34, 1)},
    "overlapping": {"b": square(-71, -34, 2), "a": square(-70.7, -33.5, 0.1)},
    "far": {"x": square(-1, -1, 2), "d": square(179, -18, 1)},
}
TABLES: dict[Table, int] = {
    cell_total: 5,
    cell_histogram: 5,
    area_total: 2,
    area_cell_total: 3,
    area_histogram: 4,
}
"""Columns of the key; the others are numbers."""

Six = dict[str, int | None]
scores = st.fixed_dictionaries(
    {key: st.one_of(st.none(), st.sampled_from([0, 49, 50, 999, 1000]), st.integers(0, 1000))
     for key in KEYS}
)  # fmt: skip
Rows = dict[tuple[int, ...], tuple[int, ...]]


class Machine(RuleBasedStateMachine):
    """Beside the database, what is published and what waits is kept in dictionaries."""

    engine: Engine
    seen: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.session = Session(
            self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        self.photos: dict[int, Photo] = {}
        self.releases: dict[int, Release] = {}
        self.published: dict[tuple[int, int], Six] = {}
        self.waiting: dict[tuple[int, int], Six] = {}
        self.layers: set[str] = set()

    def teardown(self) -> None:
        self.session.close()
        self.transaction.rollback()
        self.connection.close()

    @initialize(given=st.lists(scores, min_size=6, max_size=6), key=st.sampled_from(sorted(LAYERS)))
    def begin(self, given: list[Six], key: str) -> None:
        """Rules that find nothing to work on prove nothing, so some of everything is there."""
        self._load_layer(key)
        self.add_photos([0, 1, 3, 5, 6, 10])
        self.add_release()
        (release_id,) = self.releases
        self._score(release_id, given[:4])
        self._publish(None)
        self._score(release_id, given[4:])

    @rule(places=st.lists(st.integers(0, len(PLACES) - 1), min_size=1, max_size=5))
    def add_photos(self, places: list[int]) -> None:
        totals.lock_shared(self.session)
        for place in places:
            photo = make_photo(self.session, *PLACES[place])
            self.photos[photo.id] = photo

    @precondition(lambda self: len(self.releases) < 3)
    @rule()
    def add_release(self) -> None:
        release = make_release(self.session)
        self.releases[release.id] = release

    @precondition(lambda self: self.releases)
    @rule(data=st.data(), given=st.lists(scores, min_size=1, max_size=6), at_once=st.booleans())
    def score(self, data: st.DataObject, given: list[Six], at_once: bool) -> None:
        release_id = data.draw(st.sampled_from(sorted(self.releases)))
        self._score(release_id, given)
        if at_once:
            self._publish(release_id)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        self._publish(data.draw(st.sampled_from([None, *sorted(self.releases)])))

    def _score(self, release_id: int, given: list[Six]) -> None:
        known = self.published | self.waiting
        free = [photo_id for photo_id in self.photos if (release_id, photo_id) not in known]
        rows = dict(zip(free, given, strict=False))
        write_scores(self.session, self.releases[release_id], rows)
        self.waiting |= {(release_id, photo_id): six for photo_id, six in rows.items()}

    def _publish(self, only: int | None) -> None:
        taken = {key: six for key, six in self.waiting.items() if only in (None, key[0])}
        before = {release_id: each.version for release_id, each in self.releases.items()}
        assert totals.publish(self.session, only) == len(taken)
        self.published |= taken
        self.waiting = {key: six for key, six in self.waiting.items() if key not in taken}
        changed = {release_id for release_id, _ in taken}
        for release_id, release in self.releases.items():
            assert release.version == before[release_id] + (release_id in changed)
        self.seen["published"] += len(taken)

    @precondition(lambda self: self.photos)
    @rule(data=st.data())
    def delete_photos(self, data: st.DataObject) -> None:
        ids = data.draw(st.sets(st.sampled_from(sorted(self.photos)), min_size=1, max_size=3))
        totals.lock_totals(self.session)
        totals.withdraw(self.session, ids)
        self.session.execute(delete(Photo).where(Photo.id.in_(ids)))
        self._forget(lambda release_id, photo_id: photo_id in ids)
        for photo_id in ids:
            del self.photos[photo_id]

    @precondition(lambda self: self.photos and self.releases)
    @rule(data=st.data())
    def withdraw_from_one_release(self, data: st.DataObject) -> None:
        """After this the photos may be scored anew by the same release."""
        ids = data.draw(st.sets(st.sampled_from(sorted(self.photos)), min_size=1, max_size=4))
        only = data.draw(st.sampled_from(sorted(self.releases)))
        totals.withdraw(self.session, ids, only)
        self._forget(lambda release_id, photo_id: release_id == only and photo_id in ids)

    @precondition(lambda self: len(self.layers - {"city"}) < len(LAYERS))
    @rule(data=st.data())
    def load_layer(self, data: st.DataObject) -> None:
        self._load_layer(data.draw(st.sampled_from(sorted(LAYERS.keys() - self.layers))))

    def _load_layer(self, key: str) -> None:
        rows = [areas.AreaRow(code, code, shape) for code, shape in LAYERS[key].items()]
        layer = Layer(key=key, label_es=key, label_en=key)
        made = totals.load_layer(self.session, layer, rows)
        assert made == ([key] if "city" in self.layers else [key, "city"])
        self.layers |= set(made)
        self.seen["photos in a new layer"] += len(self.published)

    @precondition(lambda self: self.layers)
    @rule(data=st.data())
    def drop_layer(self, data: st.DataObject) -> None:
        self.seen["photos in a lost layer"] += len(self.published)
        key = data.draw(st.sampled_from(sorted(self.layers)))
        totals.drop_layer(self.session, key)
        self.layers.remove(key)

    @precondition(lambda self: len(self.releases) > 1)
    @rule(data=st.data())
    def delete_release(self, data: st.DataObject) -> None:
        only = data.draw(st.sampled_from(sorted(self.releases)))
        totals.drop_release(self.session, only)
        self.session.delete(self.releases.pop(only))
        self.session.flush()
        self._forget(lambda release_id, photo_id: release_id == only)

    def _forget(self, is_gone: Any) -> None:
        before = len(self.published)
        self.published = {key: six for key, six in self.published.items() if not is_gone(*key)}
        self.seen["published and taken away"] += before - len(self.published)
        self.waiting = {key: six for key, six in self.waiting.items() if not is_gone(*key)}

    @invariant()
    def totals_are_those_of_a_recount(self) -> None:
        expected = self._recount()
        for table, width in TABLES.items():
            stored = {
                tuple(row[:width]): tuple(row[width:])
                for row in self.session.execute(select(table))
            }
            assert stored == expected[table], table.name
        assert totals.check(self.session) == []

    @precondition(lambda self: self.published)
    @rule(data=st.data())
    def plant_a_difference(self, data: st.DataObject) -> None:
        """One number of one row is changed, found, and put right again."""
        table = data.draw(st.sampled_from([cell_total, cell_histogram]))
        key = ", ".join(c.name for c in table.primary_key)
        there = self.session.scalar(select(func.count()).select_from(table)) or 0
        if not there:
            return  # scores without any attribute have no histogram
        which = data.draw(st.integers(0, there - 1))
        columns = [c.name for c in list(table.columns)[TABLES[table] :]]
        column = data.draw(st.sampled_from(columns))
        with self.session.begin_nested() as savepoint:
            self.session.execute(
                text(f"""
                    UPDATE {table.name} SET {column} = {column} + 1
                     WHERE ctid = (SELECT ctid FROM {table.name} ORDER BY {key}
                                    LIMIT 1 OFFSET {which})
                """)
            )
            self.seen["planted"] += 1
            (found,) = totals.check(self.session)
            assert found.table == table.name
            assert found.stored is not None
            assert found.counted is not None
            assert found.stored == {column: (found.counted[column] or 0) + 1}
            savepoint.rollback()

    def _recount(self) -> dict[Table, Rows]:
        """By loops over what is published; areas by shapely."""
        sums: dict[Table, dict[tuple[int, ...], Counter[str]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        bins: dict[Table, Counter[tuple[int, ...]]] = defaultdict(Counter)
        areas_of = {photo_id: self._areas_at(photo) for photo_id, photo in self.photos.items()}
        for (release_id, photo_id), six in self.published.items():
            photo = self.photos[photo_id]
            for z in range(5, 23):
                scale = 2 ** (25 - z)
                cell = (release_id, z, photo.q // scale**2, photo.x // scale, photo.y // scale)
                _add(sums[cell_total][cell], six)
                if z <= 14:
                    _bin(bins[cell_histogram], cell[:3], six)
            for area_id in areas_of[photo_id]:
                _add(sums[area_total][release_id, area_id], six)
                _add(sums[area_cell_total][release_id, area_id, photo.q // 4**9], six)
                _bin(bins[area_histogram], (release_id, area_id), six)
        names = ["n", *(f"{kind}_{key}" for key in KEYS for kind in ("n", "sum"))]
        return {
            table: {k: (n,) for k, n in bins[table].items()}
            | {k: tuple(found[name] for name in names) for k, found in sums[table].items()}
            for table in TABLES
        }

    def _areas_at(self, photo: Photo) -> list[int]:
        place = to_shape(photo.location)
        found = []
        for key in self.layers:
            rows = self.session.scalars(select(Area).where(Area.layer == key)).all()
            covering = [row for row in rows if shapely.covers(to_shape(row.geometry), place)]
            if covering:
                found.append(min(covering, key=lambda row: row.code).id)
        return found


def _add(sums: Counter[str], six: Six) -> None:
    sums["n"] += 1
    for key, value in six.items():
        if value is not None:
            sums[f"n_{key}"] += 1
            sums[f"sum_{key}"] += value


def _bin(bins: Counter[tuple[int, ...]], where: tuple[int, ...], six: Six) -> None:
    for index, key in enumerate(KEYS):
        value = six[key]
        if value is not None:
            bins[(*where, index, 19 if value == 1000 else value // 50)] += 1


@pytest.mark.slow
def test_totals_equal_a_recount_whatever_happens(engine: Engine) -> None:
    class WithDatabase(Machine):
        pass

    WithDatabase.engine = engine
    WithDatabase.seen = Counter()
    run_state_machine_as_test(
        WithDatabase,
        settings=settings(
            max_examples=20,
            stateful_step_count=16,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    # Hypothesis leaves rules out at random; what it drew must have exercised each of these.
    assert {name for name, times in WithDatabase.seen.items() if times >= 10} >= {
        "published",
        "published and taken away",
        "photos in a new layer",
        "photos in a lost layer",
    }, WithDatabase.seen
    assert WithDatabase.seen["planted"] >= 5
