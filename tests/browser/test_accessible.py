"""What axe-core finds: nothing, on any page, wide or narrow, light or dark."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from app import card
from tests import cards
from tests.browser.conftest import OpenSite
from tests.conftest import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PATHS = (
    "/",
    "/?area=comuna/13123&lang=en",
    "/?show=cells",
    "/?table=1",
    "/?photo={photo}",
    "/gallery",
    "/about",
)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations(visit: OpenSite, site: str, size: str, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("needs axe-core: run `make setup`")
    visited = visit(size, color_scheme=scheme, bypass_csp=True)
    found = visited.page.request.get(f"{site}/api/photos?layer=comuna&area=13123&limit=1").json()
    for path in PATHS:
        page = visited.open(path.format(photo=found["photos"][0]["id"]))
        check(page, path)


def check(page: Page, path: str) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report: dict[str, Any] = page.evaluate("axe.run()")
    violations = [
        (rule["id"], rule["nodes"][0]["html"][:120], len(rule["nodes"]))
        for rule in report["violations"]
    ]
    assert violations == [], path
    assert len(report["passes"]) > 20


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_no_violations_in_a_model_card(
    visit: OpenSite, tmp_path: Path, size: str, scheme: str
) -> None:
    """On the page and as a file, with all that is folded open."""
    if not AXE.is_file():
        pytest.skip("needs axe-core: run `make setup`")
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
        check(page, path)
