"""What axe-core finds amiss on a page as it is now."""

from typing import Any

from playwright.sync_api import Page

from tests.conftest import ROOT

SCRIPT = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def check(page: Page, what: str) -> None:
    """Needs a page that was opened with `bypass_csp`. what: is checked, for the message."""
    page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    report: dict[str, Any] = page.evaluate("axe.run()")
    violations = [
        (rule["id"], rule["nodes"][0]["html"][:120], len(rule["nodes"]))
        for rule in report["violations"]
    ]
    assert violations == [], what
    assert len(report["passes"]) > 20
