"""Batches over HTTP, as the admin's pages and scripts use them."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import Engine, select, text
from starlette.testclient import TestClient

from app import accounts, batches, scores, totals
from app.attributes import KEYS
from app.db import session_factory
from app.images import MAX_BYTES
from app.main import create_app
from app.routes.admin_pages import BATCHES_AT_ONCE
from app.settings import Settings
from app.tables import Photo, Upload
from app.worker.upkeep import publish_due
from tests.builders import make_release
from tests.rankers import jpeg

NEW = {"title": "Julio", "source": "Municipalidad", "licence": "CC BY 4.0", "blurred": True}
PLACE = {"lat": "-33.45", "lon": "-70.65"}


@pytest.fixture
def admin_app(clean_database: str, clean_engine: Engine, tmp_path: Path) -> Iterator[FastAPI]:
    settings = Settings(database_url=SecretStr(clean_database), data_dir=tmp_path / "data")
    app = create_app(settings, clean_engine)
    yield app
    if hasattr(app.state, "decoder"):
        app.state.decoder.close()


@pytest.fixture
def token(clean_engine: Engine) -> str:
    with session_factory(clean_engine).begin() as session:
        accounts.create(session, "rosa")
        return accounts.create_token(session, "rosa", "test", "upload", None)


@pytest.fixture
def api(admin_app: FastAPI, token: str) -> Iterator[TestClient]:
    """A script with a token that may upload."""
    with TestClient(
        admin_app,
        base_url="http://localhost",
        headers={"Authorization": f"Bearer {token}"},
        follow_redirects=False,
    ) as client:
        yield client


@pytest.fixture
def batch(api: TestClient) -> str:
    answer = api.post("/api/admin/batches", json=NEW)
    assert answer.status_code == 201
    return f"/api/admin/batches/{answer.json()['id']}"


def send(api: TestClient, batch: str, data: bytes, path: str = "a.jpg", **fields: str) -> Any:
    given = {"path": path} | PLACE | fields
    return api.post(f"{batch}/files", files={"file": ("name.jpg", data)}, data=given)


def test_a_batch_from_its_beginning_to_the_map(
    api: TestClient, batch: str, clean_engine: Engine
) -> None:
    sessions = session_factory(clean_engine)
    with sessions.begin() as session:
        release = make_release(session, "ranked", kind="rankers", state="ready", active=True)
        scores.keep_scale(session, release.id, {1: dict.fromkeys(KEYS, 0.0)})
    for number in range(3):
        answer = send(api, batch, jpeg(number), f"calle/{number}.jpg")
        assert answer.status_code == 202
        assert answer.json()["verdict"] == "accepted"
    progress = api.get(batch).json()
    assert progress["state"] == "open"
    assert progress["counts"]["accepted"] == 3
    assert progress["workers"] == 0
    assert api.post(f"{batch}/score").json()["state"] == "open"
    assert api.post(f"{batch}/complete").json()["state"] == "scoring"
    with sessions.begin() as session:
        ids = session.scalars(select(Photo.id)).all()
        scores.write(session, release.id, {id: dict.fromkeys(KEYS, 1.0) for id in ids})
        session.execute(text("DELETE FROM procrastinate_jobs"))
    publish_due(sessions)
    progress = api.get(batch).json()
    assert (progress["state"], progress["published"]) == ("done", True)
    assert progress["counts"]["scored"] == 3
    assert progress["bbox"] == pytest.approx([-70.65, -33.45, -70.65, -33.45])
    files = api.get(f"{batch}/files").json()
    assert [(file["path"], file["scored"]) for file in files] == [
        (f"calle/{number}.jpg", True) for number in range(3)
    ]
    assert api.get(f"{batch}/files?after={files[1]['id']}").json() == files[2:]
    shown = api.get(f"/api/photos/{files[0]['photo_id']}")
    assert shown.json()["scores"]["safety"] == 10.0
    assert api.get("/api/admin/batches").json()[0]["counts"] == progress["counts"]
    with sessions.begin() as session:
        assert totals.check(session) == []


def test_the_page_of_batches_leads_to_the_older_ones(
    admin_app: FastAPI, clean_engine: Engine
) -> None:
    with session_factory(clean_engine).begin() as session:
        accounts.create(session, "rosa")
        script = accounts.create_token(session, "rosa", "pages", "admin", None)
        ids = [
            batches.create(session, batches.BatchIn.model_validate(NEW)).id
            for _ in range(BATCHES_AT_ONCE + 1)
        ]
    with TestClient(admin_app, headers={"Authorization": f"Bearer {script}"}) as reader:
        first = reader.get("/admin?lang=en").text
        assert f"/admin/batches/{ids[1]}?" in first
        assert f"/admin/batches/{ids[0]}?" not in first
        assert f"/admin?before={ids[1]}&amp;lang=en" in first
        last = reader.get(f"/admin?before={ids[1]}&lang=en").text
        assert f"/admin/batches/{ids[0]}?" in last
        assert "Older batches" not in last
        assert "The newest" in last


def test_each_verdict_has_its_status_and_keeps_its_row(api: TestClient, batch: str) -> None:
    first = send(api, batch, jpeg(1))
    assert first.status_code == 202
    again = send(api, batch, jpeg(1))
    assert (again.status_code, again.json()) == (202, first.json())

    duplicate = send(api, batch, jpeg(1), "b.jpg")
    assert duplicate.status_code == 409
    assert duplicate.headers["content-type"] == "application/problem+json"
    problem = duplicate.json()
    assert (problem["code"], problem["verdict"]) == ("duplicate-photo", "duplicate")
    assert problem["photo_id"] == first.json()["photo_id"]

    rejected = send(api, batch, b"this is text", "c.jpg")
    assert rejected.status_code == 422
    assert rejected.json()["code"] == "rejected-file"
    assert rejected.json()["reason"] == "not-an-image"

    held = send(api, batch, jpeg(2), "d.jpg", lat="", lon="")
    assert (held.status_code, held.json()["reason"]) == (202, "no-position")
    verdicts = [file["verdict"] for file in api.get(f"{batch}/files").json()]
    assert verdicts == ["accepted", "duplicate", "rejected", "held"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"lat": "-33.4", "lon": ""}, "no-position"),
        ({"lat": "0", "lon": "0"}, "no-position"),
        ({"lat": "north"}, "not-a-number"),
        ({"lat": "nan"}, "not-a-number"),
        ({"lon": "inf"}, "not-a-number"),
        ({"lat": "86"}, "impossible-position"),
        ({"lat": "1e400"}, "not-a-number"),
        ({"heading_deg": "north"}, "not-a-number"),
        ({"captured_at": "yesterday"}, "bad-time"),
    ],
)
def test_what_a_form_says_wrongly_holds_the_photo(
    api: TestClient, batch: str, fields: dict[str, str], reason: str
) -> None:
    answer = send(api, batch, jpeg(1), **fields)
    assert (answer.status_code, answer.json()["verdict"]) == (202, "held")
    assert answer.json()["reason"] == reason


def test_a_manifest_places_what_is_held_and_names_what_is_wrong(
    api: TestClient, batch: str
) -> None:
    for number in range(3):
        send(api, batch, jpeg(number), f"fotos/{number}.jpg", lat="", lon="")
    manifest = "\n".join(
        [
            "filename,lat,lon,captured_at,heading_deg",
            "0.jpg,-33.45,-70.65,2025-07-01T12:00:00Z,90",
            "fotos/1.jpg,-33.46,-70.65,,",
            "2.jpg,-133,-70.65,,",
            "0.jpg,1,1,,",
            ",1,1,,",
            "later.jpg,-33.4,-70.6,,",
        ]
    )
    answer = api.post(f"{batch}/manifest", files={"file": ("mi manifiesto.csv", manifest)})
    assert answer.status_code == 200
    placed = answer.json()
    assert placed["placed"] == 2
    assert [row["filename"] for row in placed["rows"]] == ["0.jpg", "fotos/1.jpg", "later.jpg"]
    assert placed["rows"][0]["heading_deg"] == 90
    assert [(problem["where"], problem["reason"]) for problem in placed["problems"]] == [
        ("line 4, 2.jpg", "impossible-position"),
        ("line 5, 0.jpg", "repeated"),
        ("line 6", "no-filename"),
    ]
    verdicts = {file["path"]: file["verdict"] for file in api.get(f"{batch}/files").json()}
    assert verdicts == {
        "fotos/0.jpg": "accepted",
        "fotos/1.jpg": "accepted",
        "fotos/2.jpg": "held",
    }


@pytest.mark.parametrize(
    "data", [b"", b"name,where\na,b\n", "filename,lat,lon\nñ,1,1".encode("latin-1"), jpeg(1)]
)
def test_a_file_that_is_no_manifest_is_said_so_by_its_name(
    api: TestClient, batch: str, data: bytes
) -> None:
    answer = api.post(f"{batch}/manifest", files={"file": ("mio.csv", data)})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-file")
    assert "mio.csv" in answer.json()["detail"]
    assert "/tmp" not in answer.json()["detail"]


def test_a_file_beyond_the_limit_is_rejected_and_one_far_beyond_is_not_read(
    api: TestClient, batch: str
) -> None:
    large = b"\xff\xd8\xff" + bytes(MAX_BYTES)
    answer = send(api, batch, large)
    assert (answer.status_code, answer.json()["reason"]) == (422, "too-large")
    larger = send(api, batch, large + bytes(2**20))
    assert larger.status_code == 413
    assert len(api.get(f"{batch}/files").json()) == 1


def test_requests_that_are_no_upload(api: TestClient, batch: str) -> None:
    for request in (
        {"data": {"path": "a.jpg"}},
        {"files": [("file", ("a.jpg", jpeg(1))), ("file", ("b.jpg", jpeg(2)))]},
        {"files": {"file": ("a.jpg", jpeg(1))}, "data": {f"f{n}": "x" for n in range(20)}},
        {"files": {"file": ("a.jpg", jpeg(1))}, "data": {"path": "x" * 10_000}},
        {"json": {"file": "a.jpg"}},
        {"content": b"no form", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ):
        answer = api.post(f"{batch}/files", **request)
        assert answer.status_code in (400, 422), request
        assert answer.headers["content-type"] == "application/problem+json"
    assert api.get(f"{batch}/files").json() == []
    assert send(api, "/api/admin/batches/999", jpeg(1)).status_code == 404
    assert api.get("/api/admin/batches/999").status_code == 404
    assert api.post("/api/admin/batches/999/complete").status_code == 404


def test_a_path_in_a_file_name_leads_nowhere(
    api: TestClient, batch: str, admin_app: FastAPI
) -> None:
    answer = send(api, batch, jpeg(1), "../../../../tmp/evil.jpg")
    assert answer.json()["path"] == "tmp/evil.jpg"
    root = admin_app.state.files.root
    assert all(len(path.name.split(".")[0]) == 32 for path in root.glob("*/*"))
    assert not Path("/tmp/evil.jpg").exists()


def test_a_batch_that_is_complete_takes_no_more_files(api: TestClient, batch: str) -> None:
    api.post(f"{batch}/complete")
    answer = send(api, batch, jpeg(1))
    assert (answer.status_code, answer.json()["code"]) == (409, "batch-closed")


def test_thumbnails_are_shown_to_admins_and_hidden_from_others(
    api: TestClient, admin_app: FastAPI
) -> None:
    private = api.post("/api/admin/batches", json=NEW | {"blurred": False}).json()
    batch = f"/api/admin/batches/{private['id']}"
    file = send(api, batch, jpeg(1)).json()
    held = send(api, batch, jpeg(2), "b.jpg", lat="", lon="").json()
    answer = api.get(f"{batch}/files/{file['id']}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert Image.open(io.BytesIO(answer.content)).size == (160, 120)
    assert api.get(f"{batch}/files/{held['id']}/thumbnail").status_code == 404
    assert api.get(f"/api/admin/batches/999/files/{file['id']}/thumbnail").status_code == 404
    with TestClient(admin_app) as stranger:
        for size in ("image", "thumbnail"):
            assert stranger.get(f"/photos/{file['photo_id']}/{size}").status_code == 404


def test_events_tell_the_progress_until_the_batch_is_done(
    api: TestClient, batch: str, clean_engine: Engine
) -> None:
    sessions = session_factory(clean_engine)
    send(api, batch, jpeg(1))
    seen = []
    with api.stream("GET", f"{batch}/events") as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if not line.startswith("data: "):
                continue
            seen.append(json.loads(line.removeprefix("data: ")))
            with sessions.begin() as session:
                if len(seen) == 1:
                    batches.complete(session, seen[0]["id"])
                elif len(seen) == 2:
                    make_release(session, kind="rankers", state="ready")
                    batches.settle(session, [seen[0]["id"]])
    assert [progress["state"] for progress in seen] == ["open", "scoring", "done"]
    assert seen[0]["counts"]["accepted"] == 1


def test_a_stream_of_events_ends_by_itself_and_says_when_to_come_again(
    api: TestClient, batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.routes.admin_batches.STREAM_S", 0.1)
    answer = api.get(f"{batch}/events")
    assert answer.text.count("event: progress") == 1
    assert "retry: 500" in answer.text


def test_retrying_starts_again(api: TestClient, batch: str, clean_engine: Engine) -> None:
    sessions = session_factory(clean_engine)
    photo_id = send(api, batch, jpeg(1)).json()["photo_id"]
    with sessions.begin() as session:
        make_release(session, kind="rankers", state="ready")
        batches.give_up(session, [photo_id], "The release is gone.")
    assert api.get(batch).json()["counts"]["failed"] == 1
    answer = api.post(f"{batch}/retry").json()
    assert (answer["counts"]["failed"], answer["jobs"]) == (0, 1)
    with sessions.begin() as session:
        assert session.scalars(select(Upload.reason)).all() == [None]


@pytest.mark.parametrize("changed", [{"title": ""}, {"licence": None}, {"unknown": 1}])
def test_what_a_batch_needs(api: TestClient, changed: dict[str, object]) -> None:
    answer = api.post("/api/admin/batches", json=NEW | changed)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")
