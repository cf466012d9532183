"""Drawn shapes as the pages write them into an address, by the pages' own module."""

import json
import subprocess
from typing import Any

from tests.conftest import ROOT

ENCODE = """
import {encode} from "./static/src/zone.js";
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(encode)));
"""


def words_of(shapes: list[dict[str, Any]]) -> list[str]:
    """shapes: {"kind": "polygon", "points"} or {"kind": "circle", "lon", "lat", "radius_m"}."""
    script = ["node", "--input-type=module", "-e", ENCODE, json.dumps(shapes)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def polygon(*points: tuple[float, float]) -> str:
    return words_of([{"kind": "polygon", "points": points}])[0]


def circle(lon: float, lat: float, radius_m: int) -> str:
    return words_of([{"kind": "circle", "lon": lon, "lat": lat, "radius_m": radius_m}])[0]
