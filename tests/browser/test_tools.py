"""The tools of the map: drawing a zone with a mouse, a finger and the keyboard."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import OpenSite, Visit
from tests.browser.numbers import spanish

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PROVIDENCIA = "/?at=13/-33.43/-70.61"


def zone_of(page: Page) -> str | None:
    return parse_qs(urlsplit(page.url).query).get("zone", [None])[0]


def begin(visited: Visit, tool: str = "Dibujar una zona", path: str = PROVIDENCIA) -> Page:
    page = visited.open(path)
    page.get_by_role("button", name="Herramientas").click()
    page.get_by_role("button", name=tool).click()
    return page


def figures(visited: Visit) -> dict[str, Any]:
    """What the page asked the server last, and the answer to it."""
    with visited.page.expect_response("**/api/query") as caught:
        visited.page.reload()
    visited.settle()
    answer: dict[str, Any] = caught.value.json()
    return answer


def panel_says(page: Page, answer: dict[str, Any]) -> None:
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="Zona dibujada")).to_be_visible()
    expect(panel).to_contain_text(f"{answer['n']} fotos")
    mean = spanish(answer["attributes"]["safety"]["mean"])
    expect(panel.locator(".bar").first).to_contain_text(mean)


def test_closed_until_asked_for(visit: OpenSite) -> None:
    visited = visit()
    page = visited.open("/")
    button = page.get_by_role("button", name="Herramientas")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#tools-list")).to_be_hidden()
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#tools-list")).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize(
    ("lang", "what", "name"),
    [
        ("es", "Descargar lámina (PNG)", "overview.png"),
        ("en", "Download figure (SVG)", "overview.svg"),
        ("en", "Download map (HTML)", "map.html"),
    ],
)
def test_files_to_take_away(visit: OpenSite, lang: str, what: str, name: str) -> None:
    page = visit().open(f"/?lang={lang}")
    page.locator("#tools-button").click()
    with page.expect_download() as caught:
        page.get_by_role("link", name=what).click()
    download = caught.value
    assert download.suggested_filename == name
    assert urlsplit(download.url).query == f"lang={lang}"
    assert download.path().stat().st_size > 20_000


def test_the_address_is_copied(visit: OpenSite) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).open("/?attr=lively")
    page.locator("#tools-button").click()
    page.get_by_role("button", name="Copiar enlace").click()
    expect(page.get_by_role("button", name="Enlace copiado")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_polygon_by_mouse_and_back(visit: OpenSite) -> None:
    visited = visit()
    page = begin(visited)
    before = len([url for url in visited.requests if "/api/query" in url])
    for x, y in ((560, 250), (900, 260), (880, 650)):
        page.mouse.click(x, y)
    expect(page.locator("#drawbar")).to_contain_text("3 esquinas")
    # Through the zone's own border: not taken.
    page.mouse.click(740, 200)
    expect(page.locator("#drawbar")).to_contain_text("se cruzaría")
    page.mouse.click(600, 500)
    page.get_by_role("button", name="Deshacer").click()
    page.mouse.click(560, 650)
    page.mouse.click(561, 251)
    visited.settle()
    expect(page.locator("#drawbar")).to_be_hidden()
    assert before == 0
    assert (zone_of(page) or "").startswith("p")
    answer = figures(visited)
    assert answer["n"] > 20
    panel_says(page, answer)
    assert page.locator("#panel .photo-card img").count() > 0
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert zone_of(page) is None
    page.go_back()
    panel_says(page, answer)


def test_a_double_click_ends_it(visit: OpenSite) -> None:
    visited = visit()
    page = begin(visited)
    page.mouse.click(560, 250)
    page.mouse.click(900, 260)
    page.mouse.dblclick(880, 650)
    visited.settle()
    panel_says(page, figures(visited))
    assert "at=13/" in page.url


def test_a_circle_by_keyboard_alone(visit: OpenSite) -> None:
    visited = visit()
    page = visited.open(PROVIDENCIA)
    page.locator("#tools-button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#map")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("borde")
    radius = page.get_by_label("Radio")
    radius.focus()
    radius.press("Control+a")
    radius.press_sequentially("1500")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Terminar").focus()
    page.keyboard.press("Enter")
    visited.settle()
    expect(page.locator("#panel")).to_be_focused()
    answer = figures(visited)
    assert answer["area_km2"] == pytest.approx(7.0686, abs=0.001)
    panel_says(page, answer)


def test_a_polygon_by_keyboard_alone(visit: OpenSite) -> None:
    visited = visit()
    page = begin(visited)
    for arrows in ("", "Right Right", "Down Down Down"):
        for arrow in arrows.split():
            page.keyboard.press(f"Arrow{arrow}")
            page.wait_for_timeout(80)
        page.keyboard.press("Enter")
    expect(page.locator("#drawbar")).to_contain_text("3 esquinas")
    page.keyboard.press("Backspace")
    expect(page.locator("#drawbar")).to_contain_text("2 esquinas")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    visited.settle()
    panel_says(page, figures(visited))


def test_a_circle_by_touch(visit: OpenSite) -> None:
    visited = visit("phone")
    page = visited.open(PROVIDENCIA)
    page.locator("#tools-button").tap()
    page.get_by_role("button", name="Dibujar un círculo").tap()
    page.touchscreen.tap(195, 400)
    expect(page.get_by_label("Radio")).to_be_visible()
    page.touchscreen.tap(300, 400)
    visited.settle()
    expect(page.locator("#sheet")).to_have_attribute("data-stop", "half")
    panel_says(page, figures(visited))


def test_escape_gives_up(visit: OpenSite) -> None:
    visited = visit()
    page = begin(visited, "Dibujar un círculo")
    page.mouse.click(700, 400)
    page.keyboard.press("Escape")
    expect(page.locator("#drawbar")).to_be_hidden()
    page.mouse.click(720, 400)
    visited.settle()
    assert zone_of(page) is None
    assert "area=comuna" in page.url or "cell=" in page.url


def test_a_zone_without_photos_and_one_that_is_too_large(visit: OpenSite) -> None:
    visited = visit()
    page = begin(visited, "Dibujar un círculo", "/?at=13/-33.2/-71.3")
    page.mouse.click(700, 400)
    page.mouse.click(760, 400)
    visited.settle()
    expect(page.locator("#panel")).to_contain_text("Aún no hay fotos aquí")
    problem = {"status": 422, "code": "too-large", "photos": 812345, "limit": 500000, "detail": "x"}
    page.route("**/api/query", lambda route: route.fulfill(status=422, json=problem))
    page.reload()
    expect(page.locator("#panel")).to_contain_text("pasan 812.345 fotos")
    visited.complaints.clear()


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations_while_drawing(visit: OpenSite, size: str, scheme: str) -> None:
    visited = visit(size, color_scheme=scheme, bypass_csp=True)
    page = visited.open(PROVIDENCIA)
    page.locator("#tools-button").click()
    axe.check(page, "the list of tools")
    page.get_by_role("button", name="Dibujar un círculo").click()
    page.locator("#map").click(position={"x": 200, "y": 420})
    axe.check(page, "a circle that is being drawn")
    page.get_by_role("button", name="Terminar").click()
    visited.settle()
    axe.check(page, "the panel of a zone")
