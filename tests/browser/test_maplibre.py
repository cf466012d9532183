"""Tiles in a map that is not ours: MapLibre GL, which is told the address of /tiles.json only."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import text

from app.db import make_engine
from tests.browser.city import City
from tests.browser.conftest import CHROMIUM
from tests.conftest import ROOT

DIST = ROOT / "node_modules" / "maplibre-gl" / "dist"
PAGE = Path(__file__).parent / "maplibre.html"
KINDS = {".html": "text/html", ".mjs": "text/javascript", ".css": "text/css"}
PATIENCE_MS = 120_000
DONE = "globalThis.said?.drawn || globalThis.said?.errors.length"

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# WebGL by the processor: there is no graphics card to count on.
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", *SOFTWARE]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.browser_type.launch(executable_path=str(CHROMIUM), args=ARGUMENTS) as other:
        yield other.new_page(viewport={"width": 600, "height": 600})


def serve(route: Route) -> None:
    """The page and the package's own files, beside the site's."""
    name = urlsplit(route.request.url).path.rsplit("/", 1)[1]
    file = PAGE if name == PAGE.name else DIST / name
    route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])


def test_maplibre_draws_what_sql_counts(page: Page, site: str, city: City) -> None:
    tiles: list[tuple[int, int, int]] = []

    def note(url: str) -> None:
        match = re.search(r"/tiles/[^/]+/(\d+)/(\d+)/(\d+)\.mvt$", url)
        if match is not None:
            tiles.append((int(match[1]), int(match[2]), int(match[3])))

    faults: list[str] = []
    page.on("request", lambda request: note(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route("**/second/*", serve)
    page.goto(f"{site}/second/{PAGE.name}")
    page.wait_for_function(DONE, timeout=PATIENCE_MS)
    said = page.evaluate("globalThis.said")
    assert (faults, said["errors"]) == ([], [])
    drawn = said["drawn"]
    assert drawn["field"] == "safety"
    expected = counted(city, tiles)
    assert expected["photos"] > 100
    assert {name: drawn[name] for name in expected} == expected
    assert drawn["rendered"] > 0
    assert len(colours(page.screenshot())) > 20


def counted(city: City, tiles: list[tuple[int, int, int]]) -> dict[str, int]:
    """In the tiles that the map asked for, none of which has too many photos to show them."""
    engine = make_engine(city.url)
    found = {"cells": 0, "inCells": 0, "photos": 0}
    with engine.connect() as connection:
        for z, x, y in set(tiles):
            row = connection.execute(
                text("""
                    SELECT count(*) AS photos,
                           count(DISTINCT (p.x >> (20 - :z), p.y >> (20 - :z))) AS cells
                      FROM photo p JOIN score ON photo_id = p.id
                      JOIN active_release USING (release_id)
                     WHERE p.x >> (25 - :z) = :x AND p.y >> (25 - :z) = :y
                """),
                {"z": z, "x": x, "y": y},
            ).one()
            found["cells"] += row.cells
            found["inCells"] += row.photos
            found["photos"] += row.photos
    engine.dispose()
    return found


def colours(screenshot: bytes) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    return {colour for _, colour in image.getcolors(1 << 20) or []}  # type: ignore[misc]
