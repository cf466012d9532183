"""What the map asks of a visitor's browser: `python -m tests.benchmarks.browser`.

How long a change of attribute takes to the painted frame with all cells of the city in view,
what the first view weighs before any tile, and how much memory the tab holds after hundreds of
pans and zooms. Chromium without a display card draws in software here, as on a poor machine.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Request

from app.attributes import KEYS
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.visited import browser, desktop, served, settle

PHOTOS = 120_000
SWITCHES = 20
MOVES = 500
SAMPLES = 10
SWITCH_MS = 100
FIRST_VIEW_KB = 250
GROWTH = 1.25
SEED = 5
PAUSE_MS = 60
BACK = {
    "ArrowLeft": "ArrowRight",
    "ArrowRight": "ArrowLeft",
    "ArrowUp": "ArrowDown",
    "ArrowDown": "ArrowUp",
    "+": "-",
    "-": "+",
}

FRAME = """async (key) => {
  const select = document.querySelector("#attribute");
  const begun = performance.now();
  select.value = key;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  // The second frame begins when the first has been handed over to be shown.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return performance.now() - begun;
}"""
LOOK = """(pane) => {
  let sum = 0;
  for (const canvas of document.querySelectorAll(`.leaflet-${pane}-pane canvas`)) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4)
      sum = (sum * 31 + data[i] + 256 * data[i + 1] + 65536 * data[i + 2]) % 4294967291;
  }
  return sum;
}"""


def switches_ms(page: Page, times: int, pane: str = "cells") -> list[float]:
    """Raises RuntimeError where a switch asks for something or is not painted in its frame.

    pane: of the map, with the canvases that are painted.
    """
    asked: list[str] = []

    def ask(request: Request) -> None:
        # Chromium takes the icon out of its own cache again whenever the address changes.
        if "/assets/icon-" not in request.url:
            asked.append(request.url)

    page.on("request", ask)
    before = page.evaluate(LOOK, pane)
    took_ms = []
    for i in range(1, times + 1):
        took_ms.append(page.evaluate(FRAME, KEYS[i % len(KEYS)]))
        at_once = page.evaluate(LOOK, pane)
        page.wait_for_timeout(300)
        if at_once == before or page.evaluate(LOOK, pane) != at_once:
            raise RuntimeError("The frame that was measured did not show the new attribute whole.")
        before = at_once
    if asked:
        raise RuntimeError(f"A change of attribute asked for {asked}.")
    return took_ms


def cells_in_view(page: Page) -> int:
    """As the legend counts them."""
    text = page.locator("#legend .legend-caption").inner_text()
    return int("".join(filter(str.isdigit, text.split("cuadro")[0])) or 0)


def first_view_kb(chromium: Browser, address: str) -> dict[str, float]:
    """KB as they came over the wire, headers too, by kind; tiles left out."""
    context = desktop(chromium)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    urls: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def came(event: dict[str, Any]) -> None:
        url = urls.get(event["requestId"], "")
        if not url.startswith(address) or url.endswith(".mvt"):
            return
        kind = Path(url.removeprefix(address).split("?")[0]).suffix or "page and data"
        sizes[kind] = sizes.get(kind, 0) + event["encodedDataLength"] / 1024

    session.on(
        "Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]})
    )
    session.on("Network.loadingFinished", came)
    page.goto(address)
    settle(page)
    context.close()
    return sizes


class Tab:
    """What one page holds, after its garbage has been collected."""

    def __init__(self, page: Page, chromium: Browser) -> None:
        self._page: CDPSession = page.context.new_cdp_session(page)
        self._browser = chromium.new_browser_cdp_session()
        self._page.send("HeapProfiler.enable")
        self._page.send("Performance.enable")

    def held(self) -> dict[str, float]:
        """MB of the scripts' heap and of all renderers' own memory; number of nodes."""
        for _ in range(2):
            self._page.send("HeapProfiler.collectGarbage")
        metrics = self._page.send("Performance.getMetrics")["metrics"]
        by_name = {metric["name"]: metric["value"] for metric in metrics}
        return {
            "heap MB": by_name["JSHeapUsedSize"] / 1e6,
            "nodes": by_name["Nodes"],
            "renderer MB": sum(map(_private_mb, self._renderers())),
        }

    def _renderers(self) -> list[int]:
        found = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return [process["id"] for process in found if process["type"] == "renderer"]


def _private_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss_Anon.")


def wander(page: Page, tab: Tab, moves: int) -> list[dict[str, float]]:
    """What the tab holds before and after each tenth of the moves, always at the same place."""
    chance = random.Random(SEED)
    held = [tab.held()]
    for _ in range(SAMPLES):
        away = chance.choices(list(BACK), k=max(1, moves // SAMPLES // 2))
        for key in [*away, *(BACK[key] for key in reversed(away))]:
            page.locator("#map").press(key)
            page.wait_for_timeout(PAUSE_MS)
        settle(page)
        held.append(tab.held())
    return held


def report(
    took_ms: Sequence[float], cells: int, sizes: dict[str, float], held: list[dict[str, float]]
) -> Bounds:
    bounds = Bounds("The map in a browser: Chromium, drawn in software")
    note = f"{len(took_ms)} switches, {cells:,} cells, no request; slowest {max(took_ms):.0f} ms"
    bounds.at_most(
        "change of attribute, ms to the frame", statistics.median(took_ms), SWITCH_MS, note
    )
    parts = ", ".join(f"{kind} {kb:.0f}" for kind, kb in sorted(sizes.items()))
    bounds.at_most("first view before tiles, KB", sum(sizes.values()), FIRST_VIEW_KB, parts)
    # The first third fills caches that have a bound; what comes later may not add to it.
    third = max(1, len(held) // 3)
    for what in held[0]:
        early = max(each[what] for each in held[1 : third + 1])
        late = statistics.median(each[what] for each in held[-third:])
        note = f"{held[0][what]:,.0f} at first, {early:,.0f} early, {late:,.0f} at last"
        bounds.at_most(f"{what}, at last / early", late / early, GROWTH, note)
    return bounds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.browser", description=__doc__)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--switches", type=int, default=SWITCHES)
    parser.add_argument("--moves", type=int, default=MOVES)
    given = parser.parse_args(arguments)
    with served(given.photos) as (_, address), browser() as chromium:
        sizes = first_view_kb(chromium, address)
        page = desktop(chromium).new_page()
        page.goto(f"{address}/?show=cells")
        settle(page)
        cells = cells_in_view(page)
        took_ms = switches_ms(page, given.switches)
        held = wander(page, Tab(page, chromium), given.moves)
    report(took_ms, cells, sizes, held).show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
