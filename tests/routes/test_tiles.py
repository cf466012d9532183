"""Tiles over HTTP: versions, validators, compression, and their own pool of connections."""

import gzip
import threading

import mapbox_vector_tile
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app import cells, releases, totals
from app.attributes import KEYS
from app.db import session_factory
from app.routes.tile_cache import OVERHEAD_BYTES, Tile, TileCache
from app.routes.tiles import TileSource
from app.tables import Release
from tests.builders import flat, make_photo, make_release, write_scores
from tests.routes.conftest import SOUTH, WEST, City, Serve

WORLD = "/tiles/demo-1-1/0/0/0.mvt"
IMMUTABLE = "public, max-age=31536000, immutable"
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(autouse=True)
def nothing_kept(client: TestClient) -> None:
    """The app lives as long as the run; what other tests have drawn is forgotten."""
    source_of(client).cache.clear()


def source_of(client: TestClient) -> TileSource:
    app: FastAPI = client.app  # type: ignore[assignment]
    source: TileSource = app.state.tiles
    return source


@pytest.fixture
def fresh(empty: Engine) -> Engine:
    """One photo in release `r`, version 1."""
    with session_factory(empty).begin() as session:
        release = make_release(session, "r", active=True)
        add_photo(session, release)
    return empty


def add_photo(session: Session, release: Release) -> None:
    photo = make_photo(session, WEST, SOUTH, image=False)
    write_scores(session, release, {photo.id: flat(500)})
    totals.publish(session)


def test_the_tiles_that_tilejson_names_are_there_for_a_release_of_today(
    empty: Engine, serve: Serve
) -> None:
    with session_factory(empty).begin() as session:
        made = make_release(session, "today", active=True, version=releases.first_version())
        add_photo(session, made)
    client = serve(empty)
    template = client.get("/tiles.json").json()["tiles"][0]
    answer = client.get(template.format(z=0, x=0, y=0))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, IMMUTABLE)
    assert photos_in(answer.content) == 1


def add_another(engine: Engine) -> None:
    with session_factory(engine).begin() as session:
        add_photo(session, session.get_one(Release, 1))


def photos_in(content: bytes) -> int:
    decoded = mapbox_vector_tile.decode(content)
    return sum(cell["properties"]["n"] for cell in decoded["cells"]["features"])


def test_a_tile_holds_all_photos_with_six_attributes(client: TestClient, city: City) -> None:
    answer = client.get(WORLD)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert photos_in(answer.content) == city.n
    decoded = mapbox_vector_tile.decode(answer.content)
    assert any(set(KEYS) <= set(photo["properties"]) for photo in decoded["photos"]["features"])


def test_the_current_version_is_immutable(client: TestClient) -> None:
    answer = client.get(WORLD)
    assert answer.headers["cache-control"] == IMMUTABLE
    assert answer.headers["vary"] == "Accept-Encoding"
    again = client.get(WORLD, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("cache-control", "vary", "etag"):
        assert again.headers[name] == answer.headers[name]


@pytest.mark.parametrize("header", ['"x", {}', "W/{}", "*", "{}"])
def test_any_form_of_if_none_match(client: TestClient, header: str) -> None:
    etag = client.get(WORLD).headers["etag"]
    answer = client.get(WORLD, headers={"If-None-Match": header.format(etag)})
    assert answer.status_code == 304
    assert client.get(WORLD, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("GZIP", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("br", False),
        ("", False),
    ],
)
def test_compressed_for_who_accepts_it(client: TestClient, accepted: str, zipped: bool) -> None:
    answer = client.get(WORLD, headers={"Accept-Encoding": accepted})
    plain = client.get(WORLD, headers=PLAIN)
    assert ("content-encoding" in answer.headers) is zipped
    assert answer.content == plain.content
    assert (answer.headers["etag"] == plain.headers["etag"]) is not zipped


def test_the_compressed_bytes_hold_no_time(client: TestClient) -> None:
    """A strong ETag promises the same bytes at any time; the header of gzip has a clock."""
    with client.stream("GET", WORLD, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert sent[:3] == b"\x1f\x8b\x08"
    assert sent[4:8] == bytes(4)
    assert gzip.decompress(sent) == client.get(WORLD, headers=PLAIN).content


def test_an_empty_tile_is_cached_too(client: TestClient) -> None:
    answer = client.get("/tiles/demo-1-1/10/0/0.mvt")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == IMMUTABLE
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "demo-1-1/21/0/0",
        "demo-1-1/3/8/0",
        "demo-1-1/3/0/8",
        "demo-1-1/-1/0/0",
        "demo-1-1/1/x/0",
        "demo-1-1/1/0.5/0",
        "demo-1-1/1/99999999999999999999/0",
        "demo-1-1/1/٣/0",
        "demo-1-2/0/0/0",
        "demo-1-99999999999/0/0/0",
        "nobody-1/0/0/0",
        "demo/0/0/0",
        "-1/0/0/0",
    ],
)
def test_what_is_no_tile_is_never_cached(client: TestClient, path: str) -> None:
    answer = client.get(f"/tiles/{path}.mvt")
    assert answer.status_code == 404
    assert answer.json()["code"] == "tile-not-found"
    assert answer.headers["cache-control"] == "no-store"


def test_an_older_version_gets_current_data_uncached(fresh: Engine, serve: Serve) -> None:
    client = serve(fresh)
    source_of(client).current_for_s = 0
    assert photos_in(client.get("/tiles/r-1/0/0/0.mvt").content) == 1
    add_another(fresh)
    older, current = (client.get(f"/tiles/r-{version}/0/0/0.mvt") for version in (1, 2))
    assert older.headers["cache-control"] == "no-store"
    assert current.headers["cache-control"] == IMMUTABLE
    assert older.content == current.content
    assert photos_in(older.content) == 2
    empty = client.get("/tiles/r-1/10/0/0.mvt")
    assert (empty.status_code, empty.headers["cache-control"]) == (204, "no-store")


def never(*_: object) -> bytes:
    raise AssertionError("The tile was drawn again.")


@pytest.mark.parametrize("current_for_s", [0, 3600])
@pytest.mark.parametrize("path", ["0/0/0", "10/0/0"])
def test_a_tile_is_drawn_once_for_each_encoding(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, current_for_s: float, path: str
) -> None:
    """Whether the version was just looked at or is looked at again; empty tiles too."""
    monkeypatch.setattr(source_of(client), "current_for_s", current_for_s)
    address = f"/tiles/demo-1-1/{path}.mvt"
    drawn = [client.get(address), client.get(address, headers=PLAIN)]
    monkeypatch.setattr(cells, "tile", never)
    kept = [client.get(address), client.get(address, headers=PLAIN)]
    for before, after in zip(drawn, kept, strict=True):
        assert (after.status_code, after.content) == (before.status_code, before.content)
        assert after.headers == before.headers
    etag = drawn[0].headers.get("etag")
    if etag is not None:
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_a_kept_tile_is_never_one_of_another_publish(fresh: Engine, serve: Serve) -> None:
    """The version that was current a moment ago may be served a moment longer, as itself."""
    client = serve(fresh)
    source_of(client).current_for_s = 3600
    assert photos_in(client.get("/tiles/r-1/0/0/0.mvt").content) == 1
    add_another(fresh)
    assert photos_in(client.get("/tiles/r-1/0/0/0.mvt").content) == 1
    current = client.get("/tiles/r-2/0/0/0.mvt")
    assert (photos_in(current.content), current.headers["cache-control"]) == (2, IMMUTABLE)
    older = client.get("/tiles/r-1/0/0/0.mvt")
    assert (photos_in(older.content), older.headers["cache-control"]) == (2, "no-store")


def test_a_release_made_anew_under_the_same_name_and_version(fresh: Engine, serve: Serve) -> None:
    client = serve(fresh)
    source_of(client).current_for_s = 0
    assert photos_in(client.get("/tiles/r-1/0/0/0.mvt").content) == 1
    with session_factory(fresh).begin() as session:
        session.execute(text("UPDATE release SET name = 'gone' WHERE name = 'r'"))
        made = make_release(session, "r")
        photos = [make_photo(session, WEST, SOUTH, image=False).id for _ in range(3)]
        write_scores(session, made, {photo_id: flat(500) for photo_id in photos})
        totals.publish(session)
    assert photos_in(client.get("/tiles/r-1/0/0/0.mvt").content) == 3


def test_no_more_is_kept_than_may_be() -> None:
    cache = TileCache(3 * (OVERHEAD_BYTES + 100))
    tiles = [Tile(bytes(100), str(number), True) for number in range(4)]
    for number, tile in enumerate(tiles[:3]):
        cache.keep(number, tile)
    assert cache.get(0) is tiles[0]
    cache.keep(3, tiles[3])
    assert [cache.get(number) for number in range(4)] == [tiles[0], None, *tiles[2:]]
    assert (len(cache), cache.bytes) == (3, 3 * (OVERHEAD_BYTES + 100))
    cache.keep("large", Tile(bytes(10_000), "", True))
    assert cache.get("large") is None
    assert len(cache) == 3


def test_nothing_is_kept_where_nothing_may_be() -> None:
    cache = TileCache(0)
    cache.keep("empty", Tile(b"", "", True))
    assert cache.get("empty") is None


def test_metrics_count_what_became_of_tiles(fresh: Engine, serve: Serve) -> None:
    client = serve(fresh)
    for _ in range(3):
        client.get("/tiles/r-1/0/0/0.mvt")
    client.get("/tiles/r-7/0/0/0.mvt")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    figures = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if line[0] != "#")
    assert float(figures['mirada_tiles_total{outcome="hit"}']) == 2
    assert float(figures['mirada_tiles_total{outcome="drawn"}']) == 1
    assert float(figures['mirada_tiles_total{outcome="refused"}']) == 0
    assert float(figures["mirada_tile_drawing_seconds_count"]) == 1
    assert float(figures["mirada_tile_cache_tiles"]) == 1
    assert float(figures["mirada_tile_cache_bytes"]) > OVERHEAD_BYTES


def test_version_and_content_are_of_one_moment(
    fresh: Engine, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish between the two reads must not put new content under the old version for ever."""
    read = cells.tile

    def publish_first(*args: object) -> bytes:
        add_another(fresh)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(cells, "tile", publish_first)
    answer = serve(fresh).get("/tiles/r-1/0/0/0.mvt")
    assert answer.headers["cache-control"] == IMMUTABLE
    assert photos_in(answer.content) == 1


def test_tiles_that_wait_too_long_are_sent_away_and_pages_go_on(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_of(client), "wait_s", 0.1)
    read, release, busy = cells.tile, threading.Event(), threading.Semaphore(0)

    def slow(*args: object) -> bytes:
        busy.release()
        assert release.wait(30)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(cells, "tile", slow)
    answers: list[int] = []
    size: int = app.state.settings.tile_pool_size
    threads = [
        threading.Thread(target=lambda: answers.append(client.get(WORLD).status_code))
        for _ in range(size)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            assert busy.acquire(timeout=30)
        refused = client.get(WORLD)
        assert client.get("/api/layers").status_code == 200
    finally:
        release.set()
        for thread in threads:
            thread.join()
    assert refused.status_code == 429
    assert refused.json()["code"] == "busy"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["cache-control"] == "no-store"
    assert answers == [200] * size
    assert client.get(WORLD).status_code == 200


def test_a_place_is_free_again_after_an_error(app: FastAPI, client: TestClient) -> None:
    for _ in range(2 * app.state.settings.tile_pool_size):
        assert client.get("/tiles/demo-1-9/0/0/0.mvt").status_code == 404
    assert client.get(WORLD).status_code == 200


def test_a_slow_statement_is_ended(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tiles' connections have the tiles' patience, not that of the pages."""

    def patience(session: Session, *_: object) -> bytes:
        return str(session.scalar(text("SHOW statement_timeout"))).encode()

    monkeypatch.setattr(cells, "tile", patience)
    assert client.get(WORLD, headers=PLAIN).content == b"5s"


def test_the_database_is_away(no_database: Engine, serve: Serve) -> None:
    answer = serve(no_database).get(WORLD)
    assert answer.status_code == 503
    assert answer.json()["code"] == "database-away"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["cache-control"] == "no-store"
