"""Photographs twelve states of the pages, in three window sizes and two languages.

`make screenshots` takes the map that is being served at the address of the settings; where
nothing answers there, it serves the installation's own database for as long as it needs.
`map-small.png` is for the README. With an API token (`--token` or MIRADA_TOKEN, made by
`mirada admin token`) there is also a page of the admin's, of the newest batch.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import TimeoutError as TooSlow

from app.settings import Settings

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
LANGUAGES = ("es", "en")
SMALL_WIDTH_PX = 800
STARTS_WITHIN_S = 60
WAIT_MS = 30_000
ROWS_WAIT_MS = 10_000

STATES = {
    "map": "/",
    "reversed-palette": "/?attribute=boring",
    "cells": "/?show=cells&at=12.5/{place}",
    "photos": "/?show=photos&at=14/{place}",
    "area": "/?area={layer}/{code}",
    "photo": "/?photo={photo}",
    "zone": "/?zone={zone}",
    "table": "/?table=1",
    "gallery": "/gallery",
    "about": "/about",
    "no-photos": "/?show=cells&at=12/{nowhere}",
    "not-found": "/nowhere",
}
"""Each with `lang` added; what stands in braces is looked up in the city that is there."""
BATCH = "batch"
RADIUS_M = 2500
FAR_DEG = 1.5
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


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


def ask(address: str, path: str, token: str | None = None) -> bytes:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(address + path, headers=headers)
    with urllib.request.urlopen(request, timeout=STARTS_WITHIN_S) as answer:
        found: bytes = answer.read()
        return found


def circle(lon: float, lat: float, radius_m: int) -> str:
    """As the map's address has it: five bits a letter, lowest first (static/src/zone.js)."""
    text = "c"
    for number in (round(lon * 1e5), round(lat * 1e5), radius_m):
        rest = -2 * number - 1 if number < 0 else 2 * number
        while rest >= 32:
            text += ALPHABET[32 + rest % 32]
            rest //= 32
        text += ALPHABET[rest]
    return text


def paths(address: str, token: str | None) -> dict[str, str]:
    """Of each state, in the city that is there: around the area that has most photos."""

    def get(path: str) -> Any:
        return json.loads(ask(address, path))

    layer = next(layer["key"] for layer in get("/api/layers") if not layer["city"])
    area = max(get(f"/api/areas/{layer}")["areas"], key=lambda area: area["n"])
    found = get(f"/api/photos?layer={layer}&area={area['code']}&limit=100")["photos"]
    photo = next((photo for photo in found if photo["image"]), found[0])
    west, south, _, _ = get("/tiles.json")["bounds"]
    known = {
        "layer": layer,
        "code": area["code"],
        "photo": photo["id"],
        "place": f"{photo['lat']}/{photo['lon']}",
        "zone": circle(photo["lon"], photo["lat"], RADIUS_M),
        "nowhere": f"{max(south - FAR_DEG, -85)}/{max(west - FAR_DEG, -180)}",
    }
    addresses = {name: path.format(**known) for name, path in STATES.items()}
    if token is not None:
        newest = re.search(r"/admin/batches/\d+", ask(address, "/admin", token).decode())
        if newest:
            addresses[BATCH] = newest[0]
    return addresses


def photograph(
    browser: Browser, address: str, path: str, lang: str, size: str, file: Path, token: str | None
) -> None:
    """Requests to other hosts fail at once, so that pictures do not depend on a base map."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if size == "phone" else 1,
        is_mobile=size == "phone",
        has_touch=size == "phone",
        reduced_motion="reduce",
        locale="es-CL" if lang == "es" else "en-GB",
        extra_http_headers={} if token is None else {"Authorization": f"Bearer {token}"},
    )
    context.set_default_timeout(WAIT_MS)
    context.route(lambda url: not url.startswith(address), lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={lang}")
    if token is None:
        page.wait_for_load_state("networkidle")
    else:
        # A page that follows a batch is never idle, and one without files has no rows.
        with suppress(TooSlow):
            page.locator("#rows tr").first.wait_for(timeout=ROWS_WAIT_MS)
    page.wait_for_timeout(500)
    page.screenshot(path=file)
    context.close()


def shrink(file: Path, target: Path) -> None:
    """A palette of 128 colours is enough for a map, and keeps the picture small."""
    with Image.open(file) as image:
        height = round(image.height * SMALL_WIDTH_PX / image.width)
        small = image.convert("RGB").resize((SMALL_WIDTH_PX, height), Image.Resampling.LANCZOS)
    small.quantize(128).save(target, optimize=True)


def photograph_all(
    address: str, folder: Path, only: Sequence[str] | None, token: str | None
) -> None:
    """As STATE-SIZE-LANGUAGE.png; the first state in Spanish also small."""
    found = paths(address, token)
    names = [name for name in found if only is None or name in only]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, size, lang in product(names, SIZES, LANGUAGES):
            file = folder / f"{name}-{size}-{lang}.png"
            own = token if name == BATCH else None
            photograph(browser, address, found[name], lang, size, file, own)
            print(file)
        browser.close()
    if "map" in names:
        small = folder / "map-small.png"
        shrink(folder / "map-desktop-es.png", small)
        print(small)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--address", help="of a map that is served already")
    parser.add_argument("--only", nargs="+", choices=[*STATES, BATCH], help="states; else all")
    parser.add_argument("--token", default=os.environ.get("MIRADA_TOKEN"), help="of an admin")
    given = parser.parse_args(arguments)
    folder: Path = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    if given.address:
        photograph_all(given.address.rstrip("/"), folder, given.only, given.token)
    else:
        with served() as address:
            photograph_all(address, folder, given.only, given.token)
    return 0


if __name__ == "__main__":
    sys.exit(main())
