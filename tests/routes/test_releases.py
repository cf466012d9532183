"""What there is to show: releases, and the TileJSON of one."""

import mapbox_vector_tile
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app import cells, totals
from app.db import session_factory
from app.exports import tilejson
from app.tables import Release
from tests.builders import flat, make_photo, make_release, write_scores
from tests.routes.conftest import SIDE_DEG, SOUTH, WEST, WUHAN, City, Serve


def test_releases_with_the_active_one_named(client: TestClient, city: City) -> None:
    found = client.get("/api/releases").json()
    assert found["active"] == "demo-1"
    listed = {release["name"]: release for release in found["releases"]}
    assert list(listed) == ["demo-1", "other"]
    assert (listed["demo-1"]["demo"], listed["other"]["demo"]) == (True, False)
    assert (listed["demo-1"]["photos"], listed["other"]["photos"]) == (city.n, 1)
    assert listed["demo-1"]["metrics"]["safety"]["accuracy"] == 0.71
    assert set(listed["demo-1"]["spread"]["layers"]) == {"comuna", "city"}


def test_no_release_yet(empty: Engine, serve: Serve) -> None:
    client = serve(empty)
    assert client.get("/api/releases").json() == {"active": None, "releases": []}
    assert client.get("/api/areas/comuna").json()["code"] == "no-active-release"


def test_tilejson_describes_the_tiles(client: TestClient, city: City) -> None:
    found = client.get("/tiles.json").json()
    assert found["tilejson"] == "3.0.0"
    assert found["tiles"] == ["http://testserver/tiles/demo-1-1/{z}/{x}/{y}.mvt"]
    assert (found["minzoom"], found["maxzoom"]) == (0, 20)
    assert (found["release"], found["version"], found["photos"]) == ("demo-1", 1, city.n)
    west, south, east, north = found["bounds"]
    assert west <= WEST
    assert south <= SOUTH
    assert WUHAN[0] <= east
    assert WUHAN[1] <= north
    for zoom in (found["minzoom"], found["maxzoom"]):
        address = found["tiles"][0].format(z=zoom, x=0, y=0)
        assert client.get(address).status_code in (200, 204)


def test_vector_layers_are_those_of_the_tiles(client: TestClient) -> None:
    described = {layer["id"]: layer for layer in client.get("/tiles.json").json()["vector_layers"]}
    decoded = mapbox_vector_tile.decode(client.get("/tiles/demo-1-1/0/0/0.mvt").content)
    assert set(decoded) == set(described)
    for name, layer in decoded.items():
        fields = {field for feature in layer["features"] for field in feature["properties"]}
        assert fields == set(described[name]["fields"])


def test_the_city_is_where_its_photos_are(client: TestClient) -> None:
    """Not the one abroad, and not the area without any."""
    found = client.get("/tiles.json").json()
    west, south, east, north = found["city"]["bbox"]
    slack = 0.006  # a cell of zoom 16
    assert WEST - slack < west <= WEST + 0.01
    assert WEST + 2 * SIDE_DEG < east < WEST + 3 * SIDE_DEG + slack
    assert SOUTH - slack < south < north < SOUTH + SIDE_DEG + slack
    lon, lat, zoom = found["center"]
    assert west < lon < east
    assert south < lat < north
    assert 360 / 2**zoom / 256 * tilejson.VIEW_PX >= east - west
    assert found["city"]["name"] == "Santiago"


def test_tilejson_is_asked_for_again_and_seldom_sent(empty: Engine, serve: Serve) -> None:
    client = serve(empty)
    with session_factory(empty).begin() as session:
        make_release(session, "r", active=True)
    answer = client.get("/tiles.json")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.json()["bounds"] == list(tilejson.WORLD)
    assert answer.json()["city"] is None
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/tiles.json", headers=tag).status_code == 304
    with session_factory(empty).begin() as session:
        photo = make_photo(session, WEST, SOUTH)
        write_scores(session, session.get_one(Release, 1), {photo.id: flat(700)})
        totals.publish(session)
    newer = client.get("/tiles.json", headers=tag)
    assert newer.status_code == 200
    assert (newer.json()["version"], newer.json()["photos"]) == (1, 1)


def test_what_is_slow_is_worked_out_once_a_version(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/tiles.json")

    def spread(*_: object) -> float:
        raise AssertionError("worked out again")

    monkeypatch.setattr(cells, "spread", spread)
    assert client.get("/tiles.json").status_code == 200


def test_the_address_of_the_tiles_is_that_of_who_asks(client: TestClient) -> None:
    for host in ("mirada.example", "other.example:8000"):
        found = client.get("/tiles.json", headers={"Host": host}).json()
        assert found["tiles"][0].startswith(f"http://{host}/tiles/")
