"""The pages as they arrive: language, data for the scripts, and every asset they name."""

import hashlib
import html
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI
from jinja2 import UndefinedError
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app import card
from app.attributes import KEYS, Language
from app.db import session_factory
from app.routes.pages import environment
from app.schemas import PageData
from app.settings import Settings
from tests import cards
from tests.builders import make_release
from tests.routes.conftest import BASEMAP, NASTY, Serve

PAGES = ("/", "/gallery", "/about")
DATA_PAGES = ("/", "/gallery")

pytestmark = pytest.mark.usefixtures("assets")


class Page(HTMLParser):
    """Addresses that the page loads by itself, scripts, and attributes that would run as one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lang: str | None = None
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.data = ""
        self.handlers: list[str] = []
        self.headings = 0
        self._script: dict[str, str | None] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if tag == "html":
            self.lang = values.get("lang")
        if tag == "h1":
            self.headings += 1
        if tag == "link" and values.get("rel") not in ("canonical", "alternate"):
            self.loaded.append(values["href"] or "")
        if tag in ("script", "img", "source", "iframe") and values.get("src"):
            self.loaded.append(values["src"] or "")
        self._script = values if tag == "script" else None
        if tag == "style":
            self.handlers.append("style")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None or "src" in self._script:
            return
        if self._script.get("type") == "application/json":
            self.data += data
        else:
            self.inline.append(data)


def open_page(client: TestClient, path: str) -> Page:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def page_data(client: TestClient, path: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(open_page(client, path).data)
    return data


@pytest.mark.parametrize("path", PAGES)
def test_every_asset_is_there_and_ours(client: TestClient, path: str) -> None:
    page = open_page(client, path)
    assert len(page.loaded) >= 4
    for address in page.loaded:
        assert address.startswith("/assets/"), address
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["es", "en"])
def test_a_page_keeps_its_own_security_policy(client: TestClient, path: str, lang: str) -> None:
    """script-src and style-src 'self' would stop inline scripts, styles and handlers."""
    page = open_page(client, f"{path}?lang={lang}")
    assert page.inline == []
    assert page.handlers == []
    assert page.headings == 1


@pytest.mark.parametrize("path", PAGES)
def test_spanish_first_then_the_address_then_the_cookie(client: TestClient, path: str) -> None:
    assert open_page(client, path).lang == "es"
    assert open_page(client, f"{path}?lang=fr").lang == "es"
    assert open_page(client, f"{path}?lang=en").lang == "en"
    assert open_page(client, path).lang == "en", "the page before set a cookie"
    assert open_page(client, f"{path}?lang=es").lang == "es"
    assert open_page(client, path).lang == "es"


def test_a_cookie_of_ours_and_nothing_else(client: TestClient) -> None:
    answer = client.get("/?lang=en")
    assert re.fullmatch(r"lang=en; Max-Age=\d+; Path=/; SameSite=lax", answer.headers["set-cookie"])
    assert "set-cookie" not in client.get("/?lang=fr").headers
    assert answer.headers["vary"].split(", ")[0] == "Cookie"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", DATA_PAGES)
def test_the_data_of_a_page(client: TestClient, path: str) -> None:
    data = page_data(client, f"{path}?lang=en")
    PageData.model_validate(data)
    assert data["lang"] == "en"
    assert [attribute["key"] for attribute in data["attributes"]] == list(KEYS)
    assert [layer["key"] for layer in data["layers"]] == ["comuna", "city"]
    assert data["release"] == client.get("/tiles.json").json()
    assert data["basemap"]["url"] == BASEMAP
    assert (data["city_name"], data["demo"]) == ("Santiago", True)


def test_another_release_on_request(client: TestClient) -> None:
    data = page_data(client, "/?release=other")
    assert (data["release"]["release"], data["demo"]) == ("other", False)


@pytest.mark.parametrize("path", PAGES)
def test_the_demo_says_that_it_is_one(client: TestClient, path: str) -> None:
    assert "Demostración" in client.get(path).text
    assert "Demostración" not in client.get(f"{path}?release=other").text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_a_release(empty: Engine, serve: Serve, path: str) -> None:
    client = serve(empty)
    page = open_page(client, path)
    if path in DATA_PAGES:
        assert (json.loads(page.data)["release"], json.loads(page.data)["layers"]) == (None, [])
    assert client.get("/tiles.json").json()["code"] == "no-active-release"


def test_data_cannot_end_the_script_that_holds_it(app: FastAPI, client: TestClient) -> None:
    """Names of layers are other people's words."""
    hostile = "</script><script>alert(1)</script><!--"
    template = app.state.templates.from_string(
        '<script type="application/json" id="page-data">{{ page_data|tojson }}</script>'
    )
    page = Page(template.render(page_data={"name": hostile, "other": NASTY}))
    assert page.inline == []
    assert json.loads(page.data) == {"name": hostile, "other": NASTY}
    assert "page_data|tojson" in app.state.templates.loader.get_source(None, "map.html")[0]


def test_a_mistyped_name_in_a_template_is_an_error(app: FastAPI) -> None:
    template = environment(app.state.built).from_string("{{ mistyped }}")
    with pytest.raises(UndefinedError):
        template.render()


def test_the_about_page_shows_the_figures_of_the_release(client: TestClient) -> None:
    text = client.get("/about").text
    assert "demo-1" in text
    assert re.search(r"71(?:[.,]0)?\s*%", text), "accuracy of safety"
    assert re.search(r"68(?:[.,]0)?.{1,9}74(?:[.,]0)?", text), "its interval"
    assert "900" in text, "votes it was judged by"


@pytest.fixture
def carded(empty: Engine, serve: Serve, settings: Settings) -> Iterator[TestClient]:
    """A server whose one release says all that a card shows, and whose store has its examples."""
    folder = settings.release_dir / "carded"
    described = cards.store(folder, cards.manifest(name="carded", demo=True))
    with session_factory(empty).begin() as session:
        make_release(
            session,
            "carded",
            active=True,
            kind="rankers",
            manifest=described,
            metrics=described["metrics"],
        )
    yield serve(empty)
    shutil.rmtree(folder)


@pytest.mark.parametrize("lang", ["es", "en"])
def test_the_about_page_shows_the_card_of_the_release(carded: TestClient, lang: Language) -> None:
    """All sections but the one that the page has in words of its own."""
    page = open_page(carded, f"/about?lang={lang}")
    text = html.unescape(carded.get(f"/about?lang={lang}").text)
    described = cards.manifest(name="carded", demo=True)
    for section in card.sections(described, lang):
        assert (section.title in text) == (section.key != "not")
        assert (f'id="card-{section.key}"' in text) == (section.key != "not")
    assert page.inline == page.handlers == []
    assert page.headings == 1
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for anchor in re.findall(r'href="#([^"]+)"', text):
        assert anchor in ids


def test_the_about_page_shows_examples_that_the_machine_has(
    carded: TestClient, settings: Settings
) -> None:
    pictures = [address for address in open_page(carded, "/about").loaded if "examples" in address]
    assert len(pictures) == 54
    answer = carded.get(pictures[0])
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert hashlib.sha256(answer.content).hexdigest() in pictures[0]
    (settings.release_dir / "carded" / "examples").rename(settings.release_dir / "carded" / "gone")
    page = open_page(carded, "/about")
    assert not [address for address in page.loaded if "examples" in address]
    assert "safety-median-1" in carded.get("/about").text
    gone = carded.get(pictures[0])
    assert (gone.status_code, gone.json()["code"]) == (404, "photo-not-found")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/about/examples/carded/" + "0" * 64 + ".jpg", 404),
        ("/about/examples/nothing/" + "0" * 64 + ".jpg", 404),
        ("/about/examples/carded/001.jpg", 422),
        ("/about/examples/carded/../release.json", 404),
    ],
)
def test_only_examples_are_served(carded: TestClient, path: str, status: int) -> None:
    assert carded.get(path).status_code == status


def test_imported_scores_have_no_card(client: TestClient) -> None:
    text = client.get("/about?release=other").text
    assert "no tiene red propia" in text
    assert "card-" not in re.sub(r"/assets/[^\"]*", "", text)


def test_assets_without_a_hash_are_asked_for_again(client: TestClient) -> None:
    assert client.get("/assets/manifest.json").headers["cache-control"] == "no-cache"
    assert client.get("/assets/../build.mjs").status_code == 404
