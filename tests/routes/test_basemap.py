"""The base map's file: checked at the start, served in ranges, told to the pages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pmtiles.reader import Reader
from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.errors import BadFile
from app.main import create_app
from app.settings import OSM_ATTRIBUTION, OSM_URL, Settings
from tests import archives
from tests.routes.conftest import City

PATH = "/basemap.pmtiles"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return archives.pictures(tmp_path / "ground.pmtiles")


@pytest.fixture
def with_file(file: Path, settings: Settings, city_engine: Engine) -> Iterator[TestClient]:
    app = create_app(settings.model_copy(update={"basemap_file": file}), city_engine)
    with TestClient(app) as client:
        yield client


def basemap_of(client: TestClient) -> dict[str, str]:
    found = re.search(r'id="page-data">(.*?)</script>', client.get("/").text)
    assert found
    basemap: dict[str, str] = json.loads(found[1])["basemap"]
    return basemap


def test_a_range_of_the_file(with_file: TestClient, file: Path) -> None:
    asked = {"Range": "bytes=0-126", "Accept-Encoding": "gzip"}
    answer = with_file.get(PATH, headers=asked)
    assert answer.status_code == 206
    assert answer.content == file.read_bytes()[:127]
    assert answer.headers["content-range"] == f"bytes 0-126/{file.stat().st_size}"
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"]
    beyond = with_file.get(PATH, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


def test_a_reader_finds_its_tiles_by_ranges(with_file: TestClient) -> None:
    def get_bytes(offset: int, length: int) -> bytes:
        headers = {"Range": f"bytes={offset}-{offset + length - 1}"}
        return with_file.get(PATH, headers=headers).content

    reader = Reader(get_bytes)
    assert reader.metadata()["attribution"] == archives.ATTRIBUTION
    assert reader.get(3, 5, 2).startswith(b"\x89PNG")


def test_a_whole_file_is_not_compressed_again(with_file: TestClient, file: Path) -> None:
    answer = with_file.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert answer.content == file.read_bytes()
    assert "content-encoding" not in answer.headers


@pytest.mark.usefixtures("assets")
def test_the_pages_are_told_of_the_file(with_file: TestClient) -> None:
    assert basemap_of(with_file) == {"url": PATH, "attribution": ""}


@pytest.mark.usefixtures("assets")
def test_openstreetmap_is_the_default(city: City, city_engine: Engine) -> None:
    plain = Settings(database_url=SecretStr(city.url), data_dir=city.data_dir)
    with TestClient(create_app(plain, city_engine)) as client:
        assert basemap_of(client) == {"url": OSM_URL, "attribution": OSM_ATTRIBUTION}
        assert client.get(PATH).status_code == 404


def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a compose file passes on what nobody has set."""
    monkeypatch.setenv("MIRADA_BASEMAP_FILE", "")
    monkeypatch.setenv("MIRADA_BASEMAP_URL", "")
    settings = Settings()
    assert settings.basemap_file is None
    assert settings.basemap_url == ""


def test_a_file_that_went_away_is_not_found(with_file: TestClient, file: Path) -> None:
    file.unlink()
    assert with_file.get(PATH).json()["code"] == "not-found"


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b"PK\x03\x04 a zip", "no PMTiles file")]
)
def test_another_file_stops_the_start(
    tmp_path: Path, settings: Settings, city_engine: Engine, content: bytes | None, words: str
) -> None:
    file = tmp_path / "other.pmtiles"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadFile, match=words) as caught:
        create_app(settings.model_copy(update={"basemap_file": file}), city_engine)
    assert str(file) in str(caught.value)
    assert "MIRADA_BASEMAP_FILE" in str(caught.value)
