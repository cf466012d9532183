"""What a visit costs: bytes of the first view, and the benchmarks of the browser still run."""

import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenSite
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FIRST_VIEW_KB = 250


def received_kb(page: Page) -> dict[str, float]:
    """By address, as it comes over the wire with its headers; filled while the page loads."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def came(event: dict[str, Any]) -> None:
        address = addresses[event["requestId"]]
        sizes[address] = sizes.get(address, 0) + event["encodedDataLength"] / 1024

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", came)
    return sizes


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_first_view_is_light(visit: OpenSite, size: str) -> None:
    visited = visit(size)
    sizes = received_kb(visited.page)
    visited.open()
    assert any("/assets/map-" in address for address in sizes)
    assert sum(kb for address, kb in sizes.items() if ".mvt" not in address) <= FIRST_VIEW_KB


@pytest.mark.slow
def test_the_browser_is_measured() -> None:
    found = _run("tests.benchmarks.browser", "--photos=2000", "--moves=20", "--switches=2")
    for words in ("change of attribute", "no request", "first view before tiles", "renderer MB"):
        assert words in found


@pytest.mark.slow
def test_lighthouse_marks_the_pages() -> None:
    found = _run("tests.benchmarks.lighthouse", "--photos=2000", "--rounds=1")
    for page in ("/", "/gallery", "/about"):
        for key in ("performance", "accessibility", "best-practices"):
            assert f"{page} {key}" in found


def _run(*command: str) -> str:
    """In a process of its own: one process holds one Playwright at a time."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        check=True,
        timeout=600,
        stdout=subprocess.PIPE,
        text=True,
    )
    return " ".join(done.stdout.split())
