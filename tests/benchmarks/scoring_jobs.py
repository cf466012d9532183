"""What the queue costs beside bare scoring: `python -m tests.benchmarks.scoring_jobs`.

In every round `mirada worker` scores a batch, from its jobs in the queue to the last committed
score, and a process does the work of `mirada model score` on the same files. Both have loaded
their network before. Meanwhile /healthz is asked, and what the batch page says of the speed and of
the time that is left is compared with what it was.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks.batch import Batch, run
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import Installation
from tests.benchmarks.web import Events, Health, Web

ROOT = Path(__file__).parents[2]
PHOTOS, ROUNDS = 1024, 3
SETTLED = 0.5
"""What the page says is judged when so much of a batch is scored, up to its end."""

# `mirada model score` but for its start: each line of its input names a file to write.
MODEL_SCORE = """
import sys, time
from pathlib import Path
from model.releases.release import load
from model.scoring.outputs import write
from model.scoring.scorer import Scorer

scorer = Scorer(load(Path(sys.argv[1])))
for line in sys.stdin:
    begun = time.perf_counter()
    write(Path(line.strip()), Path(sys.argv[2]), scorer, lambda *progress: None)
    print(time.perf_counter() - begun, flush=True)
"""

# What the page says after each event: [[seconds, scored], …] → [photos a second or null, …].
RATES = """
import { Rate } from "./static/src/admin/rate.js";
const rate = new Rate();
const said = JSON.parse(process.argv[1]).map(([atS, done]) => {
  rate.add(done, atS);
  return rate.perSecond;
});
console.log(JSON.stringify(said));
"""


class ModelScore:
    """The work of `mirada model score`, as often as one likes."""

    def __init__(self, release: Path, photos: Path, out: Path) -> None:
        self._out = out
        self._times = 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", MODEL_SCORE, release, photos],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def score(self) -> float:
        """Seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._times += 1
        self._process.stdin.write(f"{self._out}/{self._times}.parquet\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@dataclass(frozen=True)
class Round:
    """Seconds of each; health_ms: of each answer of /healthz; said: what the page said."""

    worker_s: float
    model_s: float
    health_ms: list[float]
    said: "Said"


@dataclass(frozen=True)
class Said:
    """Shares of the truth, of each event in the second half: 1.0 where the page was right."""

    rates: list[float]
    times_left: list[float]


def judged(counts: Sequence[tuple[float, int]], ended_at: float, number: int, rate: float) -> Said:
    """counts: of one run. ended_at: when its last score was committed. rate: photos a second."""
    script = ["node", "--input-type=module", "-e", RATES, json.dumps(counts)]
    told = subprocess.run(script, check=True, capture_output=True, text=True, cwd=ROOT)
    said = Said([], [])
    for (at, done), shown in zip(counts, json.loads(told.stdout), strict=True):
        if shown is not None and SETTLED * number <= done < number:
            said.rates.append(shown / rate)
            said.times_left.append((number - done) / shown / (ended_at - at))
    return said


def measure_round(batch: Batch, model: ModelScore, web: Web) -> Round:
    number = len(batch.photo_ids)
    events = Events(web, f"/api/admin/batches/{batch.id}/events")
    with Health(web) as health, events:
        worker_s = batch.score()
        ended_at = batch.ended_at
        # So that the page sees the end too.
        time.sleep(1.5)
    # The page was opened before its photos were taken back.
    counts = [(at, progress["counts"]["scored"]) for at, progress in events.came]
    # A run of few photos may be over before the page sees any of it.
    begun = next((i for i, (_, done) in enumerate(counts) if done < number), len(counts))
    counts = counts[begun:]
    said = judged(counts, ended_at, number, number / worker_s)
    return Round(worker_s, model.score(), health.took_ms, said)


def measure(stand: Installation, batch: Batch, rounds: int) -> list[Round]:
    web = stand.serve()
    stand.start("worker")
    with ModelScore(batch.release_folder, batch.folder, stand.folder) as model:
        # Once to warm up: the worker loads torch with its first photos.
        batch.score()
        model.score()
        return [measure_round(batch, model, web) for _ in range(rounds)]


def report(rounds: list[Round], number: int, source: str) -> Bounds:
    bounds = Bounds(f"From the queue to scores: {number} photos {source}, {len(rounds)} rounds")
    ratios = [each.model_s / each.worker_s for each in rounds]
    model_s = statistics.median(each.model_s for each in rounds)
    worker_s = statistics.median(each.worker_s for each in rounds)
    bounds.told("`mirada model score`, photos/s", number / model_s)
    bounds.told("a worker, photos/s", number / worker_s)
    spread = f"rounds {min(ratios):.2f} to {max(ratios):.2f}"
    bounds.at_least("worker / model score", statistics.median(ratios), 0.85, spread)
    took_ms = [ms for each in rounds for ms in each.health_ms]
    note = f"{len(took_ms)} times, slowest {max(took_ms):.0f} ms"
    bounds.at_most("/healthz meanwhile, median ms", statistics.median(took_ms), 100, note)
    for what, shares in (
        ("speed on the page / true", [s for each in rounds for s in each.said.rates]),
        ("time left on the page / true", [s for each in rounds for s in each.said.times_left]),
    ):
        if not shares:
            bounds.told(what, float("nan"), "too few photos for the page to say anything")
            continue
        low, high = min(shares), max(shares)
        note = f"{len(shares)} events in the second half, {low:.2f} to {high:.2f}"
        bounds.within(what, statistics.median(shares), (0.8, 1.2), note)
    return bounds


def main(arguments: list[str] | None = None) -> int:
    return run("scoring_jobs", __doc__, arguments, PHOTOS, ROUNDS, measure, report)


if __name__ == "__main__":
    sys.exit(main())
