"""A disk that is full, the photo store's or the database's: nothing is lost, and it is said so."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, func, select, text
from starlette.testclient import TestClient

from app import accounts, releases, scores, worker
from app.db import SessionFactory
from app.main import create_app
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import Photo, Release, Upload, score
from tests.rankers import add_photos, jpeg, write_release

NEW = {"title": "Julio", "source": "Municipalidad", "licence": "CC BY 4.0", "blurred": True}
PLACE = {"lat": "-33.45", "lon": "-70.65"}


@pytest.fixture
def small_disk(settings: Settings) -> Iterator[Path]:
    """A photo store on a disk of half a megabyte."""
    settings.photo_dir.mkdir(parents=True)
    mounting = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(settings.photo_dir)]
    done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount a small disk: {done.stderr.strip()}")
    yield settings.photo_dir
    subprocess.run(["umount", str(settings.photo_dir)], check=True)


@pytest.fixture
def send(
    clean_database: str, clean_engine: Engine, sessions: SessionFactory, settings: Settings
) -> Iterator[Callable[[int], Any]]:
    """Sends a photo to a new batch."""
    with sessions.begin() as session:
        accounts.create(session, "rosa")
        token = accounts.create_token(session, "rosa", "test", "upload", None)
    given = Settings(database_url=SecretStr(clean_database), data_dir=settings.data_dir)
    app: FastAPI = create_app(given, clean_engine)
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(app, base_url="http://localhost", headers=headers) as client:
        batch_id = client.post("/api/admin/batches", json=NEW).json()["id"]

        def photo(number: int) -> Any:
            return client.post(
                f"/api/admin/batches/{batch_id}/files",
                files={"file": ("name.jpg", jpeg(number))},
                data={"path": f"{number}.jpg"} | PLACE,
            )

        yield photo
    app.state.decoder.close()


def assert_said(answer: Any) -> None:
    assert answer.status_code == 507
    assert answer.json()["code"] == "storage-full"
    assert int(answer.headers["retry-after"]) > 0


def test_a_photo_for_which_there_is_no_room_is_taken_when_there_is(
    send: Callable[[int], Any], sessions: SessionFactory, small_disk: Path
) -> None:
    assert send(0).status_code == 202
    filler = small_disk / "filler"
    with suppress(OSError):
        filler.write_bytes(bytes(2**20))
    before = sorted(small_disk.glob("*/*"))
    assert_said(send(1))
    assert sorted(small_disk.glob("*/*")) == before, "no part of it is left"
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 1
    filler.unlink()
    assert send(1).status_code == 202


class FullDatabase:
    """PostgreSQL's own error of a full disk, from a table until `empty`."""

    def __init__(self, sessions: SessionFactory, table: str) -> None:
        self._sessions = sessions
        self._table = table
        with sessions.begin() as session:
            session.execute(
                text(
                    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                    " RAISE EXCEPTION 'could not extend file: No space left on device'"
                    " USING ERRCODE = 'disk_full'; END $$"
                )
            )
            session.execute(
                text(
                    f"CREATE TRIGGER full_disk BEFORE INSERT ON {table}"
                    " EXECUTE FUNCTION full_disk()"
                )
            )

    def empty(self) -> None:
        with self._sessions.begin() as session:
            session.execute(text(f"DROP TRIGGER full_disk ON {self._table}"))


def test_a_photo_for_which_the_database_has_no_room_is_taken_when_it_has(
    send: Callable[[int], Any], sessions: SessionFactory, files: PhotoFiles
) -> None:
    full = FullDatabase(sessions, "photo")
    assert_said(send(1))
    assert list(files.root.glob("*/*.original")) == []
    full.empty()
    assert send(1).status_code == 202
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Photo)) == 1


def test_a_job_that_the_database_has_no_room_for_is_tried_until_it_has(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    clean_database: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = write_release(tmp_path, "first")
    with sessions.begin() as session:
        add_photos(session, files, 4)
        release = releases.register(session, folder, settings.release_dir)
        scores.begin(session, release)
        release_id = release.id
    full = FullDatabase(sessions, "score")

    def until_tried_four_times() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with sessions.begin() as session:
                query = text("SELECT coalesce(max(attempts), 0) FROM procrastinate_jobs")
                # More often than what nobody foresaw would be.
                if session.scalars(query).one() >= 4:
                    break
            time.sleep(0.1)
        full.empty()

    emptying = Thread(target=until_tried_four_times)
    emptying.start()
    worker.run(settings, clean_database, until_idle=True, heartbeat_s=0.3, stalled_after_s=1.5)
    emptying.join()
    # Publishing, which the worker looks after beside its jobs, may meet the full disk as well.
    said = [line for line in caplog.messages if line.startswith("a job will be tried again")]
    assert len(said) >= 4
    assert all("The disk of the database is full" in line for line in said)
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(score)) == 4
        assert session.get_one(Release, release_id).state == "ready"
