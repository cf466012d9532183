"""How often 95 % intervals hold the true figure: `python -m tests.benchmarks.coverage`.

In each simulated test part photos, votes and raters are drawn anew. Photos have qualities that
raters see, and outputs that err; the true figure is that of pairs of photos that share none.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from model import intervals
from tests.model.scenes import random_votes
from tests.model.test_intervals import draw_votes

RUNS = 1_500
PARTS = ((300, 1_000), (80, 800), (40, 400))
FRESH_PAIRS = 400_000

Floats = npt.NDArray[np.float64]
Figure = tuple[float, Floats]
Measure = Callable[[Floats, npt.NDArray[np.bool_]], Figure]


def accuracy(difference: Floats, won_left: npt.NDArray[np.bool_]) -> Figure:
    right = ((difference > 0) == won_left).astype(float)
    return float(right.mean()), right - right.mean()


FIGURES: dict[str, Measure] = {"accuracy": accuracy, "auc": intervals.auc}


def measure(photos: int, votes: int) -> dict[str, tuple[float, float]]:
    """Figure → share of runs whose interval held it, and were votes taken as independent."""
    rng = np.random.default_rng(7)
    fresh = np.arange(FRESH_PAIRS)
    many = draw_votes(rng, 2 * FRESH_PAIRS, fresh, fresh + FRESH_PAIRS)
    truth = {name: figure(*many)[0] for name, figure in FIGURES.items()}
    held = {name: np.zeros(2) for name in FIGURES}
    for _ in range(RUNS):
        left, right = random_votes(photos, votes, seed=int(rng.integers(1 << 30)))
        drawn = draw_votes(rng, photos, left, right)
        for name, figure in FIGURES.items():
            value, influence = figure(*drawn)
            low, high = intervals.share_interval(value, influence, left, right)
            alone = intervals.NORMAL_95 * float(np.sqrt((influence**2).sum())) / votes
            held[name] += low <= truth[name] <= high, abs(value - truth[name]) <= alone
    return {name: (both[0] / RUNS, both[1] / RUNS) for name, both in held.items()}


def main() -> None:
    print(f"{RUNS:,} runs each; in brackets, votes taken as independent")
    for photos, votes in PARTS:
        shares = measure(photos, votes)
        told = "   ".join(f"{name} {a:.1%} ({b:.1%})" for name, (a, b) in shares.items())
        print(f"{photos:>4} photos, {votes:>5,} votes   {told}")


if __name__ == "__main__":
    main()
