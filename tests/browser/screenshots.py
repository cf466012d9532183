"""Photographs of a running Mirada, by default the demo, at three sizes in both languages.

python -m tests.browser.screenshots FOLDER [--address http://localhost:8000]
"""

import argparse
import sys
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import BROWSER_ARGS, CHROMIUM, SIZES

ADDRESS = "http://localhost:8000"
LANGUAGES = ("es", "en")
PROVIDENCIA = "area=comuna/13123"
STATES = {
    "map": "/",
    "boring": "/?attribute=boring",
    "area": f"/?{PROVIDENCIA}",
    "cells": "/?attribute=wealthy&show=cells",
    "photos": "/?attribute=beautiful&show=photos",
    "photo": "/?show=photos&photo={photo}",
    "table": "/?table=1",
    "gallery": "/gallery",
    "about": "/about",
}
SETTLES_MS = 700


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--address", default=ADDRESS)
    given = parser.parse_args()
    if not _answers(given.address):
        sys.exit(f"Nobody answers at {given.address}. Start the demo with `make demo`, then again.")
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=BROWSER_ARGS)
        for size in SIZES:
            for language in LANGUAGES:
                take(browser, given.address, given.folder, size, language)
        browser.close()
    print(f"{len(SIZES) * len(LANGUAGES) * len(STATES)} screenshots in {given.folder}")


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
    except (urllib.error.URLError, TimeoutError):
        return False
    return True


def take(browser: Browser, address: str, folder: Path, size: str, language: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        device_scale_factor=2 if size == "phone" else 1,
        is_mobile=size == "phone",
        has_touch=size == "phone",
    )
    page = context.new_page()
    photo = _a_photo(page, address)
    for name, path in STATES.items():
        joined = "&" if "?" in path else "?"
        page.goto(f"{address}{path.format(photo=photo)}{joined}lang={language}")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLES_MS)
        page.screenshot(path=folder / f"{name}-{size}-{language}.png")
    context.close()


def _a_photo(page: Page, address: str) -> int:
    """A photo of Providencia, the safest looking one."""
    found = page.request.get(f"{address}/api/photos?layer=comuna&area=13123&limit=1").json()
    return int(found["photos"][0]["id"])


if __name__ == "__main__":
    main()
