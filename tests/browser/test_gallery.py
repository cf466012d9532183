"""Photos as tiles: orders, filters, and a list of which only a part is in the page."""

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from scipy.stats import spearmanr

from app.db import make_engine, session_factory
from app.demo import synth
from app.imports import areas
from app.imports.recipes import recipe
from tests.browser import axe
from tests.browser.city import City
from tests.browser.conftest import SIZES, OpenSite, serving
from tests.browser.numbers import spanish
from tests.conftest import copied
from tests.words import circle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MANY = 120_000
MOST_ELEMENTS = 700
"""In the whole page, of which a tile has five."""


@pytest.fixture(scope="module")
def crowd(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a map of many photos without images."""
    with copied(server_url) as url:
        engine = make_engine(url)
        factory = session_factory(engine)
        areas.run(factory, areas.by_recipe(recipe("comunas-rm")), city_name="Santiago")
        synth.make(factory, MANY)
        engine.dispose()
        folder = tmp_path_factory.mktemp("crowd")
        with serving(url, folder, folder) as address:
            yield address


def ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path, timeout=20) as answer:
        return json.load(answer)


def there(page: Page) -> list[int]:
    """The photos of the tiles that are there, in the order of the list."""
    found = page.eval_on_selector_all("#tiles [data-photo]", "all => all.map(t => t.dataset.photo)")
    return [int(photo) for photo in found]


def scores(page: Page) -> list[float]:
    texts = page.locator("#tiles .photo-score").all_inner_texts()
    return [float(text.replace(",", ".")) for text in texts]


def elements(page: Page) -> int:
    count: int = page.evaluate("document.querySelectorAll('*').length")
    return count


def all_loaded(page: Page) -> None:
    """After the frame in which scrolling is answered."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    expect(page.locator("#tiles .photo-card").first).to_be_visible()
    expect(page.locator("#tiles .photo-waiting")).to_have_count(0)


def test_the_gallery_follows_attribute_order_and_comuna(visit: OpenSite, city: City) -> None:
    visited = visit()
    page = visited.open("/gallery")
    expect(page.locator("#count")).to_have_text(f"{city.photos} fotos")
    assert scores(page) == sorted(scores(page), reverse=True)
    page.select_option("#attribute", "boring")
    page.check("#order-least")
    page.click("#area")
    page.click("#areas >> text=Providencia")
    expect(page.locator("#count")).to_have_text("60 fotos")
    expect(page.locator("#area")).to_have_value("Providencia")
    visited.settle()
    assert scores(page) == sorted(scores(page))
    assert "attribute=boring&order=least&layer=comuna&area=13123" in page.url
    page.click("a[data-lang=en]")
    expect(page.locator("#count")).to_have_text("60 photos")
    expect(page.locator("#order-most-label")).to_have_text("Most boring")
    page.go_back()
    expect(page.locator("#area")).to_have_value("")
    expect(page.locator("#count")).to_have_text(f"{city.photos} photos")
    page.go_forward()
    expect(page.locator("#area")).to_have_value("Providencia")
    page.click("#area-clear")
    expect(page.locator("#count")).to_have_text(f"{city.photos} photos")


@pytest.mark.parametrize("size", SIZES)
def test_many_photos_are_scrolled_through_with_few_elements(
    visit: OpenSite, crowd: str, size: str
) -> None:
    """Down by screens, then to the middle and to the end, as with the scroll bar."""
    page = visit(size, address=crowd).open("/gallery")
    expect(page.locator("#count")).to_have_text("120.000 fotos")
    all_loaded(page)
    seen, most = set(there(page)), elements(page)
    for _ in range(12):
        page.evaluate("scrollBy(0, innerHeight)")
        all_loaded(page)
        seen.update(there(page))
        most = max(most, elements(page))
    ranked = ask(crowd, "/api/photos?order=most&limit=120")["photos"]
    assert seen >= {photo["id"] for photo in ranked}
    for part, places_near in ((0.5, r"^(59|60)\d{3}$"), (1, r"^1(19|20)\d{3}$")):
        page.evaluate(f"scrollTo(0, {part} * document.documentElement.scrollHeight)")
        # What waits for its photos may be there for a moment only; the places tell of the jump.
        first = page.locator("#tiles li").first
        expect(first).to_have_attribute("aria-posinset", re.compile(places_near))
        all_loaded(page)
        most = max(most, elements(page))
        places = page.eval_on_selector_all(
            "#tiles li", "all => all.map(li => Number(li.ariaPosInSet))"
        )
        assert places == sorted(places)
        skip = places[0] - 1
        assert abs(skip - part * MANY) < 1000
        expected = ask(crowd, f"/api/photos?order=most&skip={skip}&limit={len(places)}")
        assert there(page) == [photo["id"] for photo in expected["photos"]]
    assert most < MOST_ELEMENTS
    expect(page.locator("#more")).to_have_text("No hay más fotos.")


def worst_in_puente_alto(address: str) -> list[int]:
    code = next(
        area["code"]
        for area in ask(address, "/api/areas/comuna")["areas"]
        if area["name"] == "Puente Alto"
    )
    found = ask(address, f"/api/photos?order=least&layer=comuna&area={code}&limit=20")["photos"]
    return [photo["id"] for photo in found]


def test_the_worst_of_a_comuna_in_three_actions_by_mouse(visit: OpenSite, crowd: str) -> None:
    """Three clicks, without typing and without scrolling."""
    visited = visit(address=crowd)
    page = visited.open("/gallery")
    all_loaded(page)
    page.mouse.wheel(0, 0)
    actions = [
        page.locator("#order-least"),
        page.locator("#area"),
        page.locator("#areas li", has_text="Puente Alto"),
    ]
    for target in actions:
        expect(target).to_be_in_viewport(ratio=1)
        target.click()
    expect(page.locator("#area")).to_have_value("Puente Alto")
    visited.settle()
    all_loaded(page)
    assert there(page)[:20] == worst_in_puente_alto(crowd)
    assert "order=least&layer=comuna&area=13201" in page.url


def test_the_worst_of_a_comuna_in_three_actions_by_keyboard(visit: OpenSite, crowd: str) -> None:
    """A word, Enter, and an arrow; Tab leads from one field to the next."""
    visited = visit(address=crowd)
    page = visited.open("/gallery")
    all_loaded(page)
    page.locator("#attribute").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#area")).to_be_focused()
    page.keyboard.type("puente")
    expect(page.locator("#areas li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#area")).to_have_value("Puente Alto")
    page.keyboard.press("Tab")
    if page.locator("#area-clear").evaluate("node => node === document.activeElement"):
        page.keyboard.press("Tab")
    expect(page.locator("#order-most")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#order-least")).to_be_checked()
    visited.settle()
    all_loaded(page)
    assert there(page)[:20] == worst_in_puente_alto(crowd)


def test_the_way_back_leads_to_where_one_was(visit: OpenSite, crowd: str) -> None:
    page = visit(address=crowd).open("/gallery")
    all_loaded(page)
    page.evaluate("scrollTo(0, 400_000)")
    page.wait_for_url(re.compile(r"[?&]at=\d{4,}"))
    all_loaded(page)
    before, address = there(page), page.url
    page.check("#order-least")
    expect(page).not_to_have_url(re.compile("at="))
    expect(page.locator("#position")).to_contain_text("viendo 1 a")
    page.go_back()
    expect(page).to_have_url(address)
    all_loaded(page)
    assert set(there(page)) & set(before)
    page.click(".nav [data-t='nav.about']")
    expect(page.locator("h1")).to_be_visible()
    page.go_back()
    all_loaded(page)
    assert len(set(there(page)) & set(before)) > len(before) / 2
    page.reload()
    all_loaded(page)
    assert len(set(there(page)) & set(before)) > len(before) / 2


def test_arrows_go_through_the_tiles(visit: OpenSite, crowd: str) -> None:
    page = visit(address=crowd).open("/gallery")
    all_loaded(page)

    def place() -> int:
        found: str = page.evaluate("document.activeElement.closest('li')?.ariaPosInSet")
        return int(found)

    page.locator("#tiles .photo-card").first.focus()
    page.keyboard.press("ArrowRight")
    assert place() == 2
    page.keyboard.press("ArrowDown")
    columns = place() - 2
    assert columns >= 4
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    assert place() == 2 + 31 * columns
    all_loaded(page)
    page.keyboard.press("End")
    assert place() == MANY
    all_loaded(page)
    page.keyboard.press("Home")
    assert place() == 1
    assert elements(page) < MOST_ELEMENTS


def test_a_photo_of_the_gallery_by_keyboard(visit: OpenSite) -> None:
    page = visit().open("/gallery")
    page.locator("#tiles .photo-card").nth(3).focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#photo .bar")).to_have_count(6)
    page.keyboard.press("Escape")
    expect(page.locator("dialog#photo")).to_be_hidden()
    expect(page.locator("#tiles .photo-card").nth(3)).to_be_focused()


def test_filters_are_set_shown_and_taken_off(visit: OpenSite, city: City) -> None:
    visited = visit()
    page = visited.open("/gallery")
    page.click("#filters-button")
    page.fill("[data-range=safety][data-end=low]", "6")
    page.keyboard.press("Tab")
    page.fill("[data-range=safety][data-end=high]", "7.5")
    page.keyboard.press("Tab")
    expect(page.locator("#chips .chip")).to_have_text(["segura 6–7,5"])
    visited.settle()
    assert all(6 <= score <= 7.5 for score in scores(page))
    page.fill("[data-range=lively][data-end=high]", "4")
    page.fill("[data-focus=from]", "2025-04-01")
    page.keyboard.press("Tab")
    expect(page.locator("#chips .chip")).to_have_count(3)
    assert "only=safety:6-7.5,lively:0-4&from=2025-04-01" in page.url
    visited.settle()
    total = page.locator("#count").inner_text()
    page.reload()
    expect(page.locator("#count")).to_have_text(total)
    expect(page.locator("#filters-count")).to_have_text("3")
    for left in (2, 1, 0):
        page.locator("#chips .chip").first.click()
        expect(page.locator("#chips .chip")).to_have_count(left)
    expect(page.locator("#count")).to_have_text(f"{city.photos} fotos")
    page.goto(page.url + "?batch=99")
    expect(page.locator("#more")).to_contain_text("Ninguna foto es así.")
    page.click("#more button")
    expect(page.locator("#count")).to_have_text(f"{city.photos} fotos")


def test_a_range_that_is_none_is_not_asked_for(visit: OpenSite) -> None:
    page = visit().open("/gallery")
    page.click("#filters-button")
    page.fill("[data-range=safety][data-end=low]", "6")
    page.keyboard.press("Tab")
    page.fill("[data-range=safety][data-end=high]", "5")
    page.keyboard.press("Tab")
    assert page.locator("[data-range=safety][data-end=high]").evaluate("n => n.validationMessage")
    assert "only=safety:6-10" in page.url


def test_photos_near_the_browser_and_at_random(visit: OpenSite, city: City) -> None:
    site = visit(geolocation={"longitude": -70.61, "latitude": -33.43}, permissions=["geolocation"])
    page = site.open("/gallery")
    page.check("#order-nearest")
    page.wait_for_url("**near=-70.6100,-33.4300*")
    expect(page.locator("#chips .chip")).to_have_text(["a 2 km a la redonda"])
    nearest = ask(site.address, "/api/photos?near=-70.61,-33.43&order=nearest")
    expect(page.locator("#count")).to_have_text(f"{nearest['total']} fotos")
    site.settle()
    assert there(page) == [photo["id"] for photo in nearest["photos"]][: len(there(page))]
    page.check("#order-random")
    page.locator("#chips .chip").click()
    expect(page.locator("#count")).to_have_text(f"{city.photos} fotos")
    site.settle()
    one = there(page)
    page.click("#shuffle")
    page.wait_for_url("**seed=1")
    site.settle()
    assert there(page) != one


def test_a_place_that_is_not_told_changes_nothing(visit: OpenSite) -> None:
    page = visit().open("/gallery")
    page.locator("#order-nearest").click()
    expect(page.locator("#said")).to_have_text("El navegador no dio la ubicación.")
    expect(page.locator("#order-most")).to_be_checked()


def test_a_drawn_zone_leads_to_its_photos_and_back(visit: OpenSite, city: City) -> None:
    """From the panel of the map into the gallery, where its chip leads back and is taken off."""
    visited = visit()
    zone = circle(-70.62, -33.43, 3000)
    page = visited.open(f"/?lang=en&attribute=lively&zone={zone}")
    page.get_by_role("link", name="See its photos").click()
    found = ask(visited.address, f"/api/photos?attribute=lively&order=most&zone={zone}&limit=200")
    expect(page.locator("#count")).to_have_text(f"{found['total']} photos")
    assert 0 < found["total"] < city.photos
    assert f"attribute=lively&zone={zone}" in page.url
    visited.settle()
    assert there(page) == [photo["id"] for photo in found["photos"]][: len(there(page))]
    page.check("#order-least")
    expect(page.locator("#chips .chip")).to_have_text(["drawn zone"])
    back = page.locator("#chips a")
    assert f"zone={zone}" in (back.get_attribute("href") or "")
    page.locator("#chips .chip").click()
    expect(page.locator("#count")).to_have_text(f"{city.photos} photos")
    page.go_back()
    expect(page.locator("#count")).to_have_text(f"{found['total']} photos")
    back.click()
    expect(page.locator("#panel h2")).to_have_text("Drawn zone")


def test_a_zone_that_is_none_is_left_out(visit: OpenSite, city: City) -> None:
    page = visit().open("/gallery?zone=pAAAA")
    expect(page.locator("#count")).to_have_text(f"{city.photos} fotos")
    expect(page.locator("#chips .chip")).to_have_count(0)


def plotted(page: Page) -> Page:
    """With the plot there and its points drawn."""
    expect(page.locator("#pair .plot-point")).to_be_visible()
    return page


def said_correlation(page: Page) -> float:
    text = page.locator("#pair .pair-said").inner_text()
    found = re.search(r"Spearman\): ([−\d,.]+)\.", text)
    assert found, text
    return float(found[1].replace("−", "-").replace(",", "."))


@pytest.mark.parametrize("size", SIZES)
def test_two_attributes_against_each_other(visit: OpenSite, city: City, size: str) -> None:
    visited = visit(size, bypass_csp=True)
    page = visited.open("/gallery?attribute=wealthy")
    assert not [url for url in visited.requests if "/sample" in url]
    page.click("#pair-button")
    plotted(page)
    assert page.url.endswith("?attribute=wealthy&pair=wealthy,safety")
    expect(page.locator("#pair")).to_contain_text(f"Todas las fotos de la lista: {city.photos}.")
    page.select_option("#pair-0", "safety")
    page.wait_for_url("**pair=safety,wealthy")
    page.select_option("#pair-0", "depressing")
    page.wait_for_url("**pair=depressing,wealthy")
    visited.settle()
    drawn = ask(visited.address, "/api/photos/sample?n=1000")["scores"]
    expected = spearmanr(drawn["depressing"], drawn["wealthy"]).statistic
    assert said_correlation(page) == pytest.approx(expected, abs=0.0051)
    assert expected < -0.1
    expect(page.locator("#pair .pair-words")).to_contain_text("menos adinerada")
    axe.check(page, "the plot")
    page.click("a[data-lang=en]")
    expect(page.locator("#pair .pair-words")).to_contain_text("more depressing")
    page.reload()
    plotted(page)
    expect(page.locator("#pair-0")).to_have_value("depressing")
    page.click("#pair .close")
    expect(page.locator("#pair")).to_be_hidden()
    expect(page.locator("#pair-button")).to_be_focused()
    assert "pair" not in page.url
    page.go_back()
    plotted(page)


def test_the_plot_shows_the_list_that_is_there(visit: OpenSite, crowd: str) -> None:
    """A sample of it, and says so; with a filter, one of what is left."""
    visited = visit(address=crowd)
    page = visited.open("/gallery?pair=safety,lively")
    plotted(page)
    said = page.locator("#pair .pair-said")
    expect(said).to_contain_text("Muestra al azar de 1.000 de las 120.000 fotos de la lista.")
    visited.settle()
    drawn = ask(crowd, "/api/photos/sample?n=1000")["scores"]
    expected = spearmanr(drawn["safety"], drawn["lively"]).statistic
    assert said_correlation(page) == pytest.approx(expected, abs=0.0051)
    zone = circle(-70.65, -33.45, 1500)
    found = ask(crowd, f"/api/photos/sample?n=1000&zone={zone}&only=safety:4-9")
    page.goto(f"{crowd}/gallery?pair=safety,lively&zone={zone}&only=safety:4-9")
    plotted(page)
    total = f"{found['total']:,}".replace(",", ".")
    expect(said).to_contain_text(f"{total} fotos" if found["total"] > 1000 else f": {total}.")
    visited.settle()
    expected = spearmanr(found["scores"]["safety"], found["scores"]["lively"]).statistic
    assert said_correlation(page) == pytest.approx(expected, abs=0.0051)
    assert elements(page) < MOST_ELEMENTS
    page.goto(f"{crowd}/gallery?pair=safety,lively&batch=99")
    expect(said).to_have_text("Ninguna foto es así.")
    expect(page.locator("#pair .plot-point")).to_be_hidden()


def test_points_by_keyboard(visit: OpenSite) -> None:
    """Arrows go from point to point, in the order of either score; Enter opens the photo."""
    visited = visit()
    page = plotted(visited.open("/gallery?pair=safety,lively"))
    visited.settle()
    drawn = ask(visited.address, "/api/photos/sample?n=1000")
    point = page.locator("#pair .plot-point")
    point.focus()
    page.keyboard.press("Home")
    lowest = min(drawn["scores"]["safety"])
    expect(point).to_have_attribute("aria-label", re.compile(f"segura {spanish(lowest)}"))
    page.keyboard.press("End")
    highest = f"segura {spanish(max(drawn['scores']['safety']))}"
    expect(point).to_have_attribute("aria-label", re.compile(highest))
    expect(page.locator("#said")).to_have_text(re.compile(highest))
    page.keyboard.press("ArrowLeft")
    visited.settle()
    expect(page.locator("#pair .pair-card [data-photo]")).to_be_visible()
    shown = page.locator("#pair .pair-card [data-photo]").get_attribute("data-photo")
    assert shown
    assert shown in (point.get_attribute("aria-label") or "")
    page.keyboard.press("Enter")
    expect(page.locator("dialog#photo .bar")).to_have_count(6)
    assert f"photo={shown}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("dialog#photo")).to_be_hidden()
    expect(point).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#pair")).to_be_hidden()


def test_points_by_mouse(visit: OpenSite) -> None:
    """Over a point its photo is shown, a click opens it, and a drag keeps what it encloses."""
    visited = visit()
    page = plotted(visited.open("/gallery?pair=safety,lively"))
    visited.settle()
    drawn = ask(visited.address, "/api/photos/sample?n=1000")
    xs, ys = drawn["scores"]["safety"], drawn["scores"]["lively"]
    most = max(range(len(xs)), key=lambda i: xs[i] + ys[i])
    box = page.locator(".plot-dots").bounding_box()
    assert box is not None

    def at(x: float, y: float) -> tuple[float, float]:
        inner = box["width"] - 18
        return box["x"] + 9 + x / 10 * inner, box["y"] + box["height"] - 9 - y / 10 * inner

    page.mouse.move(*at(xs[most], ys[most]))
    card = page.locator("#pair .pair-card [data-photo]")
    expect(card).to_have_attribute("data-photo", str(drawn["id"][most]))
    page.mouse.click(*at(xs[most], ys[most]))
    page.wait_for_url(f"**photo={drawn['id'][most]}")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#photo")).to_be_hidden()
    page.mouse.move(*at(4, 3))
    page.mouse.down()
    page.mouse.move(*at(5, 5), steps=4)
    expect(page.locator(".plot-brush")).to_be_visible()
    page.mouse.move(*at(6, 7), steps=4)
    page.mouse.up()
    expect(page.locator("#chips .chip")).to_have_count(2)
    ranges = re.search(r"only=safety:([\d.]+)-([\d.]+),lively:([\d.]+)-([\d.]+)", page.url)
    assert ranges, page.url
    assert [float(n) for n in ranges.groups()] == pytest.approx([4, 6, 3, 7], abs=0.11)
    visited.settle()
    low, high, bottom, top = (float(n) for n in ranges.groups())
    inside = sum(low <= x < high and bottom <= y < top for x, y in zip(xs, ys, strict=True))
    expect(page.locator("#count")).to_have_text(f"{inside} fotos")
    expect(page.locator("#pair")).to_contain_text(f"Todas las fotos de la lista: {inside}.")


def test_points_by_touch(visit: OpenSite) -> None:
    """A tap chooses; the photo under the plot is what opens."""
    visited = visit("phone")
    page = plotted(visited.open("/gallery?pair=safety,lively"))
    visited.settle()
    page.locator(".plot-dots").scroll_into_view_if_needed()
    expect(page.locator("#pair .pair-card")).to_contain_text("tócalo")
    before = page.locator("#pair .pair-card [data-photo]").get_attribute("data-photo")
    drawn = ask(visited.address, "/api/photos/sample?n=1000")
    xs, ys = drawn["scores"]["safety"], drawn["scores"]["lively"]
    most = max(range(len(xs)), key=lambda i: xs[i] + ys[i])
    box = page.locator(".plot-dots").bounding_box()
    assert box is not None
    inner = box["width"] - 18
    page.touchscreen.tap(
        box["x"] + 9 + xs[most] / 10 * inner, box["y"] + box["height"] - 9 - ys[most] / 10 * inner
    )
    card = page.locator("#pair .pair-card [data-photo]")
    expect(card).to_have_attribute("data-photo", str(drawn["id"][most]))
    assert before != str(drawn["id"][most])
    expect(page.locator("dialog#photo")).to_be_hidden()
    card.tap()
    expect(page.locator("dialog#photo .bar")).to_have_count(6)


def test_one_widget_for_ranges_on_both_pages(visit: OpenSite) -> None:
    """The legend's bars end between tenths; their ranges can be changed all the same."""
    visited = visit()
    page = visited.open("/?only=safety:3.65-6.35")
    page.locator("#tools-button").click()
    page.locator("#tools-list").get_by_role("button", name="Filtrar", exact=True).click()
    for where in ("#ranges", "#more-filters"):
        low = page.locator(f"{where} [data-range=safety][data-end=low]")
        high = page.locator(f"{where} [data-range=safety][data-end=high]")
        expect(low).to_have_value("3.65")
        high.fill("3")
        high.press("Tab")
        assert high.evaluate("field => field.validationMessage")
        assert "only=safety:3.65-6.35" in page.url
        high.fill("7.5")
        high.press("Tab")
        page.wait_for_url("**only=safety:3.65-7.5*")
        visited.open("/gallery?only=safety:3.65-6.35")
        page.click("#filters-button")
