"""Photos over HTTP; the searching itself is tested beside app/photos."""

import io
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from PIL import Image
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app import totals
from app.attributes import KEYS
from app.db import session_factory
from app.photos.files import PhotoFiles
from app.routes import query
from app.tables import Photo, Release
from tests.builders import flat, make_photo, make_release, write_scores
from tests.routes.conftest import SIDE_DEG, SOUTH, WEST, City, Serve
from tests.words import circle, polygon


def get(client: TestClient, path: str, **parameters: Any) -> Any:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pages_lead_through_the_whole_list(client: TestClient, city: City) -> None:
    found: list[dict[str, Any]] = []
    page = get(client, "/api/photos", attribute="lively", order="most", limit=10)
    while True:
        found += page["photos"]
        if page["next"] is None:
            break
        page = get(
            client, "/api/photos", attribute="lively", order="most", limit=10, cursor=page["next"]
        )
    scores = [photo["scores"]["lively"] for photo in found]
    assert scores == sorted(scores, reverse=True)
    assert len({photo["id"] for photo in found}) == len(found) == page["total"] == city.n - 5


def test_the_best_for_boring_are_the_least_boring(client: TestClient) -> None:
    best, least = (
        get(client, "/api/photos", attribute="boring", order=o) for o in ("best", "least")
    )
    assert best["photos"] == least["photos"]
    assert best["photos"][0]["scores"]["boring"] <= best["photos"][-1]["scores"]["boring"]


def test_every_filter_arrives(client: TestClient, city: City) -> None:
    in_area = get(client, "/api/photos", layer="comuna", area="b", limit=200)
    assert {photo["id"] for photo in in_area["photos"]} == set(city.photos["b"])
    box = f"{WEST},{SOUTH},{WEST + 0.049},{SOUTH + 0.05}"
    in_box = get(client, "/api/photos", bbox=box, limit=200)
    assert {photo["id"] for photo in in_box["photos"]} == set(city.photos["a"])
    bounded = get(client, "/api/photos", min=2.5, max=6.5, limit=200)
    assert all(2.5 <= photo["scores"]["safety"] <= 6.5 for photo in bounded["photos"])
    assert 0 < bounded["total"] < city.n
    ranged = get(client, "/api/photos", only="safety:2.5-6.5", limit=200)
    assert all(2.5 <= photo["scores"]["safety"] < 6.5 for photo in ranged["photos"])
    assert 0 < ranged["total"] <= bounded["total"]
    assert get(client, "/api/photos", batch=2**40)["total"] == 0
    assert get(client, "/api/photos", **{"from": "2100-01-01", "to": "2100-01-02"})["total"] == 0
    first = bounded["photos"][0]
    near = f"{first['lon']},{first['lat']}"
    corners = ((0, 0), (SIDE_DEG, 0), (SIDE_DEG, SIDE_DEG), (0, SIDE_DEG))
    zone = polygon(*((WEST + x, SOUTH + y) for x, y in corners))
    in_zone = get(client, "/api/photos", zone=zone, limit=200)
    assert {photo["id"] for photo in in_zone["photos"]} == set(city.photos["a"])
    nearest = get(client, "/api/photos", near=near, order="nearest", limit=1)["photos"]
    assert (nearest[0]["lon"], nearest[0]["lat"]) == (first["lon"], first["lat"])
    whole = [photo["id"] for photo in get(client, "/api/photos", limit=200)["photos"]]
    entered = get(client, "/api/photos", skip=7, limit=3)["photos"]
    assert [photo["id"] for photo in entered] == whole[7:10]
    shuffled = (get(client, "/api/photos", order="random", seed=n, limit=9) for n in (1, 2))
    assert len({tuple(photo["id"] for photo in page["photos"]) for page in shuffled}) == 2
    other = get(client, "/api/photos", release="other")
    assert [photo["scores"] for photo in other["photos"]] == [{"safety": 10.0}]


@pytest.mark.parametrize(
    "asked",
    [
        "order=nearest",
        "skip=200001",
        "only=safe:1-2",
        "near=1",
        "from=x",
        "from=2024-02-02&to=2024-01-01",
    ],
)
@pytest.mark.parametrize("path", ["/api/photos", "/api/photos/sample"])
def test_what_a_list_cannot_answer_is_refused(client: TestClient, path: str, asked: str) -> None:
    if path.endswith("sample") and asked.startswith(("order", "skip")):
        return
    answer = client.get(f"{path}?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")


def test_the_example_of_a_drawn_shape_is_one(client: TestClient, app: FastAPI) -> None:
    parameters = app.openapi()["paths"]["/api/photos"]["get"]["parameters"]
    (zone,) = (each for each in parameters if each["name"] == "zone")
    (example,) = zone["schema"]["examples"]
    assert example == circle(-70.65, -33.44, 1500)
    assert client.get("/api/photos", params={"zone": example}).status_code == 200


@pytest.mark.parametrize("path", ["/api/photos", "/api/photos/sample"])
def test_a_drawn_shape_has_the_errors_of_a_query(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.get(path, params={"zone": "cpmi"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-shape")
    crossed = polygon((0, 0), (1, 1), (1, 0), (0, 1))
    answer = client.get(path, params={"zone": crossed})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-shape")
    assert "Self-intersection" in answer.json()["detail"]
    zone = circle(WEST + 0.025, SOUTH + 0.025, 900)
    monkeypatch.setattr("app.photos.zone.MOST_PHOTOS_READ", 3)
    answer = client.get(path, params={"zone": zone})
    assert (answer.status_code, answer.json()["code"]) == (422, "too-large")
    assert answer.json()["photos"] > 3


def test_lists_of_drawn_shapes_share_the_places_of_queries(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that finds none free says so; one that has been answered leaves its own."""
    asked = {"zone": circle(WEST + 0.025, SOUTH + 0.025, 900)}
    paths = ["/api/photos", "/api/photos/sample"]
    for path in paths * (query.AT_ONCE + 1):
        assert client.get(path, params=asked).status_code == 200
    monkeypatch.setattr(query, "AT_ONCE", 0)
    monkeypatch.setattr(app.state, "query_places", query.Places())
    monkeypatch.setattr(query, "WAIT_S", 0.05)
    for path in paths:
        answer = client.get(path, params=asked)
        assert (answer.status_code, answer.json()["code"]) == (429, "busy")
        assert client.get(path).status_code == 200


def test_a_cursor_of_a_version_is_good_for_the_next(empty: Engine, serve: Serve) -> None:
    client = serve(empty)
    with session_factory(empty).begin() as session:
        release = make_release(session, "r", active=True)
        photos = [make_photo(session, WEST, SOUTH) for _ in range(4)]
        write_scores(session, release, {p.id: flat(100 * i) for i, p in enumerate(photos)})
        totals.publish(session)
        ids = [photo.id for photo in photos]
    first = get(client, "/api/photos", order="least", limit=2)
    with session_factory(empty).begin() as session:
        late = make_photo(session, WEST, SOUTH)
        write_scores(session, session.get_one(Release, 1), {late.id: flat(0)})
        totals.publish(session)
    second = get(client, "/api/photos", order="least", limit=2, cursor=first["next"])
    assert [p["id"] for p in first["photos"] + second["photos"]] == ids


def test_one_photo_with_all_that_belongs_to_it(client: TestClient, city: City) -> None:
    photo = get(client, f"/api/photos/{city.with_image}")
    assert photo["areas"]["comuna"]["code"] == "a"
    assert photo["image"] == f"/photos/{city.with_image}/image"
    assert set(photo["raw"]) == set(photo["scores"]) == set(KEYS)
    other = get(client, f"/api/photos/{city.with_image}", release="other")
    assert other["scores"] == {"safety": 10.0}


def test_a_photo_abroad_is_in_no_area(client: TestClient, city: City) -> None:
    assert get(client, f"/api/photos/{city.abroad}")["areas"] == {}


@pytest.mark.parametrize(("what", "size"), [("image", (640, 480)), ("thumbnail", (320, 240))])
def test_the_files_of_a_photo(
    client: TestClient, city: City, what: str, size: tuple[int, int]
) -> None:
    address = get(client, f"/api/photos/{city.with_image}")[what]
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert Image.open(io.BytesIO(answer.content)).size == size
    again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_no_address_leads_to_an_original(client: TestClient, city: City) -> None:
    for what in ("original", "..%2Foriginal"):
        assert client.get(f"/photos/{city.with_image}/{what}").status_code == 404


@pytest.mark.parametrize("what", ["image", "thumbnail"])
def test_a_place_has_no_image(client: TestClient, city: City, what: str) -> None:
    answer = client.get(f"/photos/{city.photos['c'][0]}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "photo-not-found")


def test_an_image_that_may_not_be_shown_is_not(
    empty: Engine, serve: Serve, city: City, city_engine: Engine
) -> None:
    with session_factory(city_engine).begin() as session:
        key = session.get_one(Photo, city.with_image).storage_key
    with session_factory(empty).begin() as session:
        photo = make_photo(session, WEST, SOUTH, storage_key=key, images_public=False)
        photo_id = photo.id
    client = serve(empty)
    assert client.get(f"/photos/{photo_id}/image").status_code == 404
    with session_factory(empty).begin() as session:
        session.get_one(Photo, photo_id).images_public = True
    assert client.get(f"/photos/{photo_id}/image").status_code == 200


def test_a_file_that_is_gone_is_said_to_be(
    app: FastAPI, client: TestClient, city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state, "files", PhotoFiles(tmp_path), raising=False)
    answer = client.get(f"/photos/{city.with_image}/image")
    assert answer.status_code == 404
    assert "MIRADA_DATA_DIR" in answer.json()["detail"]


def test_a_sample_is_asked_for_once_a_version(client: TestClient, city: City) -> None:
    answer = client.get("/api/photos/sample?n=20")
    drawn = answer.json()
    assert (drawn["n"], drawn["total"], len(drawn["id"])) == (20, city.n, 20)
    assert get(client, "/api/photos/sample", n=7)["id"] == drawn["id"][:7]
    assert get(client, "/api/photos/sample", n=20, seed=1)["id"] != drawn["id"]
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/api/photos/sample?n=20", headers=tag).status_code == 304
    for changed in (
        "n=21",
        "n=20&seed=1",
        "n=20&release=other",
        "n=20&bbox=-71,-34,-70,-33",
        "n=20&only=safety:2-8",
    ):
        assert client.get(f"/api/photos/sample?{changed}", headers=tag).status_code == 200
