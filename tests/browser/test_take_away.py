"""Filters of all attributes, the map as an image, and the map inside of another site's page."""

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import OpenSite, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def only(page: Page) -> str | None:
    return parse_qs(urlsplit(page.url).query).get("only", [None])[0]


def begin(visited: Visit, path: str, tool: str) -> Page:
    page = visited.open(path)
    page.locator("#tools-button").click()
    page.locator("#tools-list").get_by_role("button", name=tool, exact=True).click()
    return page


def test_ranges_of_several_attributes(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = begin(visited, "/", "Filtrar")
    low = page.get_by_label("Segura: desde")
    expect(low).to_be_focused()
    low.fill("5")
    low.press("Tab")
    page.get_by_label("Animada: hasta").fill("5.5")
    page.keyboard.press("Tab")
    assert only(page) == "safety:5-10,lively:0-5.5"
    areas = page.request.get(f"{site}/api/areas/comuna").json()["areas"]
    kept = {
        area["code"]
        for area in areas
        if area["shown"]
        and area["attributes"]["safety"]["mean"] >= 5
        and area["attributes"]["lively"]["mean"] < 5.5
    }
    filled = page.locator(".area[fill^=rgb]").evaluate_all(
        "(areas) => areas.map((area) => area.dataset.code)"
    )
    assert set(filled) == kept
    assert kept
    expect(page.locator("#legend .chip")).to_have_count(2)
    page.get_by_role("button", name="Quitar los filtros").click()
    assert only(page) is None
    page.keyboard.press("Escape")
    expect(page.locator("#ranges")).to_be_hidden()
    expect(page.locator("#tools-button")).to_be_focused()
    page.go_back()
    expect(page.locator("#legend .chip")).to_have_count(2)


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/?lang=en", "desktop"),
        ("/?lang=en&show=cells&beside=lively", "desktop"),
        ("/?lang=en&show=photos&only=safety:4-10", "phone"),
    ],
)
def test_the_map_as_an_image(visit: OpenSite, path: str, size: str, tmp_path: Path) -> None:
    visited = visit(size)
    page = visited.open(path)
    page.locator("#tools-button").click()
    with page.expect_download(timeout=30_000) as caught:
        page.get_by_role("button", name="Download this map (PNG)").click()
    assert re.fullmatch(r"mirada-safety-\d{4}-\d{2}-\d{2}\.png", caught.value.suggested_filename)
    expect(page.locator("#live")).to_have_text("Image downloaded, without the base map.")
    file = tmp_path / "map.png"
    caught.value.save_as(file)
    with Image.open(file) as image:
        boxes = [page.locator(f"#{name}").bounding_box() for name in ("map", "map-beside")]
        shown = [box for box in boxes if box]
        width = max(box["x"] + box["width"] for box in shown) - min(box["x"] for box in shown)
        assert image.width == pytest.approx(2 * width, abs=2)
        assert image.height > 2 * shown[0]["height"] + 200
        assert image.format == "PNG"
        # Cividis from end to end along some row below the map, where the legend begins.
        pixels = image.convert("RGB").load()
        assert pixels
        rows = range(2 * round(shown[0]["height"]), image.height)
        assert any(_runs_from_blue_to_yellow(pixels, image.width, y) for y in rows)
        middle = image.convert("RGB").crop(
            (0, image.height // 4, image.width, image.height * 3 // 4)
        )
        assert len(middle.getcolors(1 << 24) or []) > 100


def _runs_from_blue_to_yellow(pixels: Any, width: int, y: int) -> bool:
    red, _, blue = pixels[52, y]
    return red < 20 and blue > 60 and any(_is_yellow(pixels[x, y]) for x in range(52, width, 2))


def _is_yellow(colour: tuple[int, int, int]) -> bool:
    red, green, blue = colour
    return red > 240 and green > 220 and blue < 100


@pytest.fixture
def elsewhere(site: str, tmp_path: Path) -> Iterator[str]:
    """Another site, whose page holds the map in a frame."""
    (tmp_path / "index.html").write_text(
        f'<!doctype html><title>x</title><link rel="icon" href="data:,">'
        f'<iframe title="map" width="1000" height="700" src="{site}/?embed=1&attribute=lively">'
        "</iframe>"
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_inside_of_another_page(visit: OpenSite, elsewhere: str, site: str) -> None:
    visited = visit(address=elsewhere)
    page = visited.open("/")
    frame = page.frame_locator("iframe")
    expect(frame.locator(".area[fill^=rgb]").first).to_be_visible()
    for hidden in ("#nav", "#tools", "#controls", "#legend .legend-source"):
        expect(frame.locator(hidden)).to_be_hidden()
    expect(frame.locator("#legend .ends")).to_be_visible()
    out = frame.get_by_role("link", name="Abrir en Mirada")
    expect(out).to_have_attribute("href", "/?attribute=lively")
    expect(out).to_have_attribute("target", "_blank")
    frame.locator("#attribute").select_option("beautiful")
    expect(out).to_have_attribute("href", "/?attribute=beautiful")
    visited.requests[:] = [url for url in visited.requests if not url.startswith(site)]


def test_only_the_embedded_map_may_be_framed(visit: OpenSite, site: str) -> None:
    page = visit().page
    for path, framed in (("/?embed=1", True), ("/", False), ("/gallery?embed=1", False)):
        headers = page.request.get(site + path).headers
        policy = headers["content-security-policy"]
        assert ("frame-ancestors *" in policy) == framed, path
        assert ("x-frame-options" not in headers) == framed, path


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations(visit: OpenSite, size: str, scheme: str) -> None:
    visited = visit(size, color_scheme=scheme, bypass_csp=True)
    pages = [("/?embed=1&only=safety:3-10", None), ("/?only=safety:3-10", "Filtrar")]
    for path, tool in pages:
        page = begin(visited, path, tool) if tool else visited.open(path)
        axe.check(page, path)
