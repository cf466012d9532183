"""Photos in a bucket: the web writes and serves them, workers score them, the way there fails."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import s3fs
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, func, select, text
from starlette.testclient import TestClient

from app import accounts, queue, releases, scores
from app.db import SessionFactory
from app.images import derive
from app.main import create_app
from app.photos.location import open_store
from app.photos.store import PhotoStore
from app.settings import Settings
from app.tables import Photo, Release, Upload, score
from tests import s3
from tests.rankers import add_photos, jpeg, write_release

WORKER = """
import logging, pathlib, sys
logging.basicConfig(level=logging.INFO, format="%(message)s")
from app.settings import Settings
from app.worker import run
run(Settings(data_dir=pathlib.Path(sys.argv[1])), sys.argv[2], heartbeat_s=0.3, stalled_after_s=1.5)
"""
NEW = {"title": "Julio", "source": "Municipalidad", "licence": "CC BY 4.0", "blurred": True}
PLACE = {"lat": "-33.45", "lon": "-70.65"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3.serving() as endpoint:
        yield endpoint


@pytest.fixture
def server(endpoint: str) -> Iterator[s3fs.S3FileSystem]:
    server = s3.client(endpoint)
    server.mkdir(s3.BUCKET)
    yield server
    server.rm(s3.BUCKET, recursive=True)


@pytest.fixture
def cable(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.Cable]:
    cable = s3.Cable(endpoint)
    for key, value in s3.environment(cable.endpoint).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("MIRADA_PHOTO_STORE", f"s3://{s3.BUCKET}/photos")
    s3fs.S3FileSystem.clear_instance_cache()
    yield cable
    s3fs.S3FileSystem.clear_instance_cache()
    cable.close()


@pytest.fixture
def installation(cable: s3.Cable, tmp_path: Path, clean_database: str) -> Settings:
    return Settings(database_url=SecretStr(clean_database), data_dir=tmp_path / "data")


@pytest.fixture
def store(installation: Settings) -> PhotoStore:
    return open_store(installation.photo_location)


@pytest.fixture
def app(installation: Settings, clean_engine: Engine) -> Iterator[FastAPI]:
    app = create_app(installation, clean_engine)
    yield app
    if hasattr(app.state, "decoder"):
        app.state.decoder.close()


@pytest.fixture
def api(app: FastAPI, sessions: SessionFactory) -> Iterator[TestClient]:
    with sessions.begin() as session:
        accounts.create(session, "rosa")
        token = accounts.create_token(session, "rosa", "test", "admin", None)
    address, headers = "http://localhost", {"Authorization": f"Bearer {token}"}
    with TestClient(app, base_url=address, headers=headers) as client:
        yield client


def send(api: TestClient, batch: str, data: bytes, path: str) -> Any:
    return api.post(f"{batch}/files", files={"file": ("a.jpg", data)}, data={"path": path} | PLACE)


def new_batch(api: TestClient) -> str:
    return f"/api/admin/batches/{api.post('/api/admin/batches', json=NEW).json()['id']}"


def objects(server: s3fs.S3FileSystem) -> int:
    return len(server.find(f"{s3.BUCKET}/photos"))


def test_what_is_uploaded_lies_in_the_bucket_and_is_served_from_it(
    api: TestClient, server: s3fs.S3FileSystem
) -> None:
    sent = send(api, new_batch(api), jpeg(1), "a.jpg")
    assert sent.status_code == 202, sent.text
    photo = sent.json()["photo_id"]
    assert objects(server) == 4, "three files and the mark"
    derived = derive(jpeg(1))
    for what, content in (("image", derived.display), ("thumbnail", derived.thumbnail)):
        answer = api.get(f"/photos/{photo}/{what}")
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-length"] == str(len(content))
        assert answer.headers["cache-control"] == "public, max-age=300"
        tag = {"If-None-Match": answer.headers["etag"]}
        again = api.get(f"/photos/{photo}/{what}", headers=tag)
        assert (again.status_code, again.content) == (304, b"")
    private = api.get(f"/api/admin/photos/{photo}/thumbnail")
    assert private.headers["cache-control"] == "private, max-age=300"
    for name in server.find(f"{s3.BUCKET}/photos"):
        if name.endswith(".display.jpg"):
            server.rm_file(name)
    gone = api.get(f"/photos/{photo}/image")
    assert (gone.status_code, gone.json()["code"]) == (404, "photo-not-found")
    assert api.delete(f"/api/admin/photos/{photo}").status_code == 204
    assert objects(server) == 1


def test_a_store_that_is_away_refuses_without_losing_anything(
    api: TestClient,
    server: s3fs.S3FileSystem,
    cable: s3.Cable,
    sessions: SessionFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    batch = new_batch(api)
    there = send(api, batch, jpeg(1), "a.jpg").json()["photo_id"]
    cable.unplug()
    refused = send(api, batch, jpeg(2), "b.jpg")
    shown = api.get(f"/photos/{there}/image")
    for answer in (refused, shown):
        assert (answer.status_code, answer.json()["code"]) == (503, "photo-store-away")
        assert int(answer.headers["retry-after"]) > 0
        assert "MIRADA_PHOTO_STORE" in answer.json()["detail"]
    # Taken down, it is off the map at once; its files go with a later sweep.
    assert api.delete(f"/api/admin/photos/{there}").status_code == 204
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Photo)) == 0
        assert session.scalar(select(func.count()).select_from(Upload)) == 1
    assert "test-secret-word" not in caplog.text
    cable.plug_in()
    assert send(api, batch, jpeg(2), "b.jpg").status_code == 202
    assert objects(server) == 7


def test_a_folder_is_imported_into_the_bucket_by_child_processes(
    store: PhotoStore,
    server: s3fs.S3FileSystem,
    sessions: SessionFactory,
    clean_database: str,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "fotos"
    folder.mkdir()
    rows = ["filename,lat,lon"]
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(jpeg(number))
        rows.append(f"{number}.jpg,-33.45,{-70.65 + number / 1000}")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(rows))
    command = [sys.executable, "-c", "from app.cli import main; main()", "import", "photos"]
    subprocess.run(
        [*command, str(folder), "--manifest", str(manifest)],
        env=os.environ | {"MIRADA_DATABASE_URL": clean_database},
        check=True,
    )
    with sessions.begin() as session:
        photos = session.scalars(select(Photo).order_by(Photo.source_key)).all()
    assert [store.read(str(photo.storage_key)) for photo in photos] == [
        jpeg(number) for number in range(6)
    ]
    assert all(photo.look is not None for photo in photos)
    assert objects(server) == 6 * 3 + 1


def start_worker(settings: Settings, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(settings.data_dir), url],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
        stderr=subprocess.PIPE,
    )


def wait_for(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def test_two_workers_score_from_the_bucket_though_it_is_away_for_a_while(
    installation: Settings,
    clean_database: str,
    sessions: SessionFactory,
    store: PhotoStore,
    server: s3fs.S3FileSystem,
    cable: s3.Cable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 8)
    with sessions.begin() as session:
        add_photos(session, store, 64)
        folder = write_release(tmp_path, "first")
        release = releases.register(session, folder, installation.release_dir)
        scores.begin(session, release)
        release_id = release.id
    cable.unplug()
    workers = [start_worker(installation, clean_database) for _ in range(2)]

    def attempts() -> int:
        with sessions.begin() as session:
            return session.scalar(text("SELECT max(attempts) FROM procrastinate_jobs")) or 0

    def ready() -> bool:
        with sessions.begin() as session:
            return session.get_one(Release, release_id).state == "ready"

    try:
        wait_for(lambda: attempts() > 0)
        cable.plug_in()
        wait_for(ready)
    finally:
        for process in workers:
            process.terminate()
        logs = [process.communicate(timeout=60)[1] for process in workers]
    assert any("cannot be used" in log for log in logs)
    assert all("photos in" in log for log in logs), "one worker did everything"
    assert "test-secret-word" not in "".join(logs)
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(score)) == 64
        assert (
            session.scalar(
                text("SELECT count(*) FROM procrastinate_jobs WHERE status::text = 'failed'")
            )
            == 0
        )
