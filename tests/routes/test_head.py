import pytest
from sqlalchemy import Engine

from tests.routes.conftest import Serve


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/attributes", "/tiles.json", "/nothing"])
def test_head_answers_as_get_without_the_body(empty: Engine, serve: Serve, path: str) -> None:
    client = serve(empty)
    got, asked = client.get(path), client.head(path)
    assert got.content
    assert asked.content == b""
    assert asked.status_code == got.status_code
    for header in ("content-type", "content-length", "cache-control", "etag"):
        assert asked.headers.get(header) == got.headers.get(header)


def test_head_changes_nothing_where_there_is_no_get(empty: Engine, serve: Serve) -> None:
    assert serve(empty).head("/admin/sign-out").status_code == 405
