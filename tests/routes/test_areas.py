"""Figures of areas over HTTP; how they come about is tested beside app/areas."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app import areas
from app.attributes import KEYS
from app.routes import caching
from tests.routes.conftest import NASTY, City


def by_code(client: TestClient, layer: str = "comuna") -> dict[str, Any]:
    return {area["code"]: area for area in client.get(f"/api/areas/{layer}").json()["areas"]}


def test_layers_with_the_city_last(client: TestClient) -> None:
    assert client.get("/api/layers").json() == [
        {
            "key": "comuna",
            "label": {"es": "Comunas", "en": "Communes"},
            "areas": 4,
            "source": "a test",
            "licence": "CC0",
            "city": False,
            "tiles": None,
        },
        {
            "key": "city",
            "label": {"es": "Ciudad", "en": "City"},
            "areas": 1,
            "source": "a test",
            "licence": "CC0",
            "city": True,
            "tiles": None,
        },
    ]


def test_areas_say_why_they_are_not_shown(client: TestClient, city: City) -> None:
    listed = by_code(client)
    assert {code: area["reason"] for code, area in listed.items()} == {
        "a": None,
        "b": "few-cells",
        "c": "few-photos",
        "d": "no-photos",
    }
    assert {code: area["n"] for code, area in listed.items()} == {
        **{code: len(ids) for code, ids in city.photos.items()},
        "d": 0,
    }
    assert listed["a"]["name"] == NASTY
    assert listed["d"]["attributes"] == {}


def test_numbers_are_rounded_for_people(client: TestClient) -> None:
    for area in by_code(client).values():
        for figures in area["attributes"].values():
            low, high = figures["ci95"] or (0, 10)
            assert 0 <= low <= figures["mean"] <= high <= 10
            for value, decimals in ((figures["mean"], 2), (low, 2), (figures["se"] or 0, 3)):
                assert round(value, decimals) == value
    shown = by_code(client)["a"]["attributes"]
    assert set(shown) == set(KEYS)
    assert shown["safety"]["rank"] == shown["safety"]["of"] == 1
    assert by_code(client)["b"]["attributes"]["safety"]["rank"] is None


def test_figures_are_worked_out_once_a_version(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.state.kept_areas = caching.Kept()
    first = client.get("/api/areas/comuna")
    other = client.get("/api/areas/comuna?release=other")
    assert first.headers["content-encoding"] == "gzip"
    monkeypatch.setattr(areas, "figures", None)
    plain = client.get("/api/areas/comuna", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json() != other.json()
    again = client.get("/api/areas/comuna", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_one_area_beside_the_city(client: TestClient) -> None:
    detail = client.get("/api/areas/comuna/a").json()
    assert {key: detail[key] for key in by_code(client)["a"]} == by_code(client)["a"]
    for key in KEYS:
        assert sum(detail["histogram"][key]) == detail["attributes"][key]["n"]
    assert detail["city"] == by_code(client, "city")["city"]
    assert detail["city"]["attributes"]["safety"]["rank"] is None


def test_outlines_are_kept_until_they_change(client: TestClient) -> None:
    answer = client.get("/api/areas/comuna.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    assert "max-age" in answer.headers["cache-control"]
    features = answer.json()["features"]
    assert [feature["properties"]["code"] for feature in features] == ["a", "b", "c", "d"]
    again = client.get(
        "/api/areas/comuna.geojson", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/api/areas/comuna", "/api/areas/comuna/a"])
def test_another_release_on_request(client: TestClient, path: str) -> None:
    assert client.get(path).json()["release"] == "demo-1"
    assert client.get(f"{path}?release=other").json()["release"] == "other"
