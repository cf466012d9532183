"""The map to take away over HTTP; the file itself is tested beside app/exports."""

import json
import shutil
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.exports import map as map_export
from app.main import create_app
from app.settings import Settings

LEAFLET = Path(__file__).parents[2] / "node_modules" / "leaflet" / "dist"


@pytest.fixture
def exporting(settings: Settings, city_engine: Engine, tmp_path: Path) -> FastAPI:
    """An app that has Leaflet as npm has it."""
    if not LEAFLET.is_dir():
        pytest.skip("needs the npm packages: run `make setup`")
    for name in ("leaflet.js", "leaflet.css"):
        shutil.copy(LEAFLET / name, tmp_path)
    names = {"leaflet.js": "leaflet.js", "leaflet.css": "leaflet.css"}
    (tmp_path / "manifest.json").write_text(json.dumps(names))
    app = create_app(settings, city_engine)
    app.state.built.folder = tmp_path
    return app


def test_made_once_a_version_and_language(
    exporting: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(exporting)
    first = client.get("/exports/map.html")
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    english = client.get("/exports/map.html?lang=en")
    assert "Looks safe" in english.text
    other = client.get("/exports/map.html?release=other")
    assert other.headers["etag"] != first.headers["etag"] != english.headers["etag"]

    def again(*_: object) -> str:
        raise AssertionError("made again")

    monkeypatch.setattr(map_export, "html", again)
    assert client.get("/exports/map.html").text == first.text
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get("/exports/map.html", headers=tag).status_code == 304


def test_its_scripts_have_no_origin_and_no_network(exporting: FastAPI) -> None:
    """Names in it are other people's words; beside the admin's cookie they must not run."""
    policy = TestClient(exporting).get("/exports/map.html").headers["content-security-policy"]
    parts = [part.strip() for part in policy.split(";")]
    assert "default-src 'none'" in parts
    assert "sandbox allow-scripts" in parts
    assert "img-src data:" in parts
    assert not any(part.startswith("connect-src") for part in parts)


def test_nothing_to_draw_yet(empty: Engine, settings: Settings) -> None:
    with TestClient(create_app(settings, empty)) as client:
        answer = client.get("/exports/map.html")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-active-release")


@pytest.mark.usefixtures("assets")
def test_leaflet_is_among_the_assets(client: TestClient) -> None:
    answer = client.get("/exports/map.html")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_overview_is_made_once_a_version_and_language(
    exporting: FastAPI, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    client = TestClient(exporting)
    first = client.get(f"/exports/overview.{kind}")
    assert first.status_code == 200
    assert first.headers["content-type"] == {"png": "image/png", "svg": "image/svg+xml"}[kind]
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get(f"/exports/overview.{kind}", headers=tag).status_code == 304
    other = client.get(f"/exports/overview.{kind}?lang=en")
    assert other.headers["etag"] != first.headers["etag"]
    assert other.content != first.content

    def again(*_: object) -> bytes:
        raise AssertionError("drawn a second time")

    monkeypatch.setattr("app.exports.overview.draw", again)
    assert client.get(f"/exports/overview.{kind}").content == first.content
