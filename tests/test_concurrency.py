"""Several connections at once: what is written, published, deleted and loaded stays true."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from app import areas, scores, totals
from app.attributes import KEYS
from app.db import SessionFactory
from app.errors import ReleaseNotFound
from app.photos.delete import delete as delete_photos
from app.photos.files import PhotoFiles
from app.photos.insert import NewPhoto, insert
from app.tables import Layer, Pending, Photo, Release, cell_total, photo_area, score
from tests.builders import make_release, square

SCALE = dict.fromkeys(KEYS, np.linspace(0.0, 1.0, 101))
ROWS = [
    areas.AreaRow("w", "Poniente", square(-71, -34, 1)),
    areas.AreaRow("e", "Oriente", square(-70, -34, 1)),
]
ZONES = [areas.AreaRow(str(i), str(i), square(-71 + i / 5, -34, 0.2)) for i in range(10)]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def layer(key: str) -> Layer:
    return Layer(key=key, label_es=key, label_en=key)


def places(draw: random.Random, n: int) -> list[NewPhoto]:
    return [
        NewPhoto("test", f"{draw.getrandbits(64):x}", draw.gauss(-33.5, 0.2), draw.gauss(-70, 0.4))
        for _ in range(n)
    ]


def raws(draw: random.Random, ids: list[int]) -> dict[int, dict[str, float | None]]:
    return {
        photo_id: {key: draw.choice([None, draw.random(), draw.random()]) for key in KEYS}
        for photo_id in ids
    }


def begin(sessions: SessionFactory, photos: int) -> tuple[int, list[int]]:
    """A layer with its city, a release, and photos; their ids."""
    with sessions.begin() as session:
        totals.load_layer(session, layer("comuna"), ROWS)
        release_id = make_release(session).id
        return release_id, insert(session, places(random.Random(7), photos)).ids


def assert_true(sessions: SessionFactory) -> None:
    """After a last publish nothing waits, and the totals are those of the score rows."""
    with sessions.begin() as session:
        totals.publish(session)
        assert totals.check(session) == []
        assert session.scalar(select(func.count()).select_from(Pending)) == 0
        counted = session.scalar(select(func.sum(cell_total.c.n)).where(cell_total.c.z == 22))
        assert (counted or 0) == session.scalar(select(func.count()).select_from(score))


def wait_until_blocked(sessions: SessionFactory, work: Future[Any]) -> None:
    """Until a connection of this database waits for a lock of another."""
    for _ in range(1000):
        if work.done():
            work.result()
            raise AssertionError("it did not wait")
        with sessions() as session:
            waiting = session.scalar(
                text("""
                    SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'
                """)
            )
        if waiting:
            return
        time.sleep(0.01)
    raise AssertionError("it neither ended nor waited for a lock")


@pytest.mark.slow
def test_four_writers_beside_everything_else(
    sessions: SessionFactory, files: PhotoFiles, threads: ThreadPoolExecutor
) -> None:
    """Four writers whose jobs overlap, publishing, deleting, inserting, loading and reading."""
    kept, known = begin(sessions, 400)
    with sessions.begin() as session:
        doomed = make_release(session).id
    writing = threading.Event()
    writing.set()
    done: Counter[str] = Counter()
    counting = threading.Lock()

    def count(what: str, n: int) -> None:
        with counting:
            done[what] += n

    least = {"written": 600, "published": 100, "deleted": 9, "inserted": 12, "loaded": 3, "read": 3}
    deadline = time.monotonic() + 60

    def is_enough() -> bool:
        return all(done[name] >= times for name, times in least.items())

    def write(seed: int) -> None:
        draw = random.Random(seed)
        for job in itertools.count():
            if job >= 60 and (is_enough() or time.monotonic() > deadline):
                return
            release_id = doomed if job % 4 == 3 else kept
            ids = draw.sample(known, 24)
            draw.shuffle(ids)
            try:
                with sessions.begin() as session:
                    written = scores.write(session, release_id, raws(draw, ids), SCALE)
                count("written", len(written))
            except ReleaseNotFound:
                assert release_id == doomed  # it was deleted meanwhile
                count("too late", 1)

    def repeat(seed: int, act: Callable[[random.Random, Session], None]) -> None:
        draw = random.Random(seed)
        while writing.is_set():
            with sessions.begin() as session:
                act(draw, session)
            time.sleep(0.02)

    def publish(draw: random.Random, session: Session) -> None:
        count("published", totals.publish(session))

    def remove(draw: random.Random, session: Session) -> None:
        count("deleted", delete_photos(session, draw.sample(known, 3), files))

    def add(draw: random.Random, session: Session) -> None:
        known.extend(insert(session, places(draw, 4)).ids)
        count("inserted", 4)

    def load(draw: random.Random, session: Session) -> None:
        there = [each.key for each in areas.layers(session)]
        if "zone" in there:
            totals.drop_layer(session, "zone")
        else:
            totals.load_layer(session, layer("zone"), ZONES)
        count("loaded", 1)

    def read(draw: random.Random, session: Session) -> None:
        """What a tile sees: at every zoom the same photos, whatever is going on."""
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        sums = session.execute(
            select(cell_total.c.z, func.sum(cell_total.c.n))
            .where(cell_total.c.release_id == kept)
            .group_by(cell_total.c.z)
        ).all()
        assert len({n for _, n in sums}) <= 1
        count("read", 1)

    def drop_release() -> None:
        while writing.is_set() and done["written"] < 250:
            time.sleep(0.01)
        with sessions.begin() as session:
            totals.drop_release(session, doomed)
            session.execute(delete(Release).where(Release.id == doomed))

    others = [
        threads.submit(repeat, 100 + i, act)
        for i, act in enumerate([publish, remove, add, load, read])
    ]
    others.append(threads.submit(drop_release))
    writers = [threads.submit(write, seed) for seed in range(4)]
    try:
        for each in writers:
            each.result()
    finally:
        writing.clear()
    for each in others:
        each.result()

    assert_true(sessions)
    with sessions.begin() as session:
        deadlocks = session.scalar(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
        assert deadlocks == 0
        assert (
            session.scalar(
                select(func.count()).select_from(score).where(score.c.release_id == doomed)
            )
            == 0
        )
    assert is_enough(), done
    assert done["too late"] > 0


def test_deletion_waits_for_a_writer_and_takes_its_scores_along(
    sessions: SessionFactory, files: PhotoFiles, threads: ThreadPoolExecutor
) -> None:
    release_id, ids = begin(sessions, 6)

    def remove() -> None:
        with sessions.begin() as session:
            assert delete_photos(session, ids[:3], files) == 3

    with sessions.begin() as writer:
        scores.write(writer, release_id, raws(random.Random(1), ids), SCALE)
        removal = threads.submit(remove)
        wait_until_blocked(sessions, removal)
    removal.result()
    with sessions() as session:
        assert session.scalars(select(score.c.photo_id)).all() == ids[3:]
    assert_true(sessions)


def test_writer_waits_for_a_deletion_and_goes_on_with_the_rest(
    sessions: SessionFactory, files: PhotoFiles, threads: ThreadPoolExecutor
) -> None:
    release_id, ids = begin(sessions, 6)

    def write() -> list[int]:
        with sessions.begin() as session:
            return scores.write(session, release_id, raws(random.Random(1), ids), SCALE)

    with sessions.begin() as session:
        assert delete_photos(session, ids[:3], files) == 3
        job = threads.submit(write)
        wait_until_blocked(sessions, job)
    assert job.result() == ids[3:]
    assert_true(sessions)


def test_layer_waits_for_photos_that_come_in(
    sessions: SessionFactory, threads: ThreadPoolExecutor
) -> None:
    begin(sessions, 1)

    def load() -> None:
        with sessions.begin() as session:
            totals.load_layer(session, layer("zone"), ZONES)

    with sessions.begin() as session:
        (photo_id,) = insert(session, [NewPhoto("test", "new", lat=-33.95, lon=-70.95)]).ids
        loading = threads.submit(load)
        wait_until_blocked(sessions, loading)
    loading.result()
    assert layers_of(sessions, photo_id) == {"comuna", "city", "zone"}


def test_photos_wait_for_a_layer_that_comes(
    sessions: SessionFactory, threads: ThreadPoolExecutor
) -> None:
    begin(sessions, 1)

    def add() -> list[int]:
        with sessions.begin() as session:
            return insert(session, [NewPhoto("test", "new", lat=-33.95, lon=-70.95)]).ids

    with sessions.begin() as session:
        totals.load_layer(session, layer("zone"), ZONES)
        adding = threads.submit(add)
        wait_until_blocked(sessions, adding)
    assert layers_of(sessions, *adding.result()) == {"comuna", "city", "zone"}


def layers_of(sessions: SessionFactory, photo_id: int) -> set[str]:
    with sessions.begin() as session:
        assert totals.check(session) == []
        found = select(photo_area.c.layer).where(photo_area.c.photo_id == photo_id)
        return set(session.scalars(found))


def test_second_publish_waits_and_finds_nothing_left(
    sessions: SessionFactory, threads: ThreadPoolExecutor
) -> None:
    release_id, ids = begin(sessions, 6)

    def publish() -> int:
        with sessions.begin() as session:
            return totals.publish(session)

    with sessions.begin() as session:
        scores.write(session, release_id, raws(random.Random(1), ids), SCALE)
    with sessions.begin() as session:
        scored = totals.publish(session)
        second = threads.submit(publish)
        wait_until_blocked(sessions, second)
    assert second.result() == 0
    assert scored > 0
    with sessions() as session:
        assert session.scalars(select(Release.version)).all() == [1]
    assert_true(sessions)


def test_publish_waits_for_neither_writers_nor_photos_that_come_in(
    sessions: SessionFactory,
) -> None:
    """Nor they for it: all three are open at once here, in one thread."""
    release_id, ids = begin(sessions, 6)
    draw = random.Random(1)
    with sessions.begin() as session:
        scored = len(scores.write(session, release_id, raws(draw, ids[:2]), SCALE))
    with sessions() as writer, sessions() as importer, sessions() as publisher:
        for each in (writer, importer, publisher):
            each.execute(text("SET LOCAL lock_timeout = '5s'"))
        scores.write(writer, release_id, raws(draw, ids[2:4]), SCALE)
        insert(importer, places(draw, 3))
        assert totals.publish(publisher) == scored
        scores.write(writer, release_id, raws(draw, ids[4:]), SCALE)
        insert(importer, places(draw, 3))
        for each in (writer, importer, publisher):
            each.commit()
    assert_true(sessions)


def test_deleted_release_is_gone_for_a_writer_that_comes_late(
    sessions: SessionFactory, threads: ThreadPoolExecutor
) -> None:
    release_id, ids = begin(sessions, 6)

    def drop() -> None:
        with sessions.begin() as session:
            totals.drop_release(session, release_id)
            session.execute(delete(Release).where(Release.id == release_id))

    def write() -> None:
        with sessions.begin() as session:
            scores.write(session, release_id, raws(random.Random(2), ids[3:]), SCALE)

    with sessions.begin() as writer:
        scores.write(writer, release_id, raws(random.Random(1), ids[:3]), SCALE)
        dropping = threads.submit(drop)
        wait_until_blocked(sessions, dropping)
    dropping.result()
    with pytest.raises(ReleaseNotFound, match="was deleted"):
        write()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(score)) == 0
        assert session.scalar(select(func.count()).select_from(Photo)) == 6
    assert_true(sessions)


def test_publish_that_fails_leaves_everything_pending(sessions: SessionFactory) -> None:
    release_id, ids = begin(sessions, 6)
    with sessions.begin() as session:
        scored = len(scores.write(session, release_id, raws(random.Random(1), ids), SCALE))
    with sessions() as session:
        assert totals.publish(session) == scored
        session.rollback()
    with sessions.begin() as session:
        assert totals.check(session) == []
        assert session.scalar(select(func.count()).select_from(cell_total)) == 0
    with sessions.begin() as session:
        assert totals.publish(session) == scored
    assert_true(sessions)
