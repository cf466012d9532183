"""Asking for a photo to be taken down, beside the photo."""

import pytest
from playwright.sync_api import expect

from app.db import make_engine, session_factory
from app.reports import listing
from tests.browser.city import City
from tests.browser.conftest import SIZES, OpenSite

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("size", SIZES)
def test_a_photo_is_reported_by_keyboard(visit: OpenSite, city: City, size: str) -> None:
    photo = city.in_providencia[list(SIZES).index(size)]
    page = visit(size).open(f"/gallery?photo={photo}")
    page.get_by_role("button", name="Reportar").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".report-form select")).to_be_focused()
    page.locator(".report-form select").select_option("home")
    page.keyboard.press("Tab")
    page.keyboard.type("Mi casa")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".report")).to_have_text("Gracias. Alguien la revisará.")
    assert f"photo={photo}" in page.url
    engine = make_engine(city.url)
    with session_factory(engine)() as session:
        found = [each for each in listing(session).reports if each.photo_id == photo]
    engine.dispose()
    assert [(each.reason, each.text) for each in found] == [("home", "Mi casa")]
