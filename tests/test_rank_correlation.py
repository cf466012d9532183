"""The gallery's rank correlation against scipy's, for scores with many ties and with few."""

import json
import random
import subprocess

import pytest
from scipy.stats import spearmanr

from tests.conftest import ROOT

SPEARMAN = """
import {spearman} from "./static/src/gallery/points.js";
const tables = JSON.parse(process.argv[1]);
console.log(JSON.stringify(tables.map((rows) => spearman(rows.map(([x, y]) => ({id: 0, x, y}))))));
"""


def test_the_gallery_correlates_ranks_as_scipy_does() -> None:
    draw = random.Random(5)
    tables = []
    for digits in (0, 1, 2):
        for slope in (-2.0, -0.4, 0.0, 0.1, 1.0):
            across = [draw.uniform(0, 10) for _ in range(draw.randrange(3, 120))]
            pairs = [
                (x, min(10.0, max(0.0, 5 + slope * (x - 5) + draw.gauss(0, 2)))) for x in across
            ]
            tables.append([(round(x, digits), round(y, digits)) for x, y in pairs])
    script = ["node", "--input-type=module", "-e", SPEARMAN, json.dumps(tables)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    expected = [spearmanr(*zip(*rows, strict=True)).statistic for rows in tables]
    assert json.loads(done.stdout) == pytest.approx(expected, abs=1e-12)
