"""Photographs the map in three window sizes: `make screenshots`.

Takes the map that is being served at the address of the settings; where nothing answers there, it
serves the installation's own database for as long as it needs. `map-small.png` is for the README.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from app.settings import Settings

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
SMALL_WIDTH_PX = 800
STARTS_WITHIN_S = 60


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=3):
            return True
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


@contextmanager
def served() -> Iterator[str]:
    """The address of a map: the one that is up already, or one that is up for the caller only."""
    settings = Settings()
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    address = f"http://{host}:{settings.port}"
    if answers(address):
        yield address
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)],
        env=os.environ | {"MIRADA_HOST": "127.0.0.1"},
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not answers(address):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The map cannot be served; run `make demo` first.")
            time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def photograph(browser: Browser, address: str, size: str, file: Path) -> None:
    """Requests to other hosts fail at once, so that pictures do not depend on a base map."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if size == "phone" else 1,
        is_mobile=size == "phone",
        has_touch=size == "phone",
        reduced_motion="reduce",
        locale="es-CL",
    )
    context.route(lambda url: not url.startswith(address), lambda route: route.abort())
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    page.screenshot(path=file)
    context.close()


def shrink(file: Path, target: Path) -> None:
    """A palette of 128 colours is enough for a map, and keeps the picture small."""
    with Image.open(file) as image:
        height = round(image.height * SMALL_WIDTH_PX / image.width)
        small = image.convert("RGB").resize((SMALL_WIDTH_PX, height), Image.Resampling.LANCZOS)
    small.quantize(128).save(target, optimize=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--address", help="of a map that is served already")
    given = parser.parse_args(arguments)
    folder: Path = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    if given.address:
        photograph_all(given.address.rstrip("/"), folder)
    else:
        with served() as address:
            photograph_all(address, folder)
    return 0


def photograph_all(address: str, folder: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size in SIZES:
            file = folder / f"map-{size}.png"
            photograph(browser, address, size, file)
            print(file)
        browser.close()
    small = folder / "map-small.png"
    shrink(folder / "map-desktop.png", small)
    print(small)


if __name__ == "__main__":
    sys.exit(main())
