"""The map as people use it: by pointer, by keyboard, and by its address."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from app.attributes import ATTRIBUTES, KEYS
from tests.browser.city import COMUNAS, City
from tests.browser.conftest import OpenSite
from tests.browser.numbers import spanish

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PROVIDENCIA = "path[data-code='13123']"
SENTENCES = {
    "es": r"Una foto al azar de Providencia se ve más segura que \d+ de cada 100 de Santiago",
    "en": r"A random photo of Providencia looks safer than \d+ of every 100 of Santiago",
}
PIXELS = """() => {
  let hash = 0, painted = 0;
  for (const canvas of document.querySelectorAll(".map canvas")) {
    if (canvas.width === 0) continue;
    const copy = new OffscreenCanvas(canvas.width / 2, canvas.height / 2);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, copy.width, copy.height);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue;
      painted += 1;
      hash = (hash * 31 + data[i] * 65536 + data[i + 1] * 256 + data[i + 2]) | 0;
    }
  }
  return [painted, hash];
}"""
FILLS = """() => JSON.stringify([...document.querySelectorAll(".area")].map(
  (area) => [area.dataset.code, area.getAttribute("fill")]))"""


def colours(page: Page, mode: str) -> str:
    return str(page.evaluate(FILLS if mode == "comuna" else PIXELS))


@pytest.mark.parametrize("mode", ["comuna", "cells", "photos"])
def test_attributes_and_languages_switch_without_a_request(visit: OpenSite, mode: str) -> None:
    site = visit()
    page = site.open(f"/?show={mode}")
    if mode != "comuna":
        painted, _ = page.evaluate(PIXELS)
        assert painted > 800
    before = len(site.requests)
    seen = {}
    for attribute in ATTRIBUTES:
        page.select_option("#attribute", attribute.key)
        seen[attribute.key] = colours(page, mode)
        for lang in ("en", "es"):
            page.click(f"a[data-lang={lang}]")
            expect(page.locator("html")).to_have_attribute("lang", lang)
            ends = [attribute.least[lang], attribute.most[lang]]
            if attribute.palette == "reversed":
                ends.reverse()
            left, right = (page.locator("#legend .ends span").nth(i) for i in (0, 2))
            expect(left).to_have_text(ends[0])
            expect(right).to_have_text(ends[1])
            assert attribute.label[lang] in page.title()
        assert colours(page, mode) == seen[attribute.key]
    site.settle()
    assert site.requests[before:] == []
    assert len(set(seen.values())) == len(KEYS)


def test_the_first_view(visit: OpenSite) -> None:
    page = visit().open()
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("#modes input:checked")).to_have_value("comuna")
    assert page.locator(".area").count() == 52
    fills = dict(json.loads(page.evaluate(FILLS)))
    coloured = {code for code, fill in fills.items() if fill.startswith("rgb")}
    assert coloured == set(COMUNAS)
    assert fills["13128"] == "url(#hatch)"
    assert sum(fill == "transparent" for fill in fills.values()) >= 40
    expect(page.locator(".demo-line").first).to_be_visible()
    ticks = page.locator("#legend .ticks li").all_inner_texts()
    numbers = [float(tick.replace(",", ".")) for tick in ticks]
    assert numbers[2] == 5
    assert numbers == sorted(numbers)
    scroll = page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    assert scroll[0] <= scroll[1]


def test_nothing_jumps_while_the_page_loads(visit: OpenSite) -> None:
    site = visit()
    site.page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) window.shift += e.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page = site.open()
    assert page.evaluate("window.shift") < 0.02


def test_a_comuna_by_click(visit: OpenSite) -> None:
    page = visit().open()
    page.locator(PROVIDENCIA).hover()
    expect(page.locator(".tip")).to_have_text(
        re.compile(r"Providencia · \d,\d \(\d,\d–\d,\d\) · 60 fotos")
    )
    expect(page.locator("#live")).to_contain_text("Providencia")
    page.locator(PROVIDENCIA).click()
    panel = page.locator("#panel")
    expect(panel).to_contain_text(re.compile(SENTENCES["es"]))
    expect(panel.locator(".bar")).to_have_count(6)
    expect(panel.locator(".bar-interval")).to_have_count(6)
    expect(panel.locator(".photo-column h4")).to_have_text(["Más segura", "Típica", "Menos segura"])
    expect(panel.locator(".photo-card[data-photo]")).to_have_count(9)
    assert "area=comuna/13123" in page.url
    page.click("a[data-lang=en]")
    expect(panel).to_contain_text(re.compile(SENTENCES["en"]))
    panel.locator(".bar").nth(5).click()
    expect(page.locator("#attribute")).to_have_value("beautiful")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_the_sentence_is_copied_with_all_it_takes_to_quote_it(visit: OpenSite) -> None:
    site = visit(permissions=["clipboard-read", "clipboard-write"])
    page = site.open("/?area=comuna/13123")
    page.click("#panel .copy")
    expect(page.locator("#panel .copy")).to_have_text("Copiada")
    text = page.evaluate("navigator.clipboard.readText()")
    assert re.match(SENTENCES["es"], text)
    for part in (r"95 %: \d+–\d+", "60 fotos", "versión demo", r"\d{4}\)", "calles dibujadas"):
        assert re.search(part, text), part


def test_a_comuna_by_keyboard(visit: OpenSite) -> None:
    page = visit().open()
    page.focus("#map")
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''"))
        if names[-1].startswith("Providencia"):
            break
    assert names[-1].startswith("Providencia")
    assert names[0].startswith("Alhué"), "by name"
    expect(page.locator(".tip")).to_contain_text("Providencia")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_contain_text(re.compile(SENTENCES["es"]))
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator(PROVIDENCIA)).to_be_focused()


def test_a_cell_by_click_and_by_keyboard(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = visited.open()
    place = _first_photo(page, site)
    page = visited.open(f"/?show=cells&at=15/{place['lat']}/{place['lon']}")
    page.mouse.click(720, 450)
    expect(page.locator("#panel h2")).to_contain_text("Cuadro de")
    assert re.search(r"cell=\d+/\d+/\d+", page.url)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.focus("#map")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_contain_text("Cuadro de")


def test_a_photo_by_click_and_by_keyboard(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = visited.open()
    place = _first_photo(page, site)
    page = visited.open(f"/?show=photos&at=18/{place['lat']}/{place['lon']}")
    dialog = page.locator("dialog#photo")
    page.mouse.click(720, 450)
    expect(dialog.locator("h2")).to_contain_text("Foto en Providencia")
    expect(dialog.locator(".bar")).to_have_count(6)
    expect(dialog.locator(".mark-key")).to_contain_text("Santiago")
    expect(dialog.locator(".mark-key")).to_contain_text("Providencia")
    expect(dialog.locator(".mini .mini-own")).to_be_visible()
    assert f"photo={place['id']}" in page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # The address follows the dialog's `close`, which comes a moment after it is hidden.
    expect(page).not_to_have_url(re.compile("photo="))
    page.focus("#map")
    page.keyboard.press("Enter")
    expect(dialog.locator("h2")).to_contain_text("Foto en Providencia")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("h2")).to_be_visible()
    page.wait_for_url(re.compile(rf"photo=(?!{place['id']}\b)"))


def test_the_arrows_move_the_map_and_the_address_follows(visit: OpenSite) -> None:
    site = visit()
    page = site.open()
    assert "at=" not in page.url
    page.focus("#map")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"at=[\d.]+/-33\.\d+/-70\.\d+"))
    where = page.url
    site.open(where.removeprefix(site.address))
    assert page.url == where
    page.focus("#map")
    page.keyboard.press("ArrowDown")
    page.wait_for_url(lambda url: "at=" in url and url != where)


def test_the_back_button(visit: OpenSite) -> None:
    page = visit().open()
    page.select_option("#attribute", "lively")
    page.locator(PROVIDENCIA).click()
    expect(page.locator("#panel h2")).to_have_text("Providencia")
    page.locator("#modes label", has_text="Cuadrícula").click()
    expect(page.locator("#modes input:checked")).to_have_value("cells")
    page.go_back()
    expect(page.locator("#modes input:checked")).to_have_value("comuna")
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    page.go_back()
    expect(page.locator("#attribute")).to_have_value("safety")
    page.go_forward()
    expect(page.locator("#attribute")).to_have_value("lively")


def test_search_ignores_accents(visit: OpenSite) -> None:
    page = visit().open()
    page.fill("#search-input", "nuno")
    expect(page.locator("#search-list li")).to_have_text(["Ñuñoa"])
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("Ñuñoa")
    page.fill("#search-input", "xyz")
    expect(page.locator("#search-list")).to_have_text("Nada con ese nombre")


@pytest.mark.parametrize(("size", "decimals"), [("desktop", "."), ("phone", ",")])
def test_search_goes_to_coordinates(visit: OpenSite, size: str, decimals: str) -> None:
    visited = visit(size)
    page = visited.open()
    if size == "phone":
        page.locator("#sheet-grip").tap()
    page.fill("#search-input", "-33.4312 -70.6098".replace(".", decimals))
    expect(page.locator("#search-list li")).to_have_text(["Ir a -33.4312, -70.6098"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"at=15/-33\.431\d*/-70\.6\d"))
    expect(page.locator(".here")).to_be_in_viewport()
    expect(page.locator("#map")).to_be_focused()
    if size == "phone":
        expect(page.locator("#sheet")).to_have_attribute("data-stop", "peek")


def test_the_table_says_what_the_map_says(visit: OpenSite, site: str) -> None:
    page = visit().open()
    page.click("#table-button")
    table = page.locator("dialog#table")
    expect(table.locator("tbody tr")).to_have_count(52)
    listed = page.request.get(f"{site}/api/areas/comuna").json()["areas"]
    best = max((a for a in listed if a["shown"]), key=lambda a: a["attributes"]["safety"]["mean"])
    first = table.locator("tbody tr").first
    expect(first.locator("th")).to_have_text(best["name"])
    mean = spanish(best["attributes"]["safety"]["mean"])
    expect(first.locator("td").nth(1)).to_contain_text(f"{mean} (")
    table.locator("thead button", has_text="Comunas").click()
    expect(first.locator("th")).to_have_text("Alhué")
    expect(first).to_contain_text("sin datos")
    table.locator("tbody button", has_text="Maipú").click()
    expect(table).to_be_hidden()
    expect(page.locator("#panel h2")).to_have_text("Maipú")


@pytest.mark.parametrize("attribute", ["safety", "boring"])
def test_the_panel_says_how_scores_are_spread(visit: OpenSite, site: str, attribute: str) -> None:
    page = visit().open(f"/?area=comuna/13123&attribute={attribute}")
    counts = page.request.get(f"{site}/api/areas/comuna/13123").json()["histogram"][attribute]
    assert sum(counts) == 60
    said = "; ".join(
        f"de {first // 2} a {first // 2 + 2}: {sum(counts[first : first + 4])}"
        for first in range(0, 20, 4)
    )
    spread = page.locator("#panel .spread")
    expect(spread).to_have_attribute("aria-label", f"Puntajes de sus fotos, de 0 a 10: {said}")
    left = "0 · menos segura" if attribute == "safety" else "10 · más aburrida"
    expect(spread.locator(".ends span").first).to_have_text(left)
    expect(spread.locator("rect:not([height='0'])")).to_have_count(
        1 + sum(count > 0 for count in counts)
    )


def test_few_photos_and_none_say_so(visit: OpenSite) -> None:
    site = visit()
    page = site.open("/?area=comuna/13128")
    expect(page.locator("#panel .notice")).to_contain_text("Pocas fotos: 6.")
    expect(page.locator("#panel .photo-card[data-photo]")).to_have_count(6)
    expect(page.locator("#panel .bar")).to_have_count(0)
    page = site.open("/?area=comuna/13502")
    expect(page.locator("#panel .notice")).to_contain_text("Sin datos: aún no hay fotos de Alhué")
    page = site.open("/?show=photos&at=16/-33.9/-71.3")
    expect(page.locator("#status")).to_have_text("Aún no hay fotos aquí")


def test_newer_data_replaces_the_tiles(visit: OpenSite) -> None:
    site = visit()
    page = site.open("/?show=cells")
    current = next(url for url in site.requests if ".mvt" in url)
    version = re.search(r"/tiles/demo-(\d+)/", current)
    assert version

    def rewound(route: Route) -> None:
        """The server gives an older version today's data, so that it can stand for a newer one."""
        answer: dict[str, Any] = route.fetch().json()
        other = int(version[1]) - 1
        answer["version"] = other
        answer["tiles"] = [
            t.replace(f"demo-{version[1]}", f"demo-{other}") for t in answer["tiles"]
        ]
        route.fulfill(json=answer)

    page.route("**/tiles.json*", rewound)
    before = len(site.requests)
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(400)
    site.settle()
    later = site.requests[before:]
    assert any(f"/tiles/demo-{int(version[1]) - 1}/" in url for url in later)
    assert any("/api/areas/comuna" in url and "geojson" not in url for url in later)
    painted, _ = page.evaluate(PIXELS)
    assert painted > 800


def test_a_base_map_out_of_reach_is_asked_for_once(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = visited.page

    def with_basemap(route: Route) -> None:
        body = route.fetch().text()
        assert '"url": ""' in body
        route.fulfill(
            body=body.replace('"url": ""', f'"url": "{site}/nowhere/{{z}}/{{x}}/{{y}}"'),
            content_type="text/html",
        )

    page.route(re.compile(rf"^{re.escape(site)}/$"), with_basemap)
    visited.open()
    page.click(".leaflet-control-zoom-in")
    visited.settle()
    assert len([url for url in visited.requests if "/nowhere/" in url]) == 1
    assert page.locator(".area[fill^=rgb]").count() == len(COMUNAS)
    assert len(visited.complaints) == 1
    visited.complaints.clear()


def _first_photo(page: Page, site: str) -> dict[str, Any]:
    """The photo that is most alone is not needed: the nearest dot to itself is its own."""
    query = "layer=comuna&area=13123&attribute=safety&order=most&limit=1"
    photo: dict[str, Any] = page.request.get(f"{site}/api/photos?{query}").json()["photos"][0]
    return photo


def test_the_city_counts(city: City, site: str, visit: OpenSite) -> None:
    page = visit().open("/?show=photos")
    expect(page.locator("#legend .legend-caption")).to_have_text(
        f"{city.photos} fotos a la vista, por su puntaje La línea es toda Santiago."
    )


@pytest.mark.parametrize("path", ["**/api/areas/comuna/13123", "**/api/photos?*"])
def test_a_panel_says_what_of_it_did_not_come(visit: OpenSite, path: str) -> None:
    visited = visit()
    visited.page.route(path, lambda route: route.fulfill(status=503, json={"detail": "Cerrado."}))
    page = visited.open("/?area=comuna/13123")
    expect(page.locator("#panel h2")).to_have_text("Providencia")
    expect(page.locator("#panel")).to_contain_text("No se pudo cargar: Cerrado.")
    expect(page.locator("#panel .bar")).to_have_count(6)
    assert visited.complaints
    assert all("503" in each for each in visited.complaints)
    visited.complaints.clear()
