"""Each error is one of RFC 9457 with a stable code, and tells nothing that it should not."""

import logging
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from app.errors import (
    DuplicatePhoto,
    MiradaError,
    NotSignedIn,
    RejectedFile,
    TooManyAttempts,
)
from app.main import create_app
from app.routes.problems import UNKNOWN
from app.routes.sessions import SessionDep
from app.settings import Settings
from tests.routes.conftest import Serve

MEDIA_TYPE = "application/problem+json"


@pytest.fixture
def faulty(settings: Settings, city_engine: Engine) -> Iterator[tuple[FastAPI, TestClient]]:
    """An app that takes further routes, which fail."""
    app = create_app(settings, city_engine)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield app, client


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/api/nothing", 404, "not-found"),
        ("GET", "/assets/nothing.js", 404, "not-found"),
        ("POST", "/api/attributes", 405, "method-not-allowed"),
        ("GET", "/api/photos?limit=201", 422, "bad-request"),
        ("GET", "/api/photos?limit=0", 422, "bad-request"),
        ("GET", "/api/photos?attribute=pretty", 422, "bad-request"),
        ("GET", "/api/photos?order=nearest", 422, "bad-request"),
        ("GET", "/api/photos?min=nan", 422, "bad-request"),
        ("GET", "/api/photos?min=11", 422, "bad-request"),
        ("GET", "/api/photos?min=7&max=3", 422, "bad-request"),
        ("GET", "/api/photos?layer=comuna", 422, "bad-request"),
        ("GET", "/api/photos?cursor=x", 422, "bad-request"),
        ("GET", "/api/photos?bbox=1,2,3", 422, "bad-request"),
        ("GET", "/api/photos?bbox=1,2,3,x", 422, "bad-request"),
        ("GET", "/api/photos?bbox=nan,2,3,4", 422, "bad-request"),
        ("GET", "/api/photos?bbox=-33,-71,-32,-70.5,1", 422, "bad-request"),
        ("GET", "/api/photos?bbox=0,100,1,110", 422, "bad-request"),
        ("GET", "/api/photos?bbox=0,5,1,5", 422, "bad-request"),
        ("GET", "/api/photos?layer=comuna&area=zz", 404, "area-not-found"),
        ("GET", "/api/photos?layer=zz&area=a", 404, "layer-not-found"),
        ("GET", "/api/photos/sample?n=80001", 422, "bad-request"),
        ("GET", "/api/photos/x", 422, "bad-request"),
        ("GET", "/api/photos/0", 422, "bad-request"),
        ("GET", "/api/photos/99999999999999999999", 422, "bad-request"),
        ("GET", "/api/photos/123456789", 404, "photo-not-found"),
        ("GET", "/photos/123456789/image", 404, "photo-not-found"),
        ("GET", "/api/areas/zz", 404, "layer-not-found"),
        ("GET", "/api/areas/zz.geojson", 404, "layer-not-found"),
        ("GET", "/api/areas/comuna/zz", 404, "area-not-found"),
        ("GET", "/api/areas/comuna?release=zz", 404, "release-not-found"),
        ("GET", "/api/cells/4/0/0", 404, "tile-not-found"),
        ("GET", "/api/cells/10/1024/0", 404, "tile-not-found"),
        ("GET", "/api/histogram?bbox=181,0,182,1", 422, "bad-request"),
        ("GET", "/tiles.json?release=zz", 404, "release-not-found"),
        ("GET", "/exports/map.html?lang=de", 422, "bad-request"),
        ("GET", "/?release=zz", 404, "release-not-found"),
    ],
)
def test_what_cannot_be_answered(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    problem = answer.json()
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]


def test_a_wrong_method_says_which_are_right(client: TestClient) -> None:
    assert client.post("/api/attributes").headers["allow"] == "GET"


def test_a_validation_error_names_each_fault(client: TestClient) -> None:
    problem = client.get("/api/photos?limit=x&min=11").json()
    assert {fault["where"] for fault in problem["errors"]} == {"query.limit", "query.min"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DuplicatePhoto("It is there as photo 7."), 409, "duplicate-photo"),
        (NotSignedIn("Sign in first."), 401, "not-signed-in"),
        (TooManyAttempts("Wait a minute."), 429, "too-many-attempts"),
        (RejectedFile("truncated", "The file is cut off."), 422, "rejected-file"),
        (MiradaError("Something of ours."), 500, "error"),
    ],
)
def test_an_error_of_the_domain_speaks_for_itself(
    faulty: tuple[FastAPI, TestClient], error: MiradaError, status: int, code: str
) -> None:
    app, client = faulty

    @app.get("/api/fail")
    def fail() -> None:
        raise error

    problem = client.get("/api/fail").json()
    assert (problem["status"], problem["code"], problem["detail"]) == (status, code, str(error))
    assert problem.get("reason") == ("truncated" if code == "rejected-file" else None)


def test_an_unknown_error_is_logged_and_not_told(
    faulty: tuple[FastAPI, TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    app, client = faulty

    @app.get("/api/fail")
    def fail() -> None:
        raise RuntimeError("the password is 1234")

    answer = client.get("/api/fail")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": UNKNOWN,
        "code": "internal-error",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "1234" not in answer.text
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "GET /api/fail" in record.getMessage()
    assert record.exc_info is not None


def test_an_answer_that_has_begun_is_cut_off(faulty: tuple[FastAPI, TestClient]) -> None:
    """A second answer behind the first would make a broken one look whole."""
    app, _ = faulty

    def half() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("cut off")

    @app.get("/api/half")
    def stream() -> StreamingResponse:
        return StreamingResponse(half())

    with TestClient(app) as client, pytest.raises(RuntimeError, match="cut off"):
        client.get("/api/half")


def test_a_commit_that_fails_is_no_success(faulty: tuple[FastAPI, TestClient]) -> None:
    """The session commits before the answer leaves."""
    app, client = faulty

    @app.post("/api/fail")
    def fail(session: SessionDep) -> dict[str, str]:
        session.execute(text("CREATE TEMP TABLE once (x int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
        session.execute(text("INSERT INTO once VALUES (1), (1)"))
        return {"status": "saved"}

    answer = client.post("/api/fail")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")


def test_public_routes_cannot_write(client: TestClient, app: FastAPI) -> None:
    session = app.state.snapshots()
    with session, pytest.raises(Exception, match="read-only"):
        session.execute(text("CREATE TABLE intruder (x int)"))


@pytest.mark.parametrize("path", ["/", "/tiles.json", "/api/photos", "/api/layers", "/gallery"])
def test_a_database_that_is_away_is_said_to_be(
    no_database: Engine, serve: Serve, path: str
) -> None:
    answer = serve(no_database).get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
    assert int(answer.headers["retry-after"]) > 0
    assert "PostgreSQL" in answer.json()["detail"]


def test_a_database_without_tables_says_what_to_do(tableless: Engine, serve: Serve) -> None:
    answer = serve(tableless).get("/api/layers")
    assert (answer.status_code, answer.json()["code"]) == (503, "not-migrated")
    assert "make migrate" in answer.json()["detail"]


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.usefixtures("assets")
@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/?release=zz", 404)])
def test_a_browser_gets_a_page(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1" in answer.text


@pytest.mark.usefixtures("assets")
def test_a_browser_gets_a_page_without_the_database(no_database: Engine, serve: Serve) -> None:
    answer = serve(no_database).get("/?lang=en", headers=BROWSER)
    assert answer.status_code == 503
    assert '<html lang="en">' in answer.text


def test_programs_get_problems_whatever_they_accept(client: TestClient) -> None:
    answer = client.get("/api/nothing", headers=BROWSER)
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_a_front_end_that_is_not_built_says_how_to_build_it(
    settings: Settings, city_engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    app = create_app(settings, city_engine)
    app.state.built.folder = tmp_path_factory.mktemp("dist")
    with TestClient(app) as client:
        for path in ("/", "/gallery", "/docs", "/exports/map.html"):
            answer = client.get(path, headers=BROWSER)
            assert (answer.status_code, answer.json()["code"]) == (500, "setup-missing")
            assert "make assets" in answer.json()["detail"]
