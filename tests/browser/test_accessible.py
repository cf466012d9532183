"""What axe-core finds: nothing, on any page, wide or narrow, light or dark."""

from typing import Any

import pytest

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
        page.evaluate(AXE.read_text(encoding="utf-8"))
        report: dict[str, Any] = page.evaluate("axe.run()")
        violations = [
            (rule["id"], rule["nodes"][0]["html"][:120], len(rule["nodes"]))
            for rule in report["violations"]
        ]
        assert violations == [], path
        assert len(report["passes"]) > 20
