"""A photo store on a server that speaks S3, and on a file system that is reached by fsspec."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
import s3fs
from sqlalchemy.orm import Session

from app.errors import BadRequest, PhotoStoreAway, PhotoStoreForeign
from app.images import Derived, Metadata
from app.photos.files import PhotoFiles
from app.photos.location import open_store
from app.photos.objects import PhotoObjects, without_password
from app.photos.store import DISPLAY, THUMBNAIL
from app.photos.sweeping import claim, sweep
from tests import s3
from tests.builders import make_photo

DERIVED = Derived(b"display", b"thumbnail", 640, 480, Metadata())
ROOT = f"{s3.BUCKET}/city"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3.serving() as endpoint:
        s3.client(endpoint).mkdir(s3.BUCKET)
        yield endpoint


@pytest.fixture
def server(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[s3fs.S3FileSystem]:
    for key, value in s3.environment(endpoint).items():
        monkeypatch.setenv(key, value)
    s3fs.S3FileSystem.clear_instance_cache()
    there = s3.client(endpoint)
    yield there
    if there.find(s3.BUCKET):
        there.rm(f"{s3.BUCKET}/city", recursive=True)


@pytest.fixture
def store(server: s3fs.S3FileSystem) -> PhotoObjects:
    store = open_store(f"s3://{ROOT}/")
    assert isinstance(store, PhotoObjects)
    return store


def test_three_objects_under_one_random_name(
    store: PhotoObjects, server: s3fs.S3FileSystem
) -> None:
    key, other = store.write(b"o", DERIVED), store.write(b"held", None)
    found = {name.removeprefix(f"{ROOT}/") for name in server.find(ROOT)}
    assert found == {
        *(f"{key[:2]}/{key}{end}" for end in (".original", ".display.jpg", ".thumbnail.jpg")),
        f"{other[:2]}/{other}.original",
    }
    assert store.read(key) == b"o"
    assert store.read(key, DISPLAY) == b"display"
    assert store.read(key, THUMBNAIL) == b"thumbnail"
    opener = store.opener(other)
    assert not isinstance(opener, Path)
    with opener() as file:
        assert file.read() == b"held"


def test_deleting_twice_is_no_error_and_nothing_else_goes(
    store: PhotoObjects, server: s3fs.S3FileSystem
) -> None:
    keys = [store.write(b"o", DERIVED) for _ in range(12)]
    store.delete(keys[1:])
    store.delete(keys[1:])
    assert len(server.find(ROOT)) == 3
    for missing in (keys[1], "0" * 32):
        with pytest.raises(FileNotFoundError):
            store.read(missing)


def test_two_workers_read_at_once_what_a_third_writes(store: PhotoObjects) -> None:
    content = {store.write(b"%d" % n, None): b"%d" % n for n in range(20)}
    others = [open_store(f"s3://{ROOT}") for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        for other in others:
            assert list(threads.map(other.read, content)) == list(content.values())
        assert len(set(threads.map(lambda n: store.write(b"%d" % n, None), range(20)))) == 20


def test_the_sweep_takes_old_orphans_only(
    session: Session, store: PhotoObjects, server: s3fs.S3FileSystem
) -> None:
    of_photo, orphan = store.write(b"o", DERIVED), store.write(b"o", DERIVED)
    make_photo(session, -70.6, -33.4, storage_key=of_photo)
    server.pipe(f"{ROOT}/{orphan[:2]}/notes.txt", b"mine")
    assert sweep(session, store) == 0
    assert store.read(orphan) == b"o"
    time.sleep(1.1)  # The server tells times in whole seconds.
    assert sweep(session, store, older_than_s=0) == 1
    left = {name.rpartition("/")[2] for name in server.find(ROOT)}
    assert {name.partition(".")[0] for name in left} == {of_photo, "notes", "mirada"}


def test_another_databases_store_is_left_alone(
    session: Session, store: PhotoObjects, server: s3fs.S3FileSystem
) -> None:
    key = store.write(b"o", DERIVED)
    server.pipe(f"{ROOT}/mirada.json", b'{"database": "another"}')
    with pytest.raises(PhotoStoreForeign, match=f"s3://{ROOT}"):
        claim(session, store)
    assert sweep(session, store, older_than_s=-60) == 0
    assert store.read(key) == b"o"


@pytest.mark.parametrize("fault", ["no bucket", "no server"])
def test_a_store_that_fails_says_so_without_secrets(
    server: s3fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    bucket = "no-such-bucket" if fault == "no bucket" else s3.BUCKET
    if fault == "no server":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        s3fs.S3FileSystem.clear_instance_cache()
    store = open_store(f"s3://{bucket}/city")
    with pytest.raises(PhotoStoreAway) as away:
        store.write(b"o", None)
    said = str(away.value)
    assert f"s3://{bucket}/city" in said
    assert "MIRADA_PHOTO_STORE" in said
    assert "test-secret-word" not in said + repr(away.value.__cause__)
    s3fs.S3FileSystem.clear_instance_cache()


def test_without_credentials_the_store_is_away(
    server: s3fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(PhotoStoreAway, match="credentials"):
        open_store(f"s3://{ROOT}").write(b"o", None)
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_file_that_would_be_seen_half_grows_under_another_name(tmp_path: Path) -> None:
    """On a file system behind fsspec, which shows what is being written."""
    store = PhotoObjects(f"local://{tmp_path}/store")
    seen: list[str] = []
    whole = store._fs.pipe_file

    def watched(path: str, content: bytes) -> None:
        whole(path, content)
        seen.extend(file.name for file in tmp_path.rglob("*.*"))

    store._fs.pipe_file = watched
    try:
        key = store.write(b"held", None)
    finally:
        del store._fs.pipe_file
    assert seen == [f"{key}.original.part"]
    assert store.read(key) == b"held"
    assert [set(ages) for ages in store.ages() if ages] == [{key}]
    store.delete([key])
    store.delete([key])
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_what_names_a_store(tmp_path: Path) -> None:
    for location in (str(tmp_path), f"file://{tmp_path}"):
        store = open_store(location)
        assert isinstance(store, PhotoFiles)
        assert store.root == tmp_path
    with pytest.raises(BadRequest, match="nonsense://bucket"):
        open_store("nonsense://bucket/prefix")
    assert without_password("sftp://me:word@host:22/photos?token=x") == "sftp://host:22/photos"
    assert "memory" in fsspec.available_protocols()
