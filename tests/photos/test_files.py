"""The photo store on a real disk, and what its sweep leaves alone."""

import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from app.db import driver_errors, session_factory
from app.errors import DatabaseAway, PhotoStoreForeign
from app.images import Derived, Metadata
from app.photos import files as module
from app.photos.files import PhotoFiles
from app.photos.store import DISPLAY, THUMBNAIL
from app.photos.sweeping import claim, sweep, writing
from app.tables import Batch, StoreOwner, Upload
from tests.builders import make_photo

DERIVED = Derived(b"display", b"thumbnail", 640, 480, Metadata())


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "photos")


def on_disk(files: PhotoFiles) -> set[str]:
    return {path.name for path in files.root.glob("*/*")}


def make_old(files: PhotoFiles, key: str, age_s: float = 7200) -> None:
    then = time.time() - age_s
    for path in files.root.glob(f"*/{key}*"):
        os.utime(path, (then, then))


@pytest.mark.parametrize("sync", [True, False])
def test_three_files_under_one_random_name(files: PhotoFiles, sync: bool) -> None:
    key, other = files.write(b"o", DERIVED, sync=sync), files.write(b"o", DERIVED, sync=sync)
    files.flush()
    assert key != other
    assert files.original(key).read_bytes() == b"o"
    assert files.path(key, DISPLAY).read_bytes() == b"display"
    assert files.path(key, THUMBNAIL).read_bytes() == b"thumbnail"
    assert files.original(key).parent.name == key[:2]
    assert len(on_disk(files)) == 6


def test_an_original_may_wait_alone(files: PhotoFiles) -> None:
    key = files.write(b"held", None)
    assert on_disk(files) == {f"{key}.original"}


def test_a_write_that_fails_leaves_nothing(
    files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = module._write
    written: list[Path] = []

    def full_disk(path: Path, content: bytes, sync: bool) -> None:
        if len(written) == 2:
            module._part(path).write_bytes(content[:2])
            raise OSError(28, "No space left on device")
        written.append(path)
        whole(path, content, sync)

    monkeypatch.setattr(module, "_write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        files.write(b"o", DERIVED)
    assert len(written) == 2
    assert on_disk(files) == set()


def test_deleting_twice_is_no_error(files: PhotoFiles) -> None:
    key, kept = files.write(b"o", DERIVED), files.write(b"o", DERIVED)
    files.delete([key])
    files.delete([key])
    assert {name.split(".")[0] for name in on_disk(files)} == {kept}


def test_the_sweep_takes_old_orphans_only(session: Session, files: PhotoFiles) -> None:
    of_photo, of_upload, orphan, young = (files.write(b"o", DERIVED) for _ in range(4))
    make_photo(session, -70.6, -33.4, storage_key=of_photo)
    batch = Batch(title="b", source="s", licence="l")
    session.add(batch)
    session.flush()
    session.add(
        Upload(batch_id=batch.id, path="a", sha256=b"1", verdict="held", storage_key=of_upload)
    )
    session.flush()
    for key in (of_photo, of_upload, orphan):
        make_old(files, key)
    stray = files.root / "00" / f"{'0' * 32}.display.jpg.part"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"half")
    os.utime(stray, (0, 0))
    foreign = files.original(orphan).with_name("notes.txt")
    foreign.write_text("mine")
    os.utime(foreign, (0, 0))

    assert sweep(session, files) == 2
    names = {name.split(".")[0] for name in on_disk(files)}
    assert names == {of_photo, of_upload, young, "notes"}
    assert sweep(session, files) == 0


def test_a_key_with_one_young_file_is_not_old(session: Session, files: PhotoFiles) -> None:
    key = files.write(b"o", DERIVED)
    make_old(files, key)
    os.utime(files.path(key, THUMBNAIL))
    assert sweep(session, files) == 0


def test_nothing_is_swept_while_an_import_writes(
    session: Session, engine: Engine, files: PhotoFiles
) -> None:
    key = files.write(b"o", DERIVED)
    make_old(files, key)
    sessions = session_factory(engine)
    with writing(sessions), writing(sessions) as nothing_swept:
        nothing_swept()
        assert sweep(session, files) == 0
    assert sweep(session, files) == 1


def test_an_import_that_lost_its_lock_must_not_keep_its_rows(clean_engine: Engine) -> None:
    sessions = session_factory(clean_engine)
    with writing(sessions) as nothing_swept:
        with sessions.begin() as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                    " AND database = (SELECT oid FROM pg_database"
                    " WHERE datname = current_database())"
                )
            )
        for _ in range(2):  # The second time by a connection that is whole, but has no lock.
            with pytest.raises(DatabaseAway), driver_errors():
                nothing_swept()


def test_a_sweep_that_fails_leaves_no_lock_behind(
    session: Session, engine: Engine, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(b"o", DERIVED)
    monkeypatch.setattr(PhotoFiles, "ages", unplugged)
    with pytest.raises(OSError, match="unplugged"):
        sweep(session, files)
    with writing(session_factory(engine)):
        pass


def unplugged(files: PhotoFiles) -> None:
    raise OSError("unplugged")


def test_an_empty_store_is_swept_too(session: Session, files: PhotoFiles) -> None:
    files.root.mkdir()
    assert sweep(session, files) == 0


def test_a_store_is_marked_and_another_databases_is_left_alone(
    session: Session, files: PhotoFiles, caplog: pytest.LogCaptureFixture
) -> None:
    assert sweep(session, files) == 0
    assert not files.root.exists(), "a store that is not mounted is not made"
    key = files.write(b"o", DERIVED)
    make_old(files, key)
    claim(session, files)
    own = session.scalars(select(StoreOwner.owner)).one()
    assert json.loads((files.root / "mirada.json").read_text()) == {"database": own}
    for foreign in ('{"database": "another"}', "[]", "", "not json"):
        (files.root / "mirada.json").write_text(foreign)
        with pytest.raises(PhotoStoreForeign, match="MIRADA_PHOTO_STORE"):
            claim(session, files)
        assert sweep(session, files) == 0
        assert "that of another database" in caplog.text
        assert files.read(key) == b"o"
    (files.root / "mirada.json").unlink()
    assert sweep(session, files) == 1
    claim(session, files)


def test_an_older_copy_of_the_database_empties_nothing(
    session: Session, files: PhotoFiles, caplog: pytest.LogCaptureFixture
) -> None:
    """A dump that was restored has the mark of the database it was taken from."""
    for key in [files.write(b"o", None, sync=False) for _ in range(51)]:
        make_old(files, key)
    assert sweep(session, files) == 0
    assert "older copy" in caplog.text
    assert len(on_disk(files)) == 51
