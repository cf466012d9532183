"""The other pages: the page about Mirada, and pages that are not there."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app import card
from app.attributes import ATTRIBUTES
from tests import cards
from tests.browser.conftest import SIZES, OpenSite

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("size", SIZES)
def test_the_page_about_mirada(visit: OpenSite, size: str) -> None:
    page = visit(size).open("/about")
    expect(page.locator("main")).to_contain_text("Demostración: calles dibujadas, no fotos reales.")
    accuracy = page.locator("section[aria-labelledby=card-accuracy] .table").first
    expect(accuracy.locator("tbody tr")).to_have_count(len(ATTRIBUTES))
    expect(accuracy).to_contain_text("65,2 % (63,2–67,2)")
    expect(page.locator(".card-chart svg")).to_have_count(len(ATTRIBUTES))
    expect(page.locator("#card-training")).to_be_visible()
    config = page.get_by_text("epochs = 12", exact=False)
    expect(config).to_be_hidden()
    page.locator("#card-training").click()
    expect(config).to_be_visible()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    expect(page.locator("main")).to_contain_text("Landscape and Urban Planning")
    for link in page.locator(".contents a").all():
        target = link.get_attribute("href")
        assert page.locator(f"h2{target}").count() == 1
    page.click("a[data-lang=en]")
    expect(page.locator("main")).to_contain_text("Demo: drawn scenes, not real photos.")
    page.click(".brand")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_examples_of_an_attribute_open_on_request(visit: OpenSite) -> None:
    page = visit().open("/about")
    ranked = page.locator(".card-ranked")
    expect(ranked).to_have_count(len(ATTRIBUTES))
    expect(ranked.nth(0).locator("img").first).to_be_visible()
    boring = ranked.nth(2)
    expect(boring.locator("img").first).to_be_hidden()
    boring.locator("summary").click()
    expect(boring.locator("h4")).to_have_text(["más aburrida", "típica", "menos aburrida"])
    picture = boring.locator("img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 200)
    expect(picture).to_have_attribute("alt", "Foto boring-most-0, puntaje 9,9")


@pytest.mark.parametrize("size", SIZES)
def test_the_card_is_one_file_that_opens_without_a_network(
    visit: OpenSite, tmp_path: Path, size: str
) -> None:
    file = tmp_path / "card.html"
    described = cards.manifest()
    file.write_text(card.html(described, "en", cards.examples(described)), encoding="utf-8")
    site = visit(size, address="file://", offline=True)
    page = site.open(str(file))
    assert [url for url in site.requests if not url.startswith("data:")] == [f"file://{file}"]
    expect(page.locator("h1")).to_have_text("Model card of santiago-2")
    pictures = page.locator("img").evaluate_all("all => all.map((each) => each.naturalWidth)")
    assert len(pictures) == 54
    expect(page.locator("img").first).to_have_js_property("naturalWidth", 200)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0


def test_a_page_that_is_not_there(visit: OpenSite) -> None:
    site = visit()
    page = site.open("/nowhere")
    expect(page.locator("h1")).to_have_text("Esa página no está")
    page.click("main a.button")
    expect(page.locator("#map")).to_be_visible()
    assert all("404" in complaint for complaint in site.complaints)
    site.complaints.clear()


def test_dark_and_light_differ_and_both_can_be_read(visit: OpenSite) -> None:
    """Contrast of text against its card, by WCAG's formula."""
    grounds = set()
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme).open("/?area=comuna/13123")
        for selector in (".intro", ".legend-source", "#panel .quiet", ".demo-line", ".nav a"):
            ratio = page.locator(selector).first.evaluate(
                """(node) => {
                  const light = (text) => {
                    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((v) => {
                      const c = v / 255;
                      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
                    });
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                  };
                  let ground = node;
                  while (/rgba\\(0, 0, 0, 0\\)/.test(getComputedStyle(ground).backgroundColor))
                    ground = ground.parentElement;
                  const a = light(getComputedStyle(node).color);
                  const b = light(getComputedStyle(ground).backgroundColor);
                  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                }"""
            )
            assert ratio >= 4.5, (scheme, selector)
        grounds.add(
            page.evaluate("getComputedStyle(document.querySelector('#card')).backgroundColor")
        )
    assert len(grounds) == 2


def test_every_text_is_translated(visit: OpenSite) -> None:
    """No word of one language is left on the page of the other."""
    site = visit()
    page = site.open("/?lang=en&area=comuna/13123")
    body = page.inner_text("body")
    assert not re.search(r"\b(fotos|segura|Ver todas|Acerca|Tabla|comparaciones)\b", body)
    page.click("a[data-lang=es]")
    body = page.inner_text("body")
    assert not re.search(r"\b(photos|safe|See all|About|Table|comparisons)\b", body)
