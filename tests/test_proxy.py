"""nginx with the project's own configuration, in front of a real web process."""

import http.client
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import accounts, areas, cli, totals
from app.areas import AreaRow
from app.cells.keys import key_of
from app.cli import tiles
from app.db import SessionFactory, make_engine, session_factory
from app.exports.built import DIST
from app.images import MAX_BYTES, derive
from app.photos.files import PhotoFiles
from app.routes.admin_batches import BODY_BYTES
from app.routes.tiles import CURRENT_FOR_S
from app.tables import Layer, Release
from tests import nginx
from tests.benchmarks.web import form, free_port
from tests.browser.conftest import serving
from tests.builders import flat, make_photo, make_release, square, write_scores
from tests.conftest import copied
from tests.rankers import jpeg

HERE = (-70.65, -33.45)
BATCH = {"title": "Julio", "source": "Municipalidad", "licence": "CC BY 4.0", "blurred": True}


@dataclass(frozen=True)
class Site:
    """address: of nginx. token: an admin's. shown and withheld: ids of photos with images."""

    address: str
    web: str
    token: str
    password: str
    shown: int
    withheld: int
    sessions: SessionFactory
    folder: Path

    @property
    def host(self) -> str:
        return self.address.removeprefix("http://")

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def tileset(self) -> str:
        with self.sessions() as session:
            release = session.query(Release).one()
            return f"/tiles/{release.name}-{release.version}"


@pytest.fixture(scope="module")
def site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if nginx.executable() is None:
        pytest.skip("needs nginx: run `make setup`")
    folder = tmp_path_factory.mktemp("proxy")
    data_dir = tmp_path_factory.mktemp("proxied-data")
    with copied(server_url) as url:
        engine = make_engine(url)
        try:
            with serving(url, data_dir, tmp_path_factory.mktemp("proxied-log")) as web:
                port = free_port()
                sites = nginx.filled(str(port), web.removeprefix("http://"), folder)
                with nginx.running(folder, port, sites):
                    yield filled(f"http://127.0.0.1:{port}", web, engine, data_dir, folder)
        finally:
            engine.dispose()


def filled(address: str, web: str, engine: Engine, data_dir: Path, folder: Path) -> Site:
    sessions = session_factory(engine)
    with sessions.begin() as session:
        password = accounts.create(session, "rosa")
        token = accounts.create_token(session, "rosa", "test", "admin", timedelta(days=1))
        release = make_release(session, "r", active=True)
        files = PhotoFiles(data_dir / "photos")
        shown, withheld = (
            make_photo(
                session,
                *HERE,
                storage_key=files.write(jpeg(number), derive(jpeg(number))),
                images_public=is_public,
            ).id
            for number, is_public in ((1, True), (2, False))
        )
        score(session, release, shown)
    return Site(address, web, token, password, shown, withheld, sessions, folder)


def score(session: Session, release: Release, photo_id: int) -> None:
    write_scores(session, release, {photo_id: flat(500)})
    totals.publish(session)


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx2.Client]:
    """Somebody with a browser."""
    with httpx2.Client(base_url=site.address, timeout=60) as client:
        yield client


@pytest.fixture
def admin(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.address, timeout=60, headers=site.admin) as client:
        yield client


def cache(answer: httpx2.Response) -> str | None:
    """MISS or HIT; None where nginx keeps nothing of such an address."""
    return answer.headers.get("x-cache")


def tile_at(z: int) -> str:
    _, x, y = key_of(*HERE)
    return f"{z}/{x >> (25 - z)}/{y >> (25 - z)}"


@pytest.mark.parametrize(("path", "status"), [(tile_at(12), 200), ("10/0/0", 204)])
def test_a_current_tile_is_drawn_once_for_all_browsers(
    site: Site, visitor: httpx2.Client, path: str, status: int
) -> None:
    address = f"{site.tileset()}/{path}.mvt"
    lists = ("gzip, deflate, br, zstd", "gzip", "br;q=1.0, gzip;q=0.8")
    answers = [visitor.get(address, headers={"Accept-Encoding": each}) for each in lists]
    assert [cache(answer) for answer in answers] == ["MISS", "HIT", "HIT"]
    for answer in answers:
        assert answer.status_code == status
        assert answer.content == answers[0].content
        assert answer.headers["cache-control"].endswith("immutable")
        assert answer.headers["vary"] == "Accept-Encoding"
    for refused in ("identity", "gzip;q=0"):
        plain = visitor.get(address, headers={"Accept-Encoding": refused})
        assert "content-encoding" not in plain.headers
        assert plain.content == answers[0].content
    if status == 200:
        assert answers[0].headers["content-encoding"] == "gzip"
        etag = {"If-None-Match": answers[0].headers["etag"]}
        again = visitor.get(address, headers=etag | {"Accept-Encoding": "gzip"})
        assert (again.status_code, cache(again)) == (304, "HIT")


def test_a_query_does_not_make_another_copy(site: Site, visitor: httpx2.Client) -> None:
    address = f"{site.tileset()}/{tile_at(11)}.mvt"
    first, second = (visitor.get(f"{address}?{number}") for number in range(2))
    assert (cache(first), cache(second)) == ("MISS", "HIT")


def test_after_a_publish_the_new_tiles_are_new_and_the_old_are_not_kept(
    site: Site, visitor: httpx2.Client
) -> None:
    before = site.tileset()
    described = visitor.get("/tiles.json")
    assert described.json()["tiles"] == [f"{site.address}{before}/{{z}}/{{x}}/{{y}}.mvt"]
    assert cache(described) is None
    with site.sessions.begin() as session:
        photo = make_photo(session, *HERE, image=False)
        score(session, session.query(Release).one(), photo.id)
    after = site.tileset()
    assert after != before
    assert after in visitor.get("/tiles.json").json()["tiles"][0]
    time.sleep(CURRENT_FOR_S)
    assert [cache(visitor.get(f"{after}/{tile_at(9)}.mvt")) for _ in range(2)] == ["MISS", "HIT"]
    older = [visitor.get(f"{before}/{tile_at(9)}.mvt") for _ in range(2)]
    assert [cache(answer) for answer in older] == ["MISS", "MISS"]
    assert older[0].headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/tiles/r-99999999999999/1/0/0.mvt", "/tiles/nobody-1/0/0/0.mvt"])
def test_what_is_no_tile_is_not_kept(visitor: httpx2.Client, path: str) -> None:
    answers = [visitor.get(path) for _ in range(2)]
    assert [(answer.status_code, cache(answer)) for answer in answers] == [(404, "MISS")] * 2


def test_files_of_the_build_are_kept_if_their_name_has_a_hash(visitor: httpx2.Client) -> None:
    names = json.loads((DIST / "manifest.json").read_text())
    hashed = next(name for name in names.values() if re.search(r"-[A-Z0-9]{8}\.js$", name))
    assert [cache(visitor.get(f"/assets/{hashed}")) for _ in range(2)] == ["MISS", "HIT"]
    plain = [visitor.get("/assets/manifest.json") for _ in range(2)]
    assert [(answer.status_code, cache(answer)) for answer in plain] == [(200, "MISS")] * 2


def test_images_for_all_are_kept_and_images_for_admins_never(
    site: Site, visitor: httpx2.Client, admin: httpx2.Client
) -> None:
    for kind in ("image", "thumbnail"):
        answers = [visitor.get(f"/photos/{site.shown}/{kind}") for _ in range(2)]
        assert [cache(answer) for answer in answers] == ["MISS", "HIT"]
        assert answers[0].content == answers[1].content
        assert [visitor.get(f"/photos/{site.withheld}/{kind}").status_code for _ in range(2)] == [
            404,
            404,
        ]
    path = f"/api/admin/photos/{site.withheld}/thumbnail"
    for answer in (admin.get(path), admin.get(path)):
        assert (answer.status_code, cache(answer)) == (200, None)
        assert answer.headers["cache-control"].startswith("private")
    assert visitor.get(path).status_code == 401
    assert visitor.get(f"/photos/{site.withheld}/thumbnail").status_code == 404
    kept = [file.read_bytes() for file in (site.folder / "mirada").rglob("*") if file.is_file()]
    assert kept
    seen_by_admins = admin.get(path).content
    assert not any(seen_by_admins in content for content in kept)


def test_what_admins_see_is_never_kept(
    site: Site, visitor: httpx2.Client, admin: httpx2.Client
) -> None:
    assert sign_in(visitor, site, site.password).status_code == 303
    for path in ("/admin", "/admin/sign-in", "/", "/tiles.json", "/api/releases"):
        answers = [visitor.get(path) for _ in range(2)]
        assert [(answer.status_code, cache(answer)) for answer in answers] == [(200, None)] * 2
    assert visitor.get("/admin").headers["cache-control"] == "no-store"
    with httpx2.Client(base_url=site.address) as stranger:
        assert stranger.get("/admin").status_code == 303
        assert stranger.get("/api/admin/batches").status_code == 401
    assert [cache(admin.get("/api/admin/batches")) for _ in range(2)] == [None, None]


def sign_in(client: httpx2.Client, site: Site, password: str, **headers: str) -> httpx2.Response:
    sent = {"Origin": site.address} | headers
    return client.post("/admin/sign-in", data={"name": "rosa", "password": password}, headers=sent)


def test_a_page_of_another_site_is_told_from_ours(site: Site, visitor: httpx2.Client) -> None:
    """By Origin and Host alone, as over plain HTTP: the port belongs to them."""
    for foreign in (site.web, "http://127.0.0.1", "https://elsewhere.example"):
        answer = sign_in(visitor, site, "x", Origin=foreign)
        assert (answer.status_code, "another site" in answer.text) == (403, True)


def test_who_guesses_passwords_cannot_pretend_to_be_many(site: Site) -> None:
    """Five attempts a minute from one address; nobody else is paused by them."""
    with httpx2.Client(base_url=site.address, timeout=60) as guesser:
        statuses = [
            sign_in(
                guesser,
                site,
                "wrong",
                **{"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": "for=203.0.113.9"},
            ).status_code
            for number in range(6)
        ]
    assert statuses == [403] * 5 + [429]
    elsewhere = httpx2.HTTPTransport(local_address="127.0.0.2")
    with httpx2.Client(base_url=site.address, transport=elsewhere, timeout=60) as other:
        assert sign_in(other, site, "wrong").status_code == 403


def test_events_come_while_the_stream_lasts(site: Site, admin: httpx2.Client) -> None:
    """What is done after the first one has come is told by a later one of the same stream."""
    batch = f"/api/admin/batches/{admin.post('/api/admin/batches', json=BATCH).json()['id']}"
    states = []
    with admin.stream("GET", f"{batch}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                states.append(json.loads(line.removeprefix("data: "))["state"])
                if len(states) == 1:
                    httpx2.post(f"{site.web}{batch}/complete", headers=site.admin, timeout=60)
    assert states[0] == "open"
    assert states[-1] != "open"


def send(site: Site, batch: int, data: bytes, path: str) -> tuple[int, str]:
    place = {"path": path, "lat": "-33.45", "lon": "-70.65"}
    body, kind = form(data, "name.jpg", place)
    headers = site.admin | {"Content-Type": kind}
    answer = httpx2.post(
        f"{site.address}/api/admin/batches/{batch}/files", content=body, headers=headers, timeout=60
    )
    return answer.status_code, answer.json()["code"] if answer.status_code > 299 else ""


def test_large_photos_pass_up_to_the_bound_of_the_web_process(
    site: Site, admin: httpx2.Client
) -> None:
    batch = admin.post("/api/admin/batches", json=BATCH).json()["id"]
    large = jpeg(4) + bytes(3 * 2**20)
    assert send(site, batch, large, "large.jpg") == (202, "")
    assert send(site, batch, bytes(MAX_BYTES), "largest.jpg") == (422, "rejected-file")
    text = nginx.TEMPLATE.read_text()
    [bound] = re.findall(r"location ~ \S+files.*?client_max_body_size (\d+)m;", text, re.DOTALL)
    assert BODY_BYTES < int(bound) * 2**20 < 1.1 * BODY_BYTES
    too_large = admin.post("/api/query", content=bytes(2 * 2**20))
    assert too_large.status_code == 413


def test_who_may_not_upload_is_told_before_the_photo_is_sent(site: Site) -> None:
    """The body is not gathered first: it is passed on as it comes."""
    connection = http.client.HTTPConnection(site.host, timeout=30)
    connection.putrequest("POST", "/api/admin/batches/1/files")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(50 * 2**20))
    connection.endheaders()
    connection.send(bytes(2**20))
    assert connection.getresponse().status == 401
    connection.close()


def test_metrics_are_not_for_the_public(site: Site, visitor: httpx2.Client) -> None:
    assert visitor.get("/metrics").status_code == 404
    assert "mirada_tiles_total" in httpx2.get(f"{site.web}/metrics").text


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`mirada tiles warm`: exit code, standard output, standard error."""
    monkeypatch.setattr(tiles, "ATTEMPTS", 1)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["mirada", "tiles", "warm", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_tiles_are_warmed_before_visitors_come(
    site: Site, visitor: httpx2.Client, warm: Run
) -> None:
    """All photos are at one place, so that there is one tile a zoom."""
    with site.sessions.begin() as session:
        photo = make_photo(session, *HERE, image=False)
        score(session, session.query(Release).one(), photo.id)
    time.sleep(CURRENT_FOR_S)
    code, out, err = warm("--url", site.address, "--zooms", "13-16")
    assert (code, err) == (0, "")
    assert out.startswith("4 tiles of zooms 13 to 16 (release r, version ")
    assert ", and 12 that are empty\n" in out
    sent = 0
    for z in range(13, 17):
        answer = visitor.get(
            f"{site.tileset()}/{tile_at(z)}.mvt", headers={"Accept-Encoding": "gzip"}
        )
        assert cache(answer) == "HIT"
        sent += int(answer.headers["content-length"])
    assert f"{sent:,} bytes as sent; a cache had 0 of the tiles already" in out
    code, out, _ = warm("--url", site.address, "--zooms", "13-16", "--release", "r")
    assert "a cache had 4 of the tiles already" in out


def test_tiles_of_large_layers_are_warmed_too(
    site: Site, visitor: httpx2.Client, warm: Run
) -> None:
    """A layer 30 m wide is in no tile of the first zooms, which are asked for all the same."""
    west, south = HERE
    rows = [
        AreaRow(f"{i:04d}", f"{i}", square(west + i % 30 * 1e-5, south + i // 30 * 1e-5, 1e-5))
        for i in range(30 * 30)
    ]
    with site.sessions.begin() as session:
        totals.load_layer(session, Layer(key="zone", label_es="Zonas", label_en="Zones"), rows)
    try:
        code, out, err = warm("--url", site.address, "--zooms", "9-18")
        assert (code, err) == (0, "")
        (said,) = [line for line in out.splitlines() if "areas of layer zone" in line]
        assert re.match(r"[1-9]\d* tiles of zooms 9 to 18 \(", said)
        (layer,) = [each for each in visitor.get("/api/layers").json() if each["key"] == "zone"]
        z, x, y = tile_at(18).split("/")
        answer = visitor.get(layer["tiles"].format(z=z, x=x, y=y))
        assert (answer.status_code, cache(answer)) == (200, "HIT")
    finally:
        with site.sessions.begin() as session:
            for key in ("zone", areas.CITY):
                totals.drop_layer(session, key)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--zooms", "14-3"), "--zooms 14-3 must be"),
        (("--zooms", "0-21"), "from 0 to 20"),
        (("--zooms", "all"), "--zooms all must be"),
        (("--release", "nobody"), "404 Not Found"),
        (("--url", "http://127.0.0.1:9"), "gives no tiles"),
    ],
)
def test_tiles_that_cannot_be_warmed(
    site: Site, warm: Run, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = warm("--url", site.address, *arguments)
    assert (code, out) == (1, "")
    assert words in err
    assert err.count("\n") == 1
