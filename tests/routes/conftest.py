"""A small city behind a running app, in a database of its own that tests only read."""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app import accounts, totals
from app.areas import AreaRow
from app.attributes import KEYS
from app.db import make_engine, session_factory
from app.exports.built import DIST
from app.images import derive
from app.main import create_app
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import Layer
from tests.builders import make_photo, make_release, square, write_scores
from tests.conftest import copied

WEST, SOUTH = -70.70, -33.50
SIDE_DEG = 0.05
NASTY = "Ñuñoa </script><img src=x onerror=alert(1)> & «Co»"
WUHAN = (114.3, 30.6)
BASEMAP = "https://{s}.tiles.example/{z}/{x}/{y}.png"


@dataclass(frozen=True)
class City:
    """Areas: a is shown, b has too few cells, c too few photos, d none. photos: ids by area."""

    url: str
    data_dir: Path
    photos: dict[str, list[int]]
    with_image: int
    abroad: int

    @property
    def n(self) -> int:
        return sum(len(ids) for ids in self.photos.values()) + 1


@pytest.fixture(scope="session")
def own_database(server_url: str) -> Iterator[str]:
    """A migrated database that stays committed to for the whole run of this worker."""
    with copied(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def city(own_database: str, tmp_path_factory: pytest.TempPathFactory) -> City:
    data_dir = tmp_path_factory.mktemp("data")
    engine = make_engine(own_database)
    with session_factory(engine).begin() as session:
        made = _fill(session, own_database, data_dir)
    engine.dispose()
    return made


def _fill(session: Session, url: str, data_dir: Path) -> City:
    rng = random.Random(11)
    names = {"a": NASTY, "b": "Pocas celdas", "c": "Pocas fotos", "d": "Sin datos"}
    rows = [
        AreaRow(code, name, square(WEST + column * SIDE_DEG, SOUTH, SIDE_DEG))
        for column, (code, name) in enumerate(names.items())
    ]
    layer = Layer(
        key="comuna", label_es="Comunas", label_en="Communes", source="a test", licence="CC0"
    )
    totals.load_layer(session, layer, rows)
    release = make_release(
        session,
        "demo-1",
        active=True,
        manifest={"demo": True},
        metrics={"safety": {"accuracy": 0.71, "ci95": [0.68, 0.74], "votes": 900}},
    )
    photos: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    for code, n, width in (("a", 40, 0.045), ("b", 25, 0.002), ("c", 6, 0.045)):
        west = WEST + "abcd".index(code) * SIDE_DEG + 0.001
        for _ in range(n):
            lon, lat = west + rng.random() * width, SOUTH + 0.001 + rng.random() * width
            taken = datetime(2024, 1, 1 + rng.randrange(28), tzinfo=UTC)
            photo = make_photo(session, lon, lat, image=False, captured_at=taken)
            photos[code].append(photo.id)
    key = PhotoFiles(data_dir / "photos").write(picture(), derive(picture()))
    shown = make_photo(
        session, WEST + 0.01, SOUTH + 0.01, storage_key=key, source="drive", licence="CC0"
    )
    photos["a"].append(shown.id)
    abroad = make_photo(session, *WUHAN, source="abroad")
    everything = [photo_id for ids in photos.values() for photo_id in ids] + [abroad.id]
    scores = {
        photo_id: {attribute: rng.randrange(0, 1001) for attribute in KEYS}
        for photo_id in everything
    }
    for photo_id in photos["a"][:5]:
        scores[photo_id] = {"safety": 650}
    write_scores(session, release, {i: dict(values) for i, values in scores.items()})
    other = make_release(session, "other", manifest={"source": "ratings of people"})
    write_scores(session, other, {shown.id: {"safety": 1000}})
    totals.publish(session)
    return City(url, data_dir, photos, shown.id, abroad.id)


def picture() -> bytes:
    pixels = np.random.default_rng(3).integers(0, 255, (480, 640, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def settings_of(city: City) -> Settings:
    return Settings(database_url=SecretStr(city.url), data_dir=city.data_dir, basemap_url=BASEMAP)


@pytest.fixture
def settings(city: City) -> Settings:
    return settings_of(city)


@pytest.fixture(scope="session")
def city_engine(city: City) -> Iterator[Engine]:
    engine = make_engine(city.url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def app(city: City, city_engine: Engine) -> FastAPI:
    return create_app(settings_of(city), city_engine)


@pytest.fixture
def client(app: FastAPI, city: City) -> Iterator[TestClient]:
    """Follows no redirects, and sees the answer to an unknown error as a browser would."""
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def assets() -> Path:
    """The built front end, or skip."""
    if not (DIST / "manifest.json").is_file():
        pytest.skip("needs the built front end: run `make assets`")
    return DIST


Serve = Callable[[Engine], TestClient]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Further apps, on other databases, until the test ends."""
    with ExitStack() as stack:

        def start(engine: Engine) -> TestClient:
            app = create_app(settings, engine)
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start


@pytest.fixture
def no_database() -> Iterator[Engine]:
    """A server that nobody started."""
    engine = make_engine("postgresql://nobody@/nowhere?host=/nowhere")
    yield engine
    engine.dispose()


@pytest.fixture
def empty(clean_database: str) -> Iterator[Engine]:
    """A database with tables and nothing in them, to be written to."""
    engine = make_engine(clean_database)
    yield engine
    engine.dispose()


@pytest.fixture
def tableless(server_url: str) -> Iterator[Engine]:
    """A database that nobody has migrated."""
    engine = make_engine(server_url)
    yield engine
    engine.dispose()


# The admin's side, on a database of each test's own.

OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def password(clean_engine: Engine) -> str:
    with session_factory(clean_engine).begin() as session:
        return accounts.create(session, "rosa")


def app_of(engine: Engine, data_dir: Path, **settings: str) -> FastAPI:
    url = engine.url.render_as_string(hide_password=False)
    values = {"database_url": SecretStr(url), "data_dir": data_dir, **settings}
    return create_app(Settings(**values), engine)  # type: ignore[arg-type]


@pytest.fixture
def access_app(clean_engine: Engine, tmp_path: Path) -> FastAPI:
    return app_of(clean_engine, tmp_path)


def browser_of(app: FastAPI, address: str = "http://localhost") -> TestClient:
    return TestClient(app, base_url=address, follow_redirects=False)


@pytest.fixture
def browser(access_app: FastAPI, assets: Path) -> Iterator[TestClient]:
    """A browser on this machine, which nobody has signed in."""
    with browser_of(access_app) as client:
        yield client


def sign_in(client: TestClient, password: str, **form: str) -> None:
    answer = client.post(
        "/admin/sign-in", data={"name": "rosa", "password": password} | form, headers=OURS
    )
    assert answer.status_code == 303, answer.text
