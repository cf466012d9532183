"""The legend: what it counts, against whom, and how its bars filter the map."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import OpenSite
from tests.browser.test_map import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BARS = "#legend .bin"
CHIP = "#legend .chip"
SWITCHED = """async (keys) => {
  const select = document.querySelector("#attribute");
  const took = [];
  for (const key of keys) {
    const from = performance.now();
    select.value = key;
    select.dispatchEvent(new Event("change"));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    took.push(performance.now() - from);
  }
  return took;
}"""


def only(page: Page) -> str | None:
    return parse_qs(urlsplit(page.url).query).get("only", [None])[0]


def becomes(page: Page, ranges: str | None) -> None:
    """The address follows a key within a moment."""
    for _ in range(40):
        if only(page) == ranges:
            return
        page.wait_for_timeout(50)
    assert only(page) == ranges


def heights(page: Page, selector: str) -> list[float]:
    """Shares of all, from a chart's bars."""
    found = page.locator(f"{selector} rect").evaluate_all(
        "(bars) => bars.map((bar) => Number(bar.getAttribute('height')))"
    )
    return [float(height) for height in found]


def counts(page: Page) -> list[int]:
    labels = page.locator(BARS).evaluate_all("(bars) => bars.map((bar) => bar.ariaLabel)")
    return [int(label.rsplit(" ", 1)[1].replace(".", "")) for label in labels]


def filled(page: Page) -> set[str]:
    codes: Iterable[str] = page.locator(".area[fill^=rgb]").evaluate_all(
        "(areas) => areas.map((area) => area.dataset.code)"
    )
    return set(codes)


def test_a_bar_keeps_only_what_is_in_it(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = visited.open("/")
    areas = page.request.get(f"{site}/api/areas/comuna").json()["areas"]
    means = {a["code"]: a["attributes"]["safety"]["mean"] for a in areas if a["shown"]}
    expect(page.locator("#legend .legend-caption")).to_have_text(
        f"{len(means)} comunas, por su promedio"
    )
    before = len(visited.requests)
    numbers = counts(page)
    assert sum(numbers) == len(means)
    bar = page.locator(BARS).nth(next(i for i, n in enumerate(numbers) if n))
    low, high = (
        float(edge.replace(",", "."))
        for edge in re.findall(r"\d+(?:,\d+)?", bar.get_attribute("aria-label") or "")[:2]
    )
    bar.click()
    assert filled(page) == {code for code, mean in means.items() if low <= mean < high}
    assert only(page) == f"safety:{low:g}-{high:g}"
    expect(page.locator(CHIP)).to_have_text(re.compile(r"segura \d"))
    assert counts(page) == numbers, "the bars still show what else there is"
    # It stays when another attribute colours the map: what is in the bar, by another measure.
    page.select_option("#attribute", "lively")
    assert filled(page) == {code for code, mean in means.items() if low <= mean < high}
    assert sum(counts(page)) == len(filled(page))
    page.go_back()
    page.locator(CHIP).click()
    assert filled(page) == set(means)
    assert only(page) is None
    page.go_back()
    expect(page.locator(CHIP)).to_be_visible()
    assert visited.requests[before:] == []


def test_bars_are_dragged_over(visit: OpenSite) -> None:
    page = visit().open("/?show=photos")
    all_photos = sum(counts(page))
    row = page.locator("#legend .bin-row").bounding_box()
    assert row
    y = row["y"] + 20
    page.mouse.move(row["x"] + row["width"] * 0.51, y)
    page.mouse.down()
    page.mouse.move(row["x"] + row["width"] * 0.7, y, steps=3)
    page.mouse.move(row["x"] + row["width"] * 0.99, y, steps=3)
    page.mouse.up()
    assert only(page) == "safety:5-10"
    kept = sum(counts(page)[10:])
    expect(page.locator("#legend .legend-caption")).to_contain_text(f"{kept} de {all_photos} fotos")


@pytest.mark.parametrize("mode", ["cells", "photos"])
def test_what_is_left_out_is_not_drawn(visit: OpenSite, mode: str) -> None:
    visited = visit()
    page = visited.open(f"/?show={mode}")
    painted, _ = page.evaluate(PIXELS)
    page.goto(f"{page.url}&only=safety:5-10")
    visited.settle()
    expect(page.locator(CHIP)).to_be_visible()
    half, _ = page.evaluate(PIXELS)
    assert 0.2 * painted < half < 0.8 * painted
    page.locator(CHIP).click()
    visited.settle()
    assert page.evaluate(PIXELS)[0] == painted


def test_bars_by_keyboard(visit: OpenSite) -> None:
    page = visit().open("/?show=photos")
    page.locator("#legend .bin[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    becomes(page, "safety:1-1.5")
    expect(page.locator(BARS).nth(2)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Enter")
    becomes(page, "safety:1-2")
    page.locator(CHIP).focus()
    page.keyboard.press("Enter")
    becomes(page, None)


def test_bars_of_a_reversed_attribute(visit: OpenSite) -> None:
    page = visit().open("/?show=photos&attribute=boring")
    page.locator(BARS).first.click()
    assert only(page) == "boring:9.5-10"


def test_photos_in_view_against_those_of_the_city(visit: OpenSite, site: str) -> None:
    visited = visit()
    page = visited.open("/?show=cells&at=14/-33.43/-70.61")
    with page.expect_response("**/api/histogram?bbox=*") as caught:
        page.reload()
    answer: dict[str, Any] = caught.value.json()
    expect(page.locator("#legend .legend-city")).to_contain_text(f"{answer['n']} fotos a la vista")
    shares = answer["attributes"]["safety"]
    drawn = heights(page, "#legend .legend-city")
    assert [height > 0 for height in drawn] == [n > 0 for n in shares]
    assert drawn.index(max(drawn)) == shares.index(max(shares))
    expect(page.locator("#legend .legend-city .reference")).to_be_attached()
    city = page.request.get(f"{site}/api/histogram").json()
    assert city["n"] > answer["n"]
    before = len(visited.requests)
    page.select_option("#attribute", "boring")
    turned = heights(page, "#legend .legend-city")
    boring = answer["attributes"]["boring"][::-1]
    assert [height > 0 for height in turned] == [n > 0 for n in boring]
    assert visited.requests[before:] == []


def test_the_whole_city_is_not_compared_with_itself(visit: OpenSite) -> None:
    visited = visit()
    page = visited.open("/")
    page.wait_for_timeout(600)
    expect(page.locator("#legend .legend-city")).to_have_count(0)
    assert [url for url in visited.requests if "/api/histogram" in url] == []


@pytest.mark.parametrize("path", ["/", "/?show=cells", "/?show=cells&only=lively:2-6"])
def test_an_attribute_is_switched_within_a_tenth_of_a_second(visit: OpenSite, path: str) -> None:
    visited = visit()
    page = visited.open(path)
    keys = ["lively", "boring", "wealthy", "depressing", "beautiful", "safety"]
    before = len(visited.requests)
    took = sorted(page.evaluate(SWITCHED, [*keys, *keys, *keys, "lively", "boring"]))
    assert visited.requests[before:] == []
    assert took[10] <= 100


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations_with_a_filter(visit: OpenSite, size: str, scheme: str) -> None:
    page = visit(size, color_scheme=scheme, bypass_csp=True).open(
        "/?show=cells&at=14/-33.43/-70.61&only=safety:4-10,lively:0-9"
    )
    if size == "phone":
        expect(page.locator("#strip")).to_contain_text("con filtro")
        page.locator("#sheet-grip").tap()
    expect(page.locator(CHIP).first).to_be_visible()
    axe.check(page, "a filter")
