"""An installation without any data, and the moment when the first arrives."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.city import fill
from tests.browser.conftest import OpenSite, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_an_empty_map_says_so_and_fills_by_itself(
    visit: OpenSite, clean_database: str, tmp_path: Path
) -> None:
    with serving(clean_database, tmp_path, tmp_path) as address:
        gallery = visit("phone", address=address).open("/gallery")
        expect(gallery.locator("#more")).to_have_text("Aún no hay fotos aquí")
        site = visit(address=address)
        page = site.open("/")
        expect(page.locator("#status")).to_contain_text("Aún no hay fotos con puntaje.")
        expect(page.locator("#legend")).to_be_hidden()
        expect(page.locator("#search")).to_be_hidden()
        city = fill(clean_database, tmp_path)
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(page.locator("#legend")).to_contain_text(f"{city.photos} fotos")
        expect(page.locator("#legend .legend-caption")).to_contain_text("cuadros a la vista")
        expect(page.locator("#status")).to_be_hidden()
        page = site.open("/")
        expect(page.locator("#modes input:checked")).to_have_value("comuna")
        page.context.close()
        gallery.context.close()
