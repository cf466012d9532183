"""A browser, and a server of our own behind it: a real process on a real database."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app.exports.built import DIST
from tests.browser.city import City, fill
from tests.conftest import ROOT, copied

CHROMIUM = Path("/usr/bin/chromium")
BROWSER_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STARTS_WITHIN_S = 40
SETTLES_WITHIN_S = 8
# Nothing of the page changes for that long, and it is not too busy to say so.
QUIET = """() => new Promise((resolve) => {
  const quiet = 120, enough = 3000, all = {
    subtree: true, childList: true, attributes: true, characterData: true };
  const began = performance.now();
  let changed = began;
  const watcher = new MutationObserver(() => { changed = performance.now(); });
  watcher.observe(document, all);
  const look = () => {
    const now = performance.now();
    const isQuiet = now - changed >= quiet;
    if (!isQuiet && now - began < enough) return setTimeout(look, 30);
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(isQuiet)));
  };
  setTimeout(look, quiet);
})"""
SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}


@pytest.fixture(scope="session")
def city(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """Committed to a database of its own, which tests only read."""
    with copied(server_url) as url:
        yield fill(url, tmp_path_factory.mktemp("browser-data"))


@contextmanager
def serving(
    url: str, data_dir: Path, log_dir: Path, basemap_file: Path | None = None
) -> Iterator[str]:
    """The address of `mirada serve`, with a file or nothing as base map, never another host."""
    if not (DIST / "manifest.json").is_file():
        pytest.skip("needs the built front end: run `make assets`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "MIRADA_DATABASE_URL": url,
        "MIRADA_DATA_DIR": str(data_dir),
        "MIRADA_BASEMAP_URL": "",
    }
    if basemap_file is not None:
        environment["MIRADA_BASEMAP_FILE"] = str(basemap_file)
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
    log = log_dir / "log"
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
        try:
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def site(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(city.url, city.data_dir, tmp_path_factory.mktemp("server")) as address:
        yield address


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=2).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}: run `make setup`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=BROWSER_ARGS)
        yield browser
        browser.close()


class Visit:
    """One page, and all that it did: requests, console errors, exceptions."""

    def __init__(self, page: Page, address: str, *, runs_scripts: bool = True) -> None:
        self.page = page
        self.address = address
        self.runs_scripts = runs_scripts
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.pending: set[Any] = set()
        page.on("request", self._asked)
        page.on("requestfinished", self._finished)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.on("requestfailed", self._failed)

    def _asked(self, request: Any) -> None:
        """Chromium takes the icon out of its own cache again whenever the address changes."""
        if "/assets/icon-" not in request.url:
            self.requests.append(request.url)
        if request.resource_type != "eventsource":
            self.pending.add(request)

    def _finished(self, request: Any) -> None:
        self.pending.discard(request)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _failed(self, request: Any) -> None:
        """Tiles and photos that are no longer wanted are cancelled, which is no failure."""
        self.pending.discard(request)
        if "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"{request.url}: {request.failure}")

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.address + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Returns when no request is open and the page has stopped changing.

        Playwright's own "networkidle" answers at once for all that comes after the first load.
        """
        self.page.wait_for_load_state()
        if not self.runs_scripts:
            return
        deadline = time.monotonic() + SETTLES_WITHIN_S
        while time.monotonic() < deadline:
            is_quiet = self.page.evaluate(QUIET)
            if is_quiet and not self.pending:
                return
        open_ones = [request.url for request in self.pending]
        raise AssertionError(f"the page does not come to rest: {open_ones or 'it changes still'}")

    def foreign(self) -> list[str]:
        return [
            url for url in self.requests if not url.startswith((self.address, "data:", "blob:"))
        ]


OpenSite = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[OpenSite]:
    """visit("phone") is a new profile of that size; every page must leave no complaint."""
    visits: list[Visit] = []

    def begin(size: str = "desktop", *, address: str = site, **options: Any) -> Visit:
        width, height = SIZES[size]
        values: dict[str, Any] = {
            "viewport": {"width": width, "height": height},
            "reduced_motion": "reduce",
            "has_touch": size == "phone",
            "is_mobile": size == "phone",
        }
        context = browser.new_context(**(values | options))
        context.set_default_timeout(8000)
        runs_scripts = options.get("java_script_enabled", True)
        visits.append(Visit(context.new_page(), address, runs_scripts=runs_scripts))
        return visits[-1]

    yield begin
    for made in visits:
        made.page.context.close()
    for made in visits:
        assert made.complaints == []
        assert made.foreign() == []
