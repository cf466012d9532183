"""A city to look at, and a browser that looks at it, for benchmarks of the pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from app.demo import synth
from app.imports import areas
from app.imports.recipes import recipe
from tests.benchmarks.installation import Installation, installed

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP = ViewportSize(width=1440, height=900)
WAIT_MS = 60_000


@contextmanager
def served(photos: int) -> Iterator[tuple[Installation, str]]:
    """The address of a map of Santiago's comunas with so many synthetic photos."""
    with installed() as stand:
        areas.run(stand.sessions, areas.by_recipe(recipe("comunas-rm")), city_name="Santiago")
        synth.make(stand.sessions, photos)
        yield stand, f"http://127.0.0.1:{stand.serve().port}"


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def desktop(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    return context


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
