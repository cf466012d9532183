"""Figures of cells and boxes over HTTP; the counting is tested beside app/cells."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.attributes import KEYS
from app.cells import key_of
from tests.routes.conftest import SOUTH, WEST, City


def cell(client: TestClient, zoom: int) -> Any:
    """The cell of a place in area a."""
    _, x, y = key_of(WEST + 0.01, SOUTH + 0.01)
    return client.get(f"/api/cells/{zoom}/{x >> 25 - zoom}/{y >> 25 - zoom}").json()


def test_a_cell_that_holds_the_city(client: TestClient, city: City) -> None:
    found = cell(client, 5)
    assert found["n"] == city.n - 1, "all but the one abroad"
    assert set(found["attributes"]) == set(KEYS)
    for key in KEYS:
        assert sum(found["histogram"][key]) == found["attributes"][key]["n"]
    west, south, east, north = found["bbox"]
    assert west <= WEST <= east
    assert south <= SOUTH <= north


def test_small_cells_have_no_histogram(client: TestClient) -> None:
    assert "histogram" in cell(client, 14)
    assert "histogram" not in cell(client, 15)


def test_a_cell_without_photos(client: TestClient) -> None:
    found = client.get("/api/cells/20/0/0").json()
    assert (found["n"], found["attributes"]) == (0, {})


def test_the_histogram_of_the_city_is_that_of_its_area(client: TestClient) -> None:
    found = client.get("/api/histogram").json()
    assert found["bbox"] is None
    assert found["attributes"] == client.get("/api/areas/city/city").json()["histogram"]


def test_a_histogram_of_a_box_says_what_it_counted(client: TestClient, city: City) -> None:
    found = client.get(f"/api/histogram?bbox={WEST},{SOUTH},{WEST + 0.2},{SOUTH + 0.05}").json()
    assert found["n"] == city.n - 1
    west, south, east, north = found["bbox"]
    assert west <= WEST < WEST + 0.2 <= east
    assert south <= SOUTH < SOUTH + 0.05 <= north


@pytest.mark.parametrize("path", ["/api/histogram", "/api/cells/5/0/0"])
def test_another_release_on_request(client: TestClient, path: str) -> None:
    assert client.get(f"{path}?release=other").status_code == 200
