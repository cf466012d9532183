"""A layer of 5,041 areas: painted from tiles, and found by pointer, keyboard, search and table."""

import io
import math
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.attributes import KEYS
from tests.browser import zones
from tests.browser.conftest import OpenSite, Visit, serving
from tests.conftest import copied
from tests.mosaic import mosaic

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CLOSE = 14
CITY = "/?show=zone&at=10.5/-33.475/-70.65"
# Colours of what is painted, each with its number of pixels, of a canvas of the page's own density.
COLOURS = """() => {
  const seen = {};
  for (const canvas of document.querySelectorAll(".leaflet-areas-pane canvas")) {
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue;
      const colour = [data[i], data[i + 1], data[i + 2]].join();
      seen[colour] = (seen[colour] ?? 0) + 1;
    }
  }
  return seen;
}"""
LINE = (11, 22, 34)


def near(page: Page, wanted: tuple[int, int, int]) -> int:
    """Pixels of a colour, or of what half-transparent paint makes of it."""
    colours: dict[str, int] = page.evaluate(COLOURS)
    return sum(
        number
        for colour, number in colours.items()
        if math.dist(wanted, [int(part) for part in colour.split(",")]) < 4
    )


@pytest.fixture(scope="module")
def zoned_site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with copied(server_url) as url:
        assert zones.fill(url) == 1
        folder = tmp_path_factory.mktemp("zones")
        with serving(url, folder / "data", tmp_path_factory.mktemp("zones-server")) as address:
            yield address


def numbered(number: int) -> tuple[str, float, float]:
    """Code, longitude and latitude of an area's inside."""
    row = mosaic()[number - 1]
    inside = row.shape.representative_point()
    return row.code, inside.x, inside.y


def pick(kind: str) -> tuple[str, float, float]:
    """An area in the middle of the city: one that is shown, or one with too few photos, or none."""
    fits = {
        "shown": lambda n: not zones.is_few(n) and not zones.has_none(n),
        "few": zones.is_few,
        "none": zones.has_none,
    }[kind]
    return numbered(next(number for number in range(2485, 5041) if fits(number)))


def at(lon: float, lat: float, zoom: int = CLOSE) -> str:
    return f"/?show=zone&at={zoom}/{lat:.5f}/{lon:.5f}"


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def opened(visited: Visit, path: str) -> Page:
    page = visited.open(path)
    expect(page.locator(".leaflet-areas-pane canvas").first).to_be_attached()
    visited.settle()
    return page


def test_the_whole_city_is_painted_from_tiles(visit: OpenSite, zoned_site: str) -> None:
    visited = visit(address=zoned_site)
    page = opened(visited, CITY)
    assert page.locator("path.area").count() == 0
    assert not any("geojson" in url for url in visited.requests)
    assert any("/tiles/areas/zone-" in url for url in visited.requests)
    assert sum("/api/areas/zone" in url for url in visited.requests) == 1
    colours = page.evaluate(COLOURS)
    assert sum(colours.values()) > 100_000
    assert len(colours) > 50


def test_attributes_switch_without_a_request(visit: OpenSite, zoned_site: str) -> None:
    visited = visit(address=zoned_site)
    page = opened(visited, CITY)
    before = len(visited.requests)
    seen = set()
    for key in KEYS:
        page.select_option("#attribute", key)
        visited.settle()
        seen.add(str(sorted(page.evaluate(COLOURS).items())))
    assert visited.requests[before:] == []
    assert len(seen) == len(KEYS)


def test_an_area_by_pointer(visit: OpenSite, zoned_site: str) -> None:
    code, lon, lat = pick("shown")
    visited = visit(address=zoned_site)
    page = opened(visited, at(lon, lat))
    before = near(page, LINE)
    page.mouse.move(*middle(page))
    expect(page.locator(".tip")).to_have_text(re.compile(rf"Zona {code} · \d,\d .* · 30 fotos"))
    # The line around it.
    assert near(page, LINE) > before + 100
    page.mouse.click(*middle(page))
    expect(page.locator("#panel")).to_contain_text(f"Zona {code}")
    expect(page.locator("#panel .bar")).to_have_count(6)
    assert f"area=zone/{code}" in page.url
    page.locator("#card h1").hover()
    visited.settle()
    assert near(page, LINE) > before + 100
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert near(page, LINE) == before


@pytest.mark.parametrize(("kind", "words"), [("few", r"pocas fotos \(5\)"), ("none", "sin datos")])
def test_few_photos_are_hatched_and_none_is_an_outline(
    visit: OpenSite, zoned_site: str, kind: str, words: str
) -> None:
    code, lon, lat = pick(kind)
    page = opened(visit(address=zoned_site), at(lon, lat, 17))
    left, top = middle(page)
    inside = page.screenshot(clip={"x": left - 15, "y": top - 15, "width": 30, "height": 30})
    seen = Image.open(io.BytesIO(inside)).convert("RGB").getcolors()
    page.mouse.move(left, top)
    expect(page.locator(".tip")).to_contain_text(f"Zona {code}")
    expect(page.locator(".tip")).to_contain_text(re.compile(words, re.IGNORECASE))
    assert seen is not None
    assert (len(seen) > 1) is (kind == "few")


def test_an_area_by_keyboard(visit: OpenSite, zoned_site: str) -> None:
    """The crosshair stands for the pointer, as it does for squares and photos."""
    code, lon, lat = pick("shown")
    visited = visit(address=zoned_site)
    page = opened(visited, at(lon, lat))
    page.focus("#map")
    page.keyboard.press("ArrowRight")
    visited.settle()
    page.keyboard.press("ArrowLeft")
    visited.settle()
    expect(page.locator("#live")).to_contain_text(f"Zona {code}")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_contain_text(f"Zona {code}")
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#map")).to_be_focused()


def test_an_area_by_its_name(visit: OpenSite, zoned_site: str) -> None:
    visited = visit(address=zoned_site)
    page = opened(visited, CITY)
    page.fill("#search-input", "zona 02501")
    expect(page.locator("#search-list li").first).to_contain_text("Zona 02501")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_contain_text("Zona 02501")
    visited.settle()
    zoom = float(re.search(r"at=([\d.]+)/", page.url)[1])  # type: ignore[index]
    assert zoom >= 12
    assert near(page, LINE) > 100


def test_the_table_lists_them_all(visit: OpenSite, zoned_site: str) -> None:
    page = opened(visit(address=zoned_site), CITY)
    page.click("#table-button")
    rows = page.locator("dialog#table tbody tr")
    expect(rows).to_have_count(len(mosaic()))
    expect(rows.first).to_contain_text(re.compile(r"Zona \d{5}"))


def test_a_photo_needs_no_file_of_all_areas(visit: OpenSite, zoned_site: str) -> None:
    visited = visit(address=zoned_site)
    page = visited.open("/?photo=1")
    expect(page.locator("dialog#photo h2")).to_contain_text("Zona 00001")
    expect(page.locator("#mini .mini-dot")).to_be_attached()
    visited.settle()
    assert not any("geojson" in url for url in visited.requests)


def test_another_kind_of_map_leaves_outlines_alone(visit: OpenSite, zoned_site: str) -> None:
    visited = visit(address=zoned_site)
    _, lon, lat = pick("shown")
    page = opened(visited, at(lon, lat))
    filled = sum(page.evaluate(COLOURS).values())
    page.locator("#modes input[value=cells]").check(force=True)
    visited.settle()
    assert 0 < sum(page.evaluate(COLOURS).values()) < 0.2 * filled
    page.mouse.move(*middle(page))
    visited.settle()
    expect(page.locator(".tip")).to_be_hidden()
