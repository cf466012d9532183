"""A layer of 5,041 small areas on the map: `python -m tests.benchmarks.outlines`.

What its tiles and its figures weigh and how long they take, and how long a change of attribute
takes to the painted frame with the whole layer in view. The areas are drawn by `tests.mosaic`.
"""

import argparse
import gzip
import statistics
import sys
import time
from dataclasses import dataclass

import mapbox_vector_tile
from playwright.sync_api import Browser

from app.cells import key_of
from app.tables import PHOTO_ZOOM
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.browser import SWITCH_MS, SWITCHES, switches_ms
from tests.benchmarks.installation import installed
from tests.benchmarks.tiles_asking import Answer, Asker, one_by_one
from tests.benchmarks.visited import browser, desktop, settle
from tests.browser import zones
from tests.mosaic import EAST, NORTH, SOUTH, WEST

LAYER = "zone"
ZOOMS = range(5, 15)
LARGEST_KB = 64
WHOLE = f"/?show={LAYER}&at=10.5/-33.475/-70.65"
TABLE = """async () => {
  const begun = performance.now();
  document.querySelector("#table-button").click();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return performance.now() - begun;
}"""


@dataclass(frozen=True)
class Heaviest:
    """The tile of a zoom that is the largest as it is sent."""

    kb: float
    side: int
    areas: int


def tiles_over(zoom: int) -> list[tuple[int, int]]:
    shift = PHOTO_ZOOM - zoom
    _, left, top = key_of(WEST, NORTH)
    _, right, bottom = key_of(EAST, SOUTH)
    return [
        (x, y)
        for x in range(int(left) >> shift, (int(right) >> shift) + 1)
        for y in range(int(top) >> shift, (int(bottom) >> shift) + 1)
    ]


def heaviest(port: int, template: str, zoom: int) -> Heaviest:
    paths = [template.format(z=zoom, x=x, y=y) for x, y in tiles_over(zoom)]
    largest = max(one_by_one(port, paths), key=lambda answer: len(answer.content))
    found = mapbox_vector_tile.decode(gzip.decompress(largest.content))["areas"]
    return Heaviest(len(largest.content) / 1024, found["extent"], len(found["features"]))


def asked(port: int, path: str) -> Answer:
    asker = Asker(port)
    try:
        answer = asker.ask(path)
    finally:
        asker.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {answer.content[:300]!r}")
    return answer


def report_served(bounds: Bounds, port: int, template: str) -> None:
    found = {zoom: heaviest(port, template, zoom) for zoom in ZOOMS}
    for zoom, tile in found.items():
        note = f"{tile.side:,} units a side, {tile.areas:,} areas in it"
        bounds.at_most(f"largest tile of zoom {zoom}, KB compressed", tile.kb, LARGEST_KB, note)
    figures = f"/api/areas/{LAYER}"
    first, again = asked(port, figures), asked(port, figures)
    note = f"{len(gzip.decompress(first.content)) / 1e6:.1f} MB uncompressed"
    bounds.told("figures of all areas, KB compressed", len(first.content) / 1024, note)
    bounds.told("worked out, ms", first.took_ms, f"asked for again {again.took_ms:.0f} ms")
    one = asked(port, f"{figures}/00001")
    bounds.told("one area with its histograms, ms", one.took_ms)
    outlines = asked(port, f"{figures}.geojson")
    bounds.told("the same outlines as GeoJSON, KB compressed", len(outlines.content) / 1024)


def report_painted(bounds: Bounds, chromium: Browser, address: str, switches: int) -> None:
    page = desktop(chromium).new_page()
    page.goto(address + WHOLE)
    settle(page)
    took_ms = switches_ms(page, switches, "areas")
    note = f"{len(took_ms)} switches, no request; slowest {max(took_ms):.0f} ms"
    bounds.at_most(
        "change of attribute, ms to the frame", statistics.median(took_ms), SWITCH_MS, note
    )
    bounds.told("opening the table of all areas, ms", page.evaluate(TABLE))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.outlines", description=__doc__)
    parser.add_argument("--switches", type=int, default=SWITCHES)
    given = parser.parse_args(arguments)
    bounds = Bounds("A layer of 5,041 areas")
    with installed() as stand, browser() as chromium:
        begun = time.perf_counter()
        zones.fill(stand.url)
        bounds.told("loading the layer and its figures, s", time.perf_counter() - begun)
        web = stand.serve()
        (layer,) = [each for each in web.json("GET", "/api/layers") if each["key"] == LAYER]
        report_served(bounds, web.port, layer["tiles"])
        report_painted(bounds, chromium, f"http://127.0.0.1:{web.port}", given.switches)
    bounds.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
