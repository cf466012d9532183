"""Photos as they are taken away: totals, rows, files, in this order."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import totals
from app.db import SessionFactory, make_engine, session_factory
from app.images import Derived, Metadata
from app.photos.delete import delete
from app.photos.files import PhotoFiles
from app.photos.insert import NewPhoto, insert
from app.tables import Photo, RefusedPhoto, cell_total, score
from tests.builders import flat, make_layer, make_photo, make_release, square, write_scores


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "photos")


def stored_photo(session: Session, files: PhotoFiles) -> Photo:
    key = files.write(b"original", Derived(b"d", b"t", 640, 480, Metadata()))
    return make_photo(session, -70.6, -33.4, storage_key=key)


def on_disk(files: PhotoFiles) -> int:
    return len(list(files.root.glob("*/*.original")))


def test_totals_rows_and_files_go_together(session: Session, files: PhotoFiles) -> None:
    make_layer(session, "comuna", {"1": square(-70.7, -33.5, 0.2)})
    release = make_release(session)
    photos = [stored_photo(session, files) for _ in range(3)]
    write_scores(session, release, {photo.id: flat(300) for photo in photos[:2]})
    totals.publish(session)
    write_scores(session, release, {photos[2].id: flat(900)})
    assert delete(session, [photos[0].id, photos[2].id, photos[0].id, 10**12], files) == 2
    assert on_disk(files) == 3
    session.commit()
    assert on_disk(files) == 1
    assert session.scalars(select(Photo.id)).all() == [photos[1].id]
    assert session.scalars(select(score.c.photo_id)).all() == [photos[1].id]
    totals.publish(session)
    assert totals.check(session) == []
    assert set(session.scalars(select(cell_total.c.n))) == {1}


def test_nothing_there_is_nothing_deleted(session: Session, files: PhotoFiles) -> None:
    assert delete(session, [1, 2], files) == 0


def test_a_place_without_an_image_has_no_files(session: Session, files: PhotoFiles) -> None:
    place = make_photo(session, -70.6, -33.4, image=False)
    assert delete(session, [place.id], files, refuse=True) == 1
    session.commit()
    assert session.scalar(select(func.count()).select_from(RefusedPhoto)) == 0


def test_what_was_taken_down_never_comes_back(session: Session, files: PhotoFiles) -> None:
    content = hashlib.sha256(b"face").digest()
    new = NewPhoto("test", "a", -33.4, -70.6, sha256=content, storage_key="k1")
    (photo_id,) = insert(session, [new]).ids
    delete(session, [photo_id], files, refuse=True, reason="a person asked")
    again = NewPhoto("other", "b", -33.4, -70.6, sha256=content, storage_key="k2")
    assert insert(session, [again]).refused == {0: "a person asked"}


@pytest.fixture
def factory(clean_database: str) -> Iterator[SessionFactory]:
    engine = make_engine(clean_database, pool_size=2)
    yield session_factory(engine)
    engine.dispose()


def test_files_stay_when_the_deletion_is_rolled_back(
    factory: SessionFactory, files: PhotoFiles
) -> None:
    with factory.begin() as session:
        photo_id = stored_photo(session, files).id
    with factory() as session:
        delete(session, [photo_id], files)
        session.rollback()
        assert on_disk(files) == 1
        # What another transaction of the same session commits is none of the deletion's business.
        session.execute(select(Photo))
        session.commit()
    assert on_disk(files) == 1


def test_files_outlast_a_savepoint_and_go_with_the_whole(
    factory: SessionFactory, files: PhotoFiles
) -> None:
    with factory.begin() as session:
        one, other = (stored_photo(session, files).id for _ in range(2))
    with factory() as session:
        with session.begin_nested():
            delete(session, [one], files)
        assert on_disk(files) == 2
        session.rollback()
        assert on_disk(files) == 2
        with session.begin_nested():
            delete(session, [one], files)
        savepoint = session.begin_nested()
        delete(session, [other], files)
        savepoint.rollback()
        session.commit()
    assert on_disk(files) == 1
    with factory() as session:
        assert session.scalars(select(Photo.id)).all() == [other]
