"""Taking back over HTTP, by an admin."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from app import accounts, batches, totals
from app.batches import removal
from app.db import session_factory
from app.images import derive
from app.photos.files import PhotoFiles
from app.routes import admin_removal
from app.tables import Photo, RefusedPhoto, Release
from tests.builders import flat, make_photo, make_release, write_scores
from tests.rankers import jpeg
from tests.routes.conftest import browser_of

BATCH = batches.BatchIn(title="Julio", source="Municipalidad", licence="CC BY 4.0", blurred=True)


@pytest.fixture
def api(access_app: FastAPI, clean_engine: Engine) -> Iterator[TestClient]:
    """A script with a token that may do everything."""
    with session_factory(clean_engine).begin() as session:
        accounts.create(session, "rosa")
        token = accounts.create_token(session, "rosa", "test", "admin", None)
    with browser_of(access_app) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def files(access_app: FastAPI) -> PhotoFiles:
    files: PhotoFiles = access_app.state.files
    return files


@pytest.fixture
def batch_id(clean_engine: Engine, files: PhotoFiles) -> int:
    """Of six scored photos that are on the map."""
    with session_factory(clean_engine).begin() as session:
        made = batches.create(session, BATCH).id
        release = make_release(session, "demo", active=True)
        ids = []
        for number in range(6):
            key = files.write(jpeg(number), derive(jpeg(number)), sync=False)
            ids.append(make_photo(session, -70.6, -33.4, storage_key=key, batch_id=made).id)
        write_scores(session, release, {id: flat(500) for id in ids})
        totals.publish(session)
    return made


def photo_ids(engine: Engine) -> list[int]:
    with session_factory(engine)() as session:
        return list(session.scalars(select(Photo.id).order_by(Photo.id)))


def tiles_of(client: TestClient) -> str:
    [address] = client.get("/tiles.json").json()["tiles"]
    return str(address)


def test_a_photo_that_is_taken_down_is_gone_at_once(
    api: TestClient, clean_engine: Engine, batch_id: int, files: PhotoFiles
) -> None:
    photo_id = photo_ids(clean_engine)[0]
    shown = api.get(f"/photos/{photo_id}/image")
    assert shown.headers["cache-control"] == "public, max-age=300", "minutes, not for ever"
    assert "immutable" not in api.get(f"/photos/{photo_id}/thumbnail").headers["cache-control"]
    before = tiles_of(api)
    answer = api.delete(f"/api/admin/photos/{photo_id}", params={"reason": "a neighbour asked"})
    assert answer.status_code == 204
    assert tiles_of(api) != before
    etag = {"If-None-Match": shown.headers["etag"]}
    for address in (f"/photos/{photo_id}/image", f"/api/photos/{photo_id}"):
        assert api.get(address, headers=etag).status_code == 404
    again = api.delete(f"/api/admin/photos/{photo_id}")
    assert (again.status_code, again.json()["code"]) == (404, "photo-not-found")
    assert len(list(files.root.glob("*/*.original"))) == 5
    with session_factory(clean_engine)() as session:
        assert session.scalars(select(RefusedPhoto.reason)).all() == ["a neighbour asked"]
        assert totals.check(session) == []


def test_a_photo_may_be_deleted_without_refusing_it(
    api: TestClient, clean_engine: Engine, batch_id: int
) -> None:
    [photo_id, *_] = photo_ids(clean_engine)
    assert api.delete(f"/api/admin/photos/{photo_id}?refuse=false").status_code == 204
    with session_factory(clean_engine)() as session:
        assert session.scalars(select(RefusedPhoto)).all() == []


def test_a_batch_is_cancelled_and_then_deleted(
    api: TestClient, clean_engine: Engine, batch_id: int, files: PhotoFiles
) -> None:
    address = f"/api/admin/batches/{batch_id}"
    cancelled = api.post(f"{address}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    with session_factory(clean_engine)() as session:
        version = session.scalars(select(Release.version)).one()
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.delete(address).status_code == 404
    assert api.get(f"{address}/events").status_code == 404
    assert photo_ids(clean_engine) == []
    assert list(files.root.glob("*/*.original")) == []
    with session_factory(clean_engine)() as session:
        assert session.scalars(select(Release.version)).one() > version
        assert len(session.scalars(select(RefusedPhoto)).all()) == 6


def test_a_long_deletion_says_how_much_is_left_and_goes_on_when_asked_again(
    api: TestClient, clean_engine: Engine, batch_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 2)
    monkeypatch.setattr(admin_removal, "DELETES_FOR_S", 0)
    address = f"/api/admin/batches/{batch_id}"
    answers = [api.delete(address) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 204]
    assert [answer.json()["left"] for answer in answers[:3]] == [4, 2, 0]
    listed = api.get("/api/admin/batches").json()
    assert listed == []


def test_a_batch_that_is_being_deleted_says_so(
    api: TestClient, batch_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 2)
    monkeypatch.setattr(admin_removal, "DELETES_FOR_S", 0)
    address = f"/api/admin/batches/{batch_id}"
    api.delete(address)
    assert api.get(address).json()["state"] == "deleting"
    refused = api.post(f"{address}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-cancel")
    sent = api.post(f"{address}/files", files={"file": ("a.jpg", jpeg(9))})
    assert (sent.status_code, sent.json()["code"]) == (409, "batch-closed")


@pytest.mark.parametrize("query", ["reason=", f"reason={'x' * 201}", "refuse=perhaps"])
def test_what_a_deletion_cannot_be_told(api: TestClient, batch_id: int, query: str) -> None:
    for address in (f"/api/admin/batches/{batch_id}", "/api/admin/photos/1"):
        assert api.delete(f"{address}?{query}").status_code == 422
    assert api.get(f"/api/admin/batches/{batch_id}").json()["state"] == "open"
