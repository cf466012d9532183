"""The map on a phone: a bar on top, a strip at the bottom, and a sheet that holds the rest."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenSite

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def height(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box
    return box["height"]


def test_bar_strip_and_sheet(visit: OpenSite) -> None:
    page = visit("phone").open()
    assert height(page, "#sentence") == 56
    assert height(page, "#sheet") == 64
    expect(page.locator("#strip .ends")).to_contain_text("menos segura")
    page.tap("#sheet-grip")
    expect(page.locator("#sheet")).to_have_attribute("data-stop", "half")
    expect(page.locator("#modes")).to_be_in_viewport()
    page.tap("#sheet-grip", position={"x": 190, "y": 12})
    expect(page.locator("#sheet")).to_have_attribute("data-stop", "peek")


def test_the_sheet_is_dragged_to_its_three_stops(visit: OpenSite) -> None:
    page = visit("phone").open()
    for to_y, stop in ((420, "half"), (120, "full"), (830, "peek")):
        box = page.locator("#sheet").bounding_box()
        assert box
        page.mouse.move(195, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(195, (box["y"] + to_y) / 2, steps=4)
        page.mouse.move(195, to_y, steps=4)
        page.mouse.up()
        expect(page.locator("#sheet")).to_have_attribute("data-stop", stop)


def test_a_tap_on_a_comuna_opens_the_sheet_with_its_sentence(visit: OpenSite) -> None:
    page = visit("phone").open()
    page.locator("path[data-code='13119']").tap()
    expect(page.locator("#sheet")).to_have_attribute("data-stop", "half")
    expect(page.locator("#sheet .quote p")).to_be_in_viewport()
    expect(page.locator("#sheet .quote p")).to_have_text(
        re.compile(r"Una foto al azar de Maipú se ve más segura que \d+ de cada 100 de Santiago\.")
    )
    expect(page.locator(".tip")).to_be_hidden()
    page.locator("#sheet .panel .close").tap()
    expect(page.locator("#sheet")).to_have_attribute("data-stop", "peek")


def test_a_photo_fills_the_phone(visit: OpenSite) -> None:
    page = visit("phone").open("/?area=comuna/13123")
    card = page.locator("#sheet .photo-card[data-photo]").first
    card.scroll_into_view_if_needed()
    card.tap()
    expect(page.locator("dialog#photo h2")).to_have_text("Foto en Providencia")
    assert page.locator("dialog#photo").bounding_box() == {
        "x": 0,
        "y": 0,
        "width": 390,
        "height": 844,
    }


@pytest.mark.parametrize("size", [(390, 844), (360, 640)])
@pytest.mark.parametrize("path", ["/?area=comuna/13201", "/?zone=cvg_uN3oisGo8E"])
def test_what_is_chosen_is_seen_above_the_sheet(
    visit: OpenSite, size: tuple[int, int], path: str
) -> None:
    width, height = size
    page = visit("phone", viewport={"width": width, "height": height}).open(path)
    expect(page.locator("#sheet")).to_have_attribute("data-stop", "half")
    shape = page.locator(".outline-selected").first.bounding_box()
    bar = page.locator("#card").bounding_box()
    sheet = page.locator("#sheet").bounding_box()
    assert shape
    assert bar
    assert sheet
    assert bar["y"] + bar["height"] <= shape["y"]
    assert shape["y"] + shape["height"] <= sheet["y"]
    assert 0 <= shape["x"] <= shape["x"] + shape["width"] <= width


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?area=comuna/13123",
        "/?zone=cvg_uN3oisGo8E",
        "/?table=1",
        "/gallery",
        "/about",
        "/admin/sign-in",
        "/nowhere",
    ],
)
@pytest.mark.parametrize("width", [360, 390])
def test_nothing_is_wider_than_the_phone(visit: OpenSite, path: str, width: int) -> None:
    visited = visit("phone", viewport={"width": width, "height": 780})
    page = visited.open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if path == "/nowhere":
        assert [complaint for complaint in visited.complaints if "404" in complaint]
        visited.complaints.clear()


def test_the_parts_go_back_when_the_window_grows(visit: OpenSite) -> None:
    page = visit("phone").open()
    page.set_viewport_size({"width": 1024, "height": 768})
    expect(page.locator("#card #controls #modes")).to_be_visible()
    expect(page.locator(".left > #legend")).to_be_visible()
    expect(page.locator("#sheet")).to_be_hidden()
