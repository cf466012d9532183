from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.routes.conftest import Serve


def test_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_alive_without_a_database_but_not_ready(no_database: Engine, serve: Serve) -> None:
    client = serve(no_database)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
    assert answer.json()["detail"].count("\n") == 0


def test_not_ready_before_the_tables_are_there(tableless: Engine, serve: Serve) -> None:
    answer = serve(tableless).get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not-migrated")
