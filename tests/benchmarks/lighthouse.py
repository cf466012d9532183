"""Lighthouse's marks of the public pages: `python -m tests.benchmarks.lighthouse`.

A phone of middling strength on a slow line, as Lighthouse imagines it, at an address of this
machine. No base map is set, since its tiles are another host's. The marks of performance depend
on how busy this machine is: each page is looked at a few times and the median is told. With
`--address`, of a map that is served already, base map and all.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.bounds import Bounds
from tests.benchmarks.visited import ARGUMENTS, CHROMIUM, served

ROOT = Path(__file__).parents[2]
PAGES = ("/", "/gallery", "/about")
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = 95
ROUNDS = 3
PHOTOS = 20_000
PATIENCE_S = 300
LOOKS = 3
NO_TRACE = "NO_NAVSTART"
"""The browser's record of the load lacked its beginning; Lighthouse asks to be run again."""

Report = dict[str, Any]


def look(url: str) -> Report:
    """Lighthouse's whole report. Raises RuntimeError with what it said where it has none."""
    for further in reversed(range(LOOKS)):
        try:
            return _look(url)
        except RuntimeError as error:
            if NO_TRACE not in str(error) or further == 0:
                raise
            print(f"{url}: {NO_TRACE}, looking again", file=sys.stderr)
    raise AssertionError("the last look returns or raises")


def _look(url: str) -> Report:
    command = ROOT / "node_modules" / ".bin" / "lighthouse"
    if not command.exists():
        raise SystemExit("Lighthouse is not installed; run `make setup`.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        done = subprocess.run(
            [
                str(command),
                url,
                "--quiet",
                "--output=json",
                f"--output-path={file}",
                f"--only-categories={','.join(CATEGORIES)}",
                f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
            ],
            cwd=ROOT,
            env=os.environ | {"CHROME_PATH": CHROMIUM},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if done.returncode != 0 or not file.exists():
            raise RuntimeError(f"Lighthouse failed at {url}:\n{done.stderr[-2000:]}")
        report: Report = json.loads(file.read_text(encoding="utf-8"))
    return report


def marks(report: Report) -> dict[str, float]:
    """From 0 to 100 by category."""
    return {key: 100 * report["categories"][key]["score"] for key in CATEGORIES}


def faults(report: Report) -> Iterator[str]:
    """What weighs in a category's mark and is less than perfect, the worst first."""
    audits = report["audits"]
    found = {
        reference["id"]
        for key in CATEGORIES
        for reference in report["categories"][key]["auditRefs"]
        if reference["weight"] and (audits[reference["id"]]["score"] or 0) < 1
        if audits[reference["id"]]["scoreDisplayMode"] not in ("notApplicable", "manual")
    }
    for name in sorted(found, key=lambda name: audits[name]["score"] or 0):
        shown = audits[name].get("displayValue", "")
        yield f"{name} {audits[name]['score'] or 0:.2f} {shown}".strip()


@contextmanager
def somewhere(address: str | None, photos: int) -> Iterator[str]:
    if address is not None:
        yield address.rstrip("/")
        return
    with served(photos) as (_, own):
        yield own


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.lighthouse", description=__doc__)
    parser.add_argument("--address", help="of a map that is served already")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--keep", type=Path, help="folder for the whole reports")
    given = parser.parse_args(arguments)
    bounds = Bounds("Lighthouse, its preset for phones")
    with somewhere(given.address, given.photos) as address:
        for path in PAGES:
            reports = [look(address + path) for _ in range(given.rounds)]
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                name = path.strip("/") or "map"
                (given.keep / f"{name}.json").write_text(json.dumps(reports[-1]), encoding="utf-8")
            told = "; ".join(faults(reports[-1]))
            for key in CATEGORIES:
                found = [marks(report)[key] for report in reports]
                spread = f"{min(found):.0f} to {max(found):.0f}"
                note = f"{spread}; {told}" if key == CATEGORIES[0] else spread
                bounds.at_least(f"{path} {key}", statistics.median(found), LEAST, note)
    bounds.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
