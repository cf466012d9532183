"""The app as it is put together."""

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings


def test_an_app_is_built_from_what_it_is_given(engine: Engine) -> None:
    """It closes the connections that it opened itself, and leaves the caller's alone."""
    settings = Settings(basemap_url="https://tiles.example/{z}/{x}/{y}.png", tile_pool_size=3)
    app = create_app(settings, engine)
    with TestClient(app) as client:
        policy = client.get("/healthz").headers["content-security-policy"]
        assert "https://tiles.example" in policy
        tiles = app.state.tiles.engine
        assert tiles is not engine
        assert tiles.url == engine.url
        assert tiles.pool.size() == 3
        while_open = tiles.pool
    assert tiles.pool is not while_open, "disposed"
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_two_apps_share_nothing(engine: Engine) -> None:
    one, two = (create_app(Settings(city_name=name), engine) for name in ("Santiago", "Wuhan"))
    assert one.state.settings.city_name == "Santiago"
    assert two.state.settings.city_name == "Wuhan"
    assert one.state.kept is not two.state.kept


def test_each_operation_is_there_once(engine: Engine) -> None:
    """Of two at one address the first would hide the other."""
    described = create_app(Settings(), engine).openapi()["paths"]
    ids = [each["operationId"] for path in described.values() for each in path.values()]
    assert len(ids) == len(set(ids))
    assert len(ids) > 15


def test_large_answers_are_compressed_but_tiles_only_once(engine: Engine) -> None:
    with TestClient(create_app(Settings(), engine)) as client:
        answer = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
