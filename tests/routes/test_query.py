"""Figures of drawn shapes over HTTP; how they come about is tested beside app/zones."""

import json
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from app.errors import Busy
from app.routes import query
from tests.routes.conftest import SIDE_DEG, SOUTH, WEST, City

AREA_A: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [
        [
            [WEST, SOUTH],
            [WEST + SIDE_DEG, SOUTH],
            [WEST + SIDE_DEG, SOUTH + SIDE_DEG],
            [WEST, SOUTH + SIDE_DEG],
            [WEST, SOUTH],
        ]
    ],
}
CIRCLE: dict[str, Any] = {"type": "Circle", "center": [WEST + 0.025, SOUTH + 0.025]}


def test_the_outline_of_an_area_has_its_figures(client: TestClient, city: City) -> None:
    area = client.get("/api/areas/comuna/a").json()
    found = client.post("/api/query", json=AREA_A).json()
    for name in ("n", "shown", "reason", "bbox", "histogram", "city", "release"):
        assert found[name] == area[name], name
    for figures in area["attributes"].values():
        figures["rank"] = figures["of"] = None
    assert found["attributes"] == area["attributes"]
    assert found["floor"] == {"photos": 20, "cells": 5}
    assert found["area_km2"] == pytest.approx(4.65 * 5.55, rel=0.01)


def test_a_circle_over_two_areas(client: TestClient, city: City) -> None:
    found = client.post("/api/query", json={**CIRCLE, "radius_m": 5000}).json()
    assert found["n"] == len(city.photos["a"]) + len(city.photos["b"])
    assert found["area_km2"] == pytest.approx(78.54, rel=1e-3)


def test_photos_of_a_shape(client: TestClient) -> None:
    of_area = "/api/photos?layer=comuna&area=a&limit=2&attribute=lively&order="
    found = client.post("/api/query/photos?attribute=lively&limit=2", json=AREA_A).json()
    for order in ("most", "typical", "least"):
        assert found[order] == client.get(of_area + order).json()["photos"], order


def test_another_release_on_request(client: TestClient) -> None:
    found = client.post("/api/query?release=other", json=AREA_A).json()
    assert (found["release"], found["n"], found["reason"]) == ("other", 1, "few-photos")
    missing = client.post("/api/query?release=none", json=AREA_A)
    assert (missing.status_code, missing.json()["code"]) == (404, "release-not-found")


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "bad-request", "Polygon"),
        ({"type": "Circle", "center": [0, 0]}, "bad-request", "radius_m"),
        ({"type": "Circle", "center": [0], "radius_m": 50}, "bad-request", "center"),
        ({"type": "Polygon", "coordinates": []}, "bad-request", "coordinates"),
        ({"type": "Polygon", "coordinates": [[["a", 0]] * 4]}, "bad-request", "coordinates"),
        ({**CIRCLE, "radius_m": 1}, "bad-shape", "10 to 100000 m"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            "bad-shape",
            "Self-intersection[0.5 0.5]",
        ),
    ],
)
def test_what_is_no_shape(client: TestClient, body: Any, code: str, said: str) -> None:
    answer = client.post("/api/query", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none(client: TestClient, number: str) -> None:
    body = f'{{"type": "Circle", "center": [{number}, 0], "radius_m": 100}}'
    answer = client.post("/api/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_too_many_photos_along_the_border(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_READ", 3)
    answer = client.post("/api/query", json={**CIRCLE, "radius_m": 900})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "too-large")
    assert problem["photos"] > 3
    assert problem["limit"] == 3
    assert str(problem["photos"]) in problem["detail"]


def test_a_body_that_no_shape_needs(client: TestClient) -> None:
    body = json.dumps(AREA_A).encode() + b" " * query.MAX_BODY_BYTES
    answer = client.post("/api/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "WAIT_S", 0.05)

    async def crowd() -> None:
        places = query.Places()
        async with places.one(), places.one():
            with pytest.raises(Busy):
                async with places.one():
                    raise AssertionError("a third one got in")
        async with places.one():
            pass

    anyio.run(crowd)
