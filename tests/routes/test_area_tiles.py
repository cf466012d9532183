"""Tiles of large layers over HTTP: the rules of the other tiles, with a layer's own version."""

import mapbox_vector_tile
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app import areas, totals
from app.areas import AreaRow
from app.areas.bands import TILED_AREAS
from app.db import session_factory
from app.tables import Layer
from tests.builders import make_release, square
from tests.routes.conftest import Serve
from tests.routes.test_shapes import schema_of

IMMUTABLE = "public, max-age=31536000, immutable"
SIDE = 27


@pytest.fixture
def zoned(empty: Engine) -> Engine:
    """27 · 27 squares in layer `zone`, a small layer beside it, and a release without photos."""
    with session_factory(empty).begin() as session:
        make_release(session, "r", active=True)
        load(session)
        small = Layer(key="comuna", label_es="Comunas", label_en="Communes")
        totals.load_layer(session, small, [AreaRow("a", "A", square(-71, -34, 1))])
    return empty


def load(session: Session) -> None:
    layer = Layer(key="zone", label_es="Zonas", label_en="Zones", source="a census", licence="CC0")
    rows = [
        AreaRow(f"{i:04d}", f"Z {i}", square(-71 + i % SIDE * 0.02, -34 + i // SIDE * 0.02, 0.02))
        for i in range(SIDE * SIDE)
    ]
    assert len(rows) > TILED_AREAS
    totals.load_layer(session, layer, rows)


@pytest.fixture
def site(zoned: Engine, serve: Serve) -> TestClient:
    return serve(zoned)


def template_of(client: TestClient, key: str = "zone") -> str | None:
    layers = {layer["key"]: layer for layer in client.get("/api/layers").json()}
    found: str | None = layers[key]["tiles"]
    return found


def world(client: TestClient) -> str:
    template = template_of(client)
    assert template is not None
    return template.format(z=7, x=38, y=76)


def ids_in(content: bytes) -> set[int]:
    return {each["id"] for each in mapbox_vector_tile.decode(content)["areas"]["features"]}


def test_only_a_large_layer_has_tiles(site: TestClient) -> None:
    assert template_of(site) is not None
    assert template_of(site, "comuna") is None
    for path in ("/tiles/areas/comuna.json", "/tiles/areas/comuna-1/0/0/0.mvt"):
        answer = site.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "tile-not-found")
        assert "/api/areas/comuna.geojson" in answer.json()["detail"]


def test_each_area_is_a_polygon_with_the_id_of_its_figures(site: TestClient) -> None:
    listed = site.get("/api/areas/zone").json()["areas"]
    assert len({area["id"] for area in listed}) == SIDE * SIDE
    answer = site.get(world(site))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert ids_in(answer.content) == {area["id"] for area in listed}
    detail = site.get("/api/areas/zone/0003").json()
    assert detail["id"] == next(area["id"] for area in listed if area["code"] == "0003")


def test_the_current_version_is_immutable(site: TestClient) -> None:
    answer = site.get(world(site))
    assert answer.headers["cache-control"] == IMMUTABLE
    assert answer.headers["content-encoding"] == "gzip"
    again = site.get(world(site), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    plain = site.get(world(site), headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    assert plain.headers["etag"] != answer.headers["etag"]
    nothing = site.get((template_of(site) or "").format(z=7, x=0, y=0))
    assert (nothing.status_code, nothing.headers["cache-control"]) == (204, IMMUTABLE)


def test_a_layer_that_is_loaded_anew_is_another_version(zoned: Engine, site: TestClient) -> None:
    site.app.state.tiles.current_for_s = 0  # type: ignore[attr-defined]
    before, older = template_of(site), site.get(world(site)).content
    with session_factory(zoned).begin() as session:
        totals.drop_layer(session, "zone")
        load(session)
    assert template_of(site) != before
    current = site.get(world(site))
    assert current.headers["cache-control"] == IMMUTABLE
    assert ids_in(current.content).isdisjoint(ids_in(older))
    late = site.get((before or "").format(z=7, x=38, y=76))
    assert late.headers["cache-control"] == "no-store"
    assert late.content == current.content


@pytest.mark.parametrize(
    "path",
    [
        "zone-99999999999999/0/0/0",
        "zone/0/0/0",
        "nowhere-1/0/0/0",
        "zone-1/21/0/0",
        "zone-1/3/8/0",
        "zone-1/1/x/0",
        "zone-1/1/0.5/0",
    ],
)
def test_what_is_no_tile_is_never_cached(site: TestClient, path: str) -> None:
    answer = site.get(f"/tiles/areas/{path}.mvt")
    assert answer.status_code == 404
    assert answer.json()["code"] == "tile-not-found"
    assert answer.headers["cache-control"] == "no-store"


def test_a_tile_is_drawn_once(site: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = site.get(world(site))
    monkeypatch.setattr(areas, "tile", None)
    assert site.get(world(site)).content == drawn.content
    figures = site.get("/metrics").text
    assert 'mirada_tiles_total{outcome="hit"} 1.0' in figures
    assert 'mirada_tiles_total{outcome="drawn"} 1.0' in figures


def test_tilejson(site: TestClient) -> None:
    answer = site.get("/tiles/areas/zone.json")
    assert answer.headers["cache-control"] == "no-cache"
    described = answer.json()
    assert described["tilejson"] == "3.0.0"
    assert described["tiles"] == [f"http://testserver{template_of(site)}"]
    assert [layer["id"] for layer in described["vector_layers"]] == ["areas"]
    assert described["attribution"] == "a census, CC0"
    west, south, east, north = described["bounds"]
    assert (west, south) == (-71, -34)
    assert (east, north) == pytest.approx((-71 + SIDE * 0.02, -34 + SIDE * 0.02))
    again = site.get("/tiles/areas/zone.json", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    schema = schema_of(site.get("/openapi.json").json(), "/tiles/areas/{layer}.json")
    Draft202012Validator(schema).validate(described)
    unknown = site.get("/tiles/areas/nowhere.json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "layer-not-found")


def test_the_page_learns_where_the_tiles_are(site: TestClient) -> None:
    assert "/tiles/areas/zone-" in site.get("/").text


def test_outlines_as_one_file_are_there_too(site: TestClient) -> None:
    features = site.get("/api/areas/zone.geojson").json()["features"]
    assert len(features) == SIDE * SIDE


def test_the_whole_of_a_version_is_of_one_moment(zoned: Engine, site: TestClient) -> None:
    """A layer that goes takes its tiles with it."""
    site.app.state.tiles.current_for_s = 0  # type: ignore[attr-defined]
    address = world(site)
    assert site.get(address).status_code == 200
    with session_factory(zoned).begin() as session:
        totals.drop_layer(session, "zone")
        assert session.scalar(text("SELECT count(*) FROM area_outline")) == 0
    assert site.get(address).status_code == 404
