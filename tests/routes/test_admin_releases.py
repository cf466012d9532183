"""Releases by the API, and their pages."""

import json
import re
import threading
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from app import accounts, queue, releases, scores, totals
from app.db import SessionFactory
from app.images import derive
from app.photos.files import PhotoFiles
from app.tables import Release
from tests.builders import flat, make_layer, make_photo, make_release, square, write_scores
from tests.routes.conftest import OURS, browser_of, picture, sign_in
from tests.test_releases import write_release

API = "/api/admin/releases"


@pytest.fixture
def script(access_app: FastAPI, sessions: SessionFactory, password: str) -> Iterator[TestClient]:
    """With a token that may do everything."""
    with sessions.begin() as session:
        token = accounts.create_token(session, "rosa", "all", "admin", None)
    with browser_of(access_app) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def two(sessions: SessionFactory) -> list[int]:
    """`old` is shown, `new` is ready and turns the order of four photos round; their ids."""
    with sessions.begin() as session:
        make_layer(session, "comuna", {"a": square(-70.7, -33.5, 0.2)})
        ids = [make_photo(session, -70.6, -33.4).id for _ in range(4)]
        old, new = (make_release(session, name, kind="rankers") for name in ("old", "new"))
        releases.activate(session, "old", allow_missing=True)
        write_scores(session, old, {i: flat(100 * n) for n, i in enumerate(ids)})
        write_scores(session, new, {i: flat(1000 - 100 * n) for n, i in enumerate(ids)})
        totals.publish(session)
    return ids


def state_of(answer: Any) -> tuple[str, str, bool]:
    assert answer.status_code in (200, 201), answer.text
    body = answer.json()
    return body["name"], body["state"], body["active"]


def test_a_release_through_its_life(
    script: TestClient, sessions: SessionFactory, tmp_path: Path
) -> None:
    with sessions.begin() as session:
        ids = [make_photo(session, -70.6, -33.4).id for _ in range(3)]
    assert script.get(API).json() == {
        "active": None,
        "way_back": None,
        "releases": [],
        "folders": [],
        "trained_dir": str(tmp_path / "trained"),
    }
    for name in ("first", "second"):
        write_release(tmp_path / "trained" / f"from {name}", name)
    assert [each["name"] for each in script.get(API).json()["folders"]] == ["first", "second"]
    made = script.post(API, json={"folder": "from first"})
    assert made.status_code == 201
    assert state_of(made) == ("first", "registered", False)
    assert made.json()["metrics"] == {"safety": {"accuracy": 0.65}}
    assert (made.json()["licence"], made.json()["demo"]) == ("CC BY 4.0", True)
    assert made.json()["counts"]["missing"] == 3
    assert state_of(script.post(API, json={"folder": "from first"})) == state_of(made)
    assert [each["name"] for each in script.get(API).json()["folders"]] == ["second"]

    early = script.post(f"{API}/first/activate", json={"allow_missing": True})
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    begun = script.post(f"{API}/first/score", json={})
    assert state_of(begun) == ("first", "scoring", False)
    assert begun.json()["first_pass"] == {"done": 0, "of": 3}
    assert begun.json()["counts"]["queued"] == 3

    with sessions.begin() as session:
        release = session.get_one(Release, releases.get(session, "first").id)
        session.execute(text("DELETE FROM procrastinate_jobs"))
        write_scores(session, release, {i: flat(500) for i in ids[:2]})
        totals.publish(session)
        release.state = "ready"
    refused = script.post(f"{API}/first/activate", json={})
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["missing"]) == ("scores-missing", 1)
    assert script.get(API).json()["active"] is None
    shown = script.post(f"{API}/first/activate", json={"allow_missing": True})
    assert state_of(shown) == ("first", "ready", True)
    kept = script.delete(f"{API}/first")
    assert (kept.status_code, kept.json()["code"]) == (409, "conflict")
    assert (tmp_path / "releases" / "first").is_dir()

    make_ready(script, sessions, "second")
    other = script.post(f"{API}/second/activate", json={"allow_missing": True})
    assert state_of(other) == ("second", "ready", True)
    assert script.get(API).json()["way_back"] == "first"
    back = script.post(f"{API}/roll-back", json={"allow_missing": True})
    assert state_of(back) == ("first", "ready", True)
    nowhere = script.post(f"{API}/roll-back", json={"allow_missing": True})
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "conflict")
    assert script.delete(f"{API}/second").status_code == 204
    assert script.delete(f"{API}/second").status_code == 404
    assert not (tmp_path / "releases" / "second").exists()
    assert [each["name"] for each in script.get(API).json()["folders"]] == ["second"]


def make_ready(script: TestClient, sessions: SessionFactory, name: str) -> None:
    script.post(API, json={"folder": f"from {name}"})
    with sessions.begin() as session:
        session.execute(text("UPDATE release SET state = 'ready' WHERE name = :n"), {"n": name})


def test_what_was_given_up_is_queued_again(
    script: TestClient, sessions: SessionFactory, two: list[int]
) -> None:
    with sessions.begin() as session:
        late = make_photo(session, -70.6, -33.4).id
        new = releases.get(session, "new")
        scores.keep_scale(session, new.id, {late: flat(1)})
        queue.defer_scoring(session, new.id, [late])
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
    before = script.get(f"{API}/new").json()["counts"]
    assert (before["missing"], before["queued"], before["failed"]) == (1, 0, 1)
    after = script.post(f"{API}/new/score", json={}).json()["counts"]
    assert (after["missing"], after["queued"], after["failed"]) == (1, 1, 0)


@pytest.mark.parametrize(
    "folder", ["..", "../secret", "/etc", "a/b", ".hidden", "", "link", "a\\..\\b", "x" * 200]
)
def test_only_folders_of_the_one_place_are_registered(
    script: TestClient, tmp_path: Path, folder: str
) -> None:
    write_release(tmp_path / "secret", "secret")
    (tmp_path / "trained").mkdir()
    (tmp_path / "trained" / "link").symlink_to(tmp_path / "secret")
    answer = script.post(API, json={"folder": folder})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")
    assert script.get(API).json()["releases"] == []


def test_a_folder_that_is_no_good_release_is_said_to_be(script: TestClient, tmp_path: Path) -> None:
    folder = write_release(tmp_path / "trained" / "broken", "broken")
    (folder / "splits.csv").write_text("other")
    newer = write_release(tmp_path / "trained" / "newer", "newer")
    manifest = json.loads((newer / "release.json").read_text())
    (newer / "release.json").write_text(json.dumps({**manifest, "format": "mirada-release/9"}))
    (tmp_path / "trained" / "empty").mkdir()
    folders = {each["folder"]: each["problem"] for each in script.get(API).json()["folders"]}
    assert folders["broken"] is None
    assert "Update Mirada" in folders["newer"]
    assert "empty" not in folders
    for name in ("broken", "newer", "empty", "nothing"):
        answer = script.post(API, json={"folder": name})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-release"), name


def test_a_comparison_with_the_active_release_or_another(
    script: TestClient, two: list[int], sessions: SessionFactory
) -> None:
    found = script.get(f"{API}/new/comparison?photos=2").json()
    assert (found["release"], found["other"], found["n"]) == ("new", "old", 4)
    assert found["attributes"]["safety"]["rank_correlation"] == -1
    assert [photo["id"] for photo in found["photos"]["lively"]] == two[:2]
    assert [layer["key"] for layer in found["layers"]] == ["comuna"]
    turned = script.get(f"{API}/old/comparison?other=new&photos=0").json()
    assert (turned["release"], turned["other"]) == ("old", "new")
    assert turned["photos"]["safety"] == []
    same = script.get(f"{API}/old/comparison")
    assert (same.status_code, same.json()["code"]) == (422, "bad-request")
    assert script.get(f"{API}/none/comparison").status_code == 404
    assert script.get(f"{API}/new/comparison?photos=25").status_code == 422


def events(script: TestClient, name: str) -> list[dict[str, Any]]:
    """All of one stream, to its end."""
    with script.stream("GET", f"{API}/{name}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = list(answer.iter_lines())
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_progress_comes_as_events_as_it_changes_until_all_is_done(
    script: TestClient,
    sessions: SessionFactory,
    two: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (progress,) = events(script, "new")
    assert (progress["name"], progress["state"]) == ("new", "ready")
    assert progress["counts"]["scored"] == 4
    assert script.get(f"{API}/none/events").status_code == 404

    monkeypatch.setattr("app.routes.admin_releases.EVENT_EVERY_S", 0.05)
    with sessions.begin() as session:
        late = make_photo(session, -70.6, -33.4).id
        releases.get(session, "new").state = "scoring"

    def work() -> None:
        with sessions.begin() as session:
            release = releases.get(session, "new")
            write_scores(session, release, {late: flat(1)})
            totals.publish(session, release.id)
        time.sleep(1.5)
        with sessions.begin() as session:
            releases.get(session, "new").state = "ready"

    worker = threading.Timer(1.5, work)
    worker.start()
    seen = [(each["state"], each["counts"]["scored"]) for each in events(script, "new")]
    worker.join()
    # What is published, queued and at work changes beside these, at moments of its own.
    assert [each for each, _ in groupby(seen)] == [("scoring", 4), ("scoring", 5), ("ready", 5)]


def test_thumbnails_of_photos_that_are_not_public_are_for_admins(
    script: TestClient, sessions: SessionFactory, tmp_path: Path
) -> None:
    key = PhotoFiles(tmp_path / "photos").write(picture(), derive(picture()))
    with sessions.begin() as session:
        photo = make_photo(session, -70.6, -33.4, storage_key=key, images_public=False).id
        bare = make_photo(session, -70.6, -33.4, image=False).id
        lost = make_photo(session, -70.6, -33.4).id
    answer = script.get(f"/api/admin/photos/{photo}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"].startswith("private")
    assert script.get(f"/photos/{photo}/thumbnail").status_code == 404
    for other in (bare, lost, 10**9):
        assert script.get(f"/api/admin/photos/{other}/thumbnail").status_code == 404


def test_the_pages_hold_what_their_script_draws(
    browser: TestClient, password: str, two: list[int]
) -> None:
    sign_in(browser, password)
    browser.headers.update(OURS)
    page = browser.get("/admin/releases")
    assert page.headers["cache-control"] == "no-store"
    data = page_data(page.text)
    assert (data["kind"], data["list"]["active"]) == ("releases", "old")
    page = browser.get("/admin/releases/new?lang=en")
    data = page_data(page.text)
    assert (data["release"]["name"], data["active"], data["others"]) == ("new", "old", ["old"])
    assert "<h1" in page.text
    assert browser.get("/admin/releases/none").status_code == 404


def page_data(html: str) -> dict[str, Any]:
    found = re.search(r'id="page-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_description_of_the_api_has_an_example_of_each_answer(access_app: FastAPI) -> None:
    described = access_app.openapi()
    paths = [path for path in described["paths"] if path.startswith(API)]
    assert len(paths) == 7
    refused = described["paths"][f"{API}/{{name}}/activate"]["post"]["responses"]["409"]
    assert refused["content"]["application/problem+json"]["example"]["missing"] == 126
