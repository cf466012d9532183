"""Photos as they come in, on real tables."""

import hashlib
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.cells import key_of
from app.db import make_engine, session_factory
from app.errors import BadRequest
from app.photos.insert import NewPhoto, insert
from app.tables import Batch, Photo, RefusedPhoto, photo_area
from tests.builders import make_layer, make_release, square


def row(name: str, lat: float = -33.4, lon: float = -70.6, *, source: str = "test") -> NewPhoto:
    """With an image of its own, whose bytes are the name."""
    return NewPhoto(
        source=source,
        source_key=name,
        lat=lat,
        lon=lon,
        sha256=hashlib.sha256(name.encode()).digest(),
        storage_key=hashlib.md5(f"{source} {name}".encode()).hexdigest(),
        width_px=640,
        height_px=480,
    )


def place(name: str, lat: float = -33.4, lon: float = -70.6) -> NewPhoto:
    return NewPhoto(source="test", source_key=name, lat=lat, lon=lon)


def jobs(session: Session) -> list[tuple[str, str, list[int]]]:
    rows = session.execute(
        text(
            "SELECT args ->> 'release_id' AS release, coalesce(args ->> 'batch_id', '-') AS batch,"
            " args -> 'photo_ids' AS ids FROM procrastinate_jobs ORDER BY 1, 2"
        )
    )
    return [(r.release, r.batch, r.ids) for r in rows]


def test_every_column_arrives(session: Session) -> None:
    batch = Batch(title="b", source="s", licence="l")
    session.add(batch)
    session.flush()
    given = NewPhoto(
        source="test",
        source_key="=HYPERLINK(1)",
        lat=-33.4372,
        lon=-70.6506,
        sha256=b"\x00" * 32,
        storage_key="k",
        heading_deg=359.99,
        captured_at=datetime(2024, 5, 31, 20, 20, tzinfo=UTC),
        width_px=640,
        height_px=480,
        licence="CC BY 4.0",
        attribution="Ñuñoa",
        images_public=False,
        batch_id=batch.id,
    )
    (photo_id,) = insert(session, [given]).ids
    photo = session.get_one(Photo, photo_id)
    assert (photo.q, photo.x, photo.y) == key_of(given.lon, given.lat)
    lon, lat = session.execute(select(func.ST_X(Photo.location), func.ST_Y(Photo.location))).one()
    assert (lat, lon) == (given.lat, given.lon)
    assert photo.heading_deg == pytest.approx(359.99)
    for column in (
        *("source", "source_key", "sha256", "storage_key", "captured_at", "width_px", "height_px"),
        *("licence", "attribution", "images_public", "batch_id"),
    ):
        assert getattr(photo, column) == getattr(given, column)


def test_each_row_gets_its_verdict(session: Session) -> None:
    stored = insert(session, [row("a"), row("b"), place("c")])
    assert set(stored.new) == {0, 1, 2}
    assert not stored.duplicates
    session.add(RefusedPhoto(sha256=row("bad").sha256, reason="on request"))
    session.flush()
    again = insert(
        session,
        [
            row("a"),
            replace(row("a"), source_key="copy of a"),
            replace(row("other bytes"), source_key="b"),
            place("c"),
            place("b"),
            row("bad"),
            row("new"),
            row("new"),
            replace(row("new"), source_key="new, copied", storage_key="another"),
            row("a", source="another source"),
        ],
    )
    assert {i: (d.photo_id, d.same_image) for i, d in again.duplicates.items()} == {
        0: (stored.new[0], True),
        1: (stored.new[0], True),
        2: (stored.new[1], False),
        3: (stored.new[2], True),
        4: (stored.new[1], False),
        7: (again.new[6], True),
        8: (again.new[6], True),
        9: (stored.new[0], True),
    }
    assert set(again.new) == {6}
    assert again.refused == {5: "on request"}
    assert session.scalar(select(func.count()).select_from(Photo)) == 4


def test_a_refused_photo_leaves_its_name_to_the_next_one(session: Session) -> None:
    session.add(RefusedPhoto(sha256=row("bad").sha256, reason="on request"))
    session.flush()
    good = replace(row("good"), source_key="bad")
    result = insert(session, [row("bad"), good, place("other"), replace(good, lat=-33.5)])
    assert result.refused == {0: "on request"}
    assert sorted(result.new) == [1, 2]
    assert result.duplicates[3].photo_id == result.new[1]
    stored = session.get_one(Photo, result.new[1])
    assert (stored.source_key, stored.sha256) == ("bad", good.sha256)


def test_nothing_given_is_nothing_done(session: Session) -> None:
    assert insert(session, []).ids == []


def test_a_place_beyond_the_grid_is_refused(session: Session) -> None:
    with pytest.raises(BadRequest, match="There is no place"):
        insert(session, [row("a"), row("pole", lat=89.0)])


def test_new_photos_get_their_areas(session: Session) -> None:
    make_layer(session, "comuna", {"2": square(-70.7, -33.5, 0.2), "1": square(-70.7, -33.5, 0.2)})
    inside, outside = insert(session, [row("in"), row("out", 30.5, 114.4)]).ids
    found = session.execute(
        text("SELECT photo_id, code FROM photo_area JOIN area ON area.id = area_id")
    ).all()
    assert [tuple(each) for each in found] == [(inside, "1")]
    assert outside not in session.scalars(select(photo_area.c.photo_id)).all()


def test_every_release_with_rankers_scores_new_photos(session: Session) -> None:
    batch = Batch(title="b", source="s", licence="l")
    session.add(batch)
    session.flush()
    scoring = make_release(session, kind="rankers", state="scoring")
    ready = make_release(session, kind="rankers", state="ready")
    make_release(session, kind="rankers", state="registered")
    make_release(session, kind="imported", state="ready")
    rows = [row("b"), row("a"), place("c"), replace(row("d"), batch_id=batch.id)]
    result = insert(session, rows)
    plain = sorted(result.new[i] for i in (0, 1))
    assert jobs(session) == [
        (str(release.id), where, ids)
        for release in (scoring, ready)
        for where, ids in (("-", plain), (str(batch.id), [result.new[3]]))
    ]


def test_duplicates_are_not_scored_again(session: Session) -> None:
    insert(session, [row("a")])
    make_release(session, kind="rankers")
    insert(session, [row("a")])
    assert jobs(session) == []


def test_imports_of_the_same_photos_at_a_time_neither_lock_up_nor_double(
    clean_database: str,
) -> None:
    """Each gives the photos in another order; the insert brings them into one."""
    engine = make_engine(clean_database, pool_size=4)
    factory = session_factory(engine)
    names = [f"photo {i:03}" for i in range(200)]
    start, results, errors = threading.Barrier(4), [], []

    def run(turn: int) -> None:
        try:
            start.wait()
            for part in range(4):
                with factory.begin() as session:
                    given = names[part * 50 : part * 50 + 50]
                    ordered = given[turn * 10 :] + given[: turn * 10]
                    results.append(insert(session, [row(name) for name in ordered]))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(len(result.new) for result in results) == 200
    assert sum(len(result.duplicates) for result in results) == 600
    with factory() as session:
        assert session.scalar(select(func.count()).select_from(Photo)) == 200
    engine.dispose()
