"""«Comparar»: a second map that moves with the first one and shows something else."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import OpenSite
from tests.browser.numbers import spanish

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FILLS = """(id) => Object.fromEntries([...document.querySelectorAll(`#${id} .area`)].map(
  (area) => [area.dataset.code, area.getAttribute("fill")]))"""
PLACES = """(id) => {
  const map = document.getElementById(id).getBoundingClientRect();
  const whole = (box) => box.left > map.left + 3 && box.right < map.right - 3 &&
    box.top > map.top + 3 && box.bottom < map.bottom - 3;
  return Object.fromEntries([...document.querySelectorAll(`#${id} .area`)]
    .map((area) => [area.dataset.code, area.getBoundingClientRect()])
    .filter(([, box]) => whole(box))
    .map(([code, box]) => [code, [box.left - map.left, box.top - map.top]]));
}"""


def beside(page: Page) -> str | None:
    return parse_qs(urlsplit(page.url).query).get("beside", [None])[0]


def moves_as_one(page: Page) -> None:
    """Areas that are seen whole lie at the same places of both maps, to two pixels."""
    first, second = page.evaluate(PLACES, "map"), page.evaluate(PLACES, "map-beside")
    both = first.keys() & second.keys()
    assert both
    for code in both:
        assert first[code] == pytest.approx(second[code], abs=2), code


@pytest.mark.parametrize("size", ["desktop", "tablet", "phone"])
def test_two_maps_that_move_together(visit: OpenSite, size: str) -> None:
    visited = visit(size)
    page = visited.open("/")
    alone = page.evaluate(FILLS, "map")
    page.locator("#tools-button").click()
    page.get_by_role("button", name="Comparar").click()
    expect(page.locator("#beside-attribute")).to_be_focused()
    page.locator("#beside-attribute").select_option("wealthy")
    visited.settle()
    assert beside(page) == "wealthy"
    assert page.evaluate(FILLS, "map") == alone
    second = page.evaluate(FILLS, "map-beside")
    moves_as_one(page)
    boxes = [page.locator(f"#{name}").bounding_box() for name in ("map", "map-beside")]
    assert boxes[0]
    assert boxes[1]
    apart = boxes[1]["x"] if size == "desktop" else boxes[1]["y"]
    edge = boxes[0]["x"] + boxes[0]["width"] if size == "desktop" else sum(_below(boxes[0]))
    assert apart >= edge - 1, "neither covers the other"
    for name, zoom in (("map", "+"), ("map-beside", "-")):
        page.locator(f"#{name}").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press(zoom)
        visited.settle()
        moves_as_one(page)
    expect(page).to_have_url(re.compile("at="))
    page.select_option("#attribute", "wealthy")
    visited.settle()
    assert page.evaluate(FILLS, "map") == second
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    assert beside(page) is None
    page.go_back()
    expect(page.locator("#beside")).to_be_visible()


def _below(box: Any) -> tuple[float, float]:
    return box["y"], box["height"]


def test_a_place_is_told_of_on_both_maps(visit: OpenSite) -> None:
    visited = visit()
    page = visited.open("/?beside=lively")
    figures = page.request.get(f"{visited.address}/api/areas/comuna/13123").json()["attributes"]
    words = {key: spanish(figures[key]["mean"]) for key in ("safety", "lively")}
    page.locator("#map path[data-code='13123']").hover()
    expect(page.locator("#map .tip")).to_contain_text(f"Providencia · {words['safety']}")
    expect(page.locator("#map-beside .tip")).to_contain_text(f"Providencia · {words['lively']}")
    page.locator("#map-beside path[data-code='13101']").hover()
    expect(page.locator("#map .tip")).to_contain_text("Santiago · ")
    page.locator("#map-beside path[data-code='13101']").click()
    expect(page.locator("#panel h2")).to_have_text("Santiago")
    page.locator("#panel .close").focus()
    # One Escape closes the panel, the next one ends the comparison.
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#beside")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()


def test_from_its_address_and_the_same_button_ends_it(visit: OpenSite) -> None:
    visited = visit()
    page = visited.open("/?show=cells&beside=boring&lang=en")
    expect(page.locator("#beside-strip .ends")).to_contain_text("less boring")
    expect(page.locator("#map-beside canvas").first).to_be_attached()
    before = len(visited.requests)
    page.locator("#beside-attribute").select_option("beautiful")
    expect(page.locator("#beside-strip .ends")).to_contain_text("more beautiful")
    assert visited.requests[before:] == []
    page.locator("#tools-button").click()
    button = page.get_by_role("button", name="Compare")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(page.locator("#beside")).to_be_hidden()
    width = page.locator("#map").bounding_box()
    assert width
    assert width["width"] == 1440


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations(visit: OpenSite, size: str, scheme: str) -> None:
    page = visit(size, color_scheme=scheme, bypass_csp=True).open("/?beside=lively")
    expect(page.locator("#beside-attribute")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe.check(page, "two maps")
