"""Simulated raters, who vote in the format of Place Pulse 2.0.

A rater sees the difference of the two hidden qualities plus a normal error of their own, and
answers "equal" where what they see is within `TIE`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.attributes import KEYS

Floats = npt.NDArray[np.float64]

NOISE = 1.55
"""Standard deviation of a rater's error. With `TIE` it makes 62 to 68 % of two untied answers on
one pair the same, as among the raters of Place Pulse."""

TIE = 0.35
REPEATS = 0.02
"""Share of the votes that ask a pair again, by another rater."""

COLUMNS = (
    "left_id",
    "right_id",
    "winner",
    "left_lat",
    "left_long",
    "right_lat",
    "right_long",
    "category",
)
_WORDS = np.array(["right", "equal", "left"])


def answers(difference: Floats, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """+1 left, -1 right, 0 equal, by one rater each.

    difference: quality of the left scene minus that of the right one.
    """
    seen = difference + rng.normal(0.0, NOISE, difference.shape)
    return np.where(np.abs(seen) <= TIE, 0, np.sign(seen)).astype(np.int8)


def vote(
    ids: Sequence[str], qualities: Floats, per_attribute: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Votes on random pairs, in random order; the four coordinates are empty, for a training
    scene is at no place.
    """
    names = np.array(ids)
    parts = []
    for column, key in enumerate(KEYS):
        left, right = _pairs(len(ids), per_attribute, rng)
        winner = answers(qualities[left, column] - qualities[right, column], rng)
        part = pd.DataFrame("", index=range(per_attribute), columns=list(COLUMNS))
        part["left_id"], part["right_id"] = names[left], names[right]
        part["winner"], part["category"] = _WORDS[winner + 1], key
        parts.append(part)
    every = pd.concat(parts, ignore_index=True)
    return every.iloc[rng.permutation(len(every))].reset_index(drop=True)


def _pairs(
    scenes: int, count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of two different scenes, the last of them repeats of the first."""
    left = rng.integers(0, scenes, count)
    right = (left + rng.integers(1, scenes, count)) % scenes
    again = round(count * REPEATS)
    if again:
        left[-again:], right[-again:] = left[:again], right[:again]
    return left, right
