"""The pages for everyone: what axe-core finds, twice the letters, no script, a slow line."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from app import card
from tests import cards
from tests.browser import axe
from tests.browser.city import COMUNAS
from tests.browser.conftest import SIZES, OpenSite

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PATHS = (
    "/",
    "/?area=comuna/13123&lang=en",
    "/?attribute=boring&show=cells",
    "/?show=photos&at=14/-33.43/-70.61",
    "/?zone=cvg_uN3oisGo8E",
    "/?table=1",
    "/?photo={photo}",
    "/?show=cells&at=12/-36.2/-73.2",
    "/gallery",
    "/gallery?lang=en&area=13123",
    "/about",
    "/admin/sign-in",
)
READ = ("/", "/?area=comuna/13123", "/?table=1", "/gallery", "/about", "/nowhere")
SHIFT = """() => new Promise((resolve) => {
  const moved = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput)
        moved.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 80))]);
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(moved), 300);
})"""
MOST_SHIFT = 0.05
TAB_STOPS = (
    ".skip-link",
    "#card .brand",
    "#attribute",
    ".intro a",
    "#modes input:checked",
    "#search-input",
    "#locate",
    "#legend .bin[tabindex='0']",
    "#table-button",
    "#nav a[href^='/gallery']",
    "#nav a[href^='/about']",
    "#nav a[data-lang=es]",
    "#nav a[data-lang=en]",
    "#tools-button",
    "#map",
    "#map .leaflet-control-zoom-in",
    "#map .leaflet-control-zoom-out",
    "#panel .close",
    "#panel .copy",
    "#panel .bar",
)
RINGED = """(node) => [node, node.nextElementSibling].some((one) => {
  const { outlineStyle, outlineWidth } = one ? getComputedStyle(one) : {};
  return one && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
})"""
PANNED = """() => {
  window.panned = false;
  const pane = document.querySelector("#map .leaflet-map-pane");
  new MutationObserver(() => {
    window.panned ||= pane.classList.contains("leaflet-pan-anim");
  }).observe(pane, { attributes: true });
}"""


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations(visit: OpenSite, site: str, size: str, scheme: str) -> None:
    visited = visit(size, color_scheme=scheme, bypass_csp=True)
    found = visited.page.request.get(f"{site}/api/photos?layer=comuna&area=13123&limit=1").json()
    for path in PATHS:
        page = visited.open(path.format(photo=found["photos"][0]["id"]))
        axe.check(page, path)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations_in_a_model_card(
    visit: OpenSite, tmp_path: Path, size: str, scheme: str
) -> None:
    """On the page and as a file, with all that is folded open."""
    file = tmp_path / "card.html"
    described = cards.manifest(demo=True)
    described["metrics"]["safety"] = cards.figure(None, 12)
    file.write_text(card.html(described), encoding="utf-8")
    on_page = visit(size, color_scheme=scheme, bypass_csp=True)
    for visited, path in (
        (on_page, "/about"),
        (visit(size, color_scheme=scheme, address="file://"), str(file)),
    ):
        page = visited.open(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        axe.check(page, path)


def test_no_violations_on_a_page_that_is_not_there(visit: OpenSite) -> None:
    visited = visit(bypass_csp=True)
    axe.check(visited.open("/nowhere"), "/nowhere")
    visited.complaints.clear()


@pytest.mark.parametrize("path", READ)
def test_at_twice_the_size_all_is_there(visit: OpenSite, path: str) -> None:
    """A window of 1280 px at 200 % is one of 640 px: nothing is cut off or beside it."""
    visited = visit(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page = visited.open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    for text in page.locator("h1, h2, nav a, nav button").filter(visible=True).all():
        text.scroll_into_view_if_needed()
        box = text.bounding_box()
        assert box is not None
        assert box["x"] >= 0, text
        assert box["x"] + box["width"] <= 640, text
    if path == "/nowhere":
        visited.complaints.clear()


@pytest.mark.parametrize("lang", ["es", "en"])
def test_without_javascript_the_map_is_a_table(visit: OpenSite, lang: str) -> None:
    visited = visit(java_script_enabled=False)
    page = visited.open(f"/?lang={lang}")
    table = page.locator(".scriptless table")
    expect(table).to_be_visible()
    expect(table.locator("thead th")).to_have_count(8)
    row = table.get_by_role("row").filter(has_text="Providencia")
    comma = "," if lang == "es" else r"\."
    expect(row).to_have_text(
        re.compile(rf"Providencia\s*60\s*\d{comma}\d\s*\(\d{comma}\d–\d{comma}\d\)")
    )
    few = table.get_by_role("row").filter(has_text="Renca")
    expect(few).to_contain_text("pocas fotos" if lang == "es" else "few photos")
    names = table.locator("tbody th").all_inner_texts()
    assert names.index("Ñuñoa") < names.index("Padre Hurtado")
    # What the page wanted to have early is a script, which this browser does not take.
    assert all("/assets/map-" in complaint for complaint in visited.complaints)
    visited.complaints.clear()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ["/", "/gallery", "/about"])
def test_nothing_moves_while_it_loads(visit: OpenSite, path: str, size: str) -> None:
    moved = visit(size).open(path).evaluate(SHIFT)
    assert sum(value for value, *_ in moved) <= MOST_SHIFT, moved


def test_a_slow_line_says_what_it_waits_for(visit: OpenSite) -> None:
    """Outlines are there and the areas' figures are not; then they come and the line goes."""
    visited = visit()
    page = visited.page
    held: list[Route] = []
    # Playwright marks what it is given to call, and the list's own method takes no mark.
    page.route(re.compile(r"/api/areas/comuna(\?|$)"), lambda route: held.append(route))
    page.goto(visited.address)
    expect(page.locator("#status")).to_have_text("Cargando…")
    expect(page.locator("#sentence")).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.locator("#status")).to_be_hidden()
    expect(page.locator(".area[fill^=rgb]")).to_have_count(len(COMUNAS))


def test_tab_goes_through_the_page_in_its_order_and_is_seen(visit: OpenSite) -> None:
    page = visit().open("/?show=cells&area=comuna/13123")
    for stop in TAB_STOPS:
        page.keyboard.press("Tab")
        focused = page.locator(stop).first
        expect(focused).to_be_focused()
        assert focused.evaluate(RINGED), stop


def test_what_the_tools_open_is_left_by_escape_to_where_it_was_opened(visit: OpenSite) -> None:
    """Filter, difference, second map: each takes the keyboard and gives it back."""
    visited = visit()
    page = visited.open("/")
    button = page.locator("#tools-button")
    for place, inside in (
        ("Filtrar", "#ranges input"),
        ("Diferencia", "#difference-attribute"),
        ("Comparar", "#beside-attribute"),
    ):
        button.focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name=place, exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.locator(inside).first).to_be_focused()
        expect(page.locator("#tools-list")).to_be_hidden()
        visited.settle()
        page.keyboard.press("Escape")
        expect(button).to_be_focused()
        expect(page.locator(inside).filter(visible=True)).to_have_count(0)
    button.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#tools-list")).to_be_hidden()


@pytest.mark.parametrize(("wish", "moves"), [("reduce", False), ("no-preference", True)])
def test_who_asks_for_less_motion_gets_none(visit: OpenSite, wish: str, *, moves: bool) -> None:
    page = visit(reduced_motion=wish).open("/?at=13/-33.43/-70.61")
    page.evaluate(PANNED)
    page.focus("#map")
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(re.compile(r"at=13/-33\.43/-70\.61$"))
    assert page.evaluate("window.panned") is moves
