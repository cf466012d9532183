"""How well raw outputs tell who won votes on photos that training never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A mean over votes with its 95 % interval; no value and interval where votes are too few."""

    value: float | None
    ci95: tuple[float, float] | None
    votes: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "accuracy": self.value,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "votes": self.votes,
        }


def dyadic_se(residuals: Floats, left: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Standard error of a mean over votes, robust to votes that share a photo.

    Aronow, Samii and Assenova 2015: the variance is the sum of r_u · r_v over all pairs of votes
    (u, v), u = v included, that share at least one photo, over n². Summed over photos, votes that
    share both photos come twice and are taken off once. Where that sum is not positive, which
    happens by chance in few votes, they count as independent.
    """
    photos, codes = np.unique(np.concatenate([left, right]), return_inverse=True)
    a, b = np.split(codes, 2)
    by_photo = np.zeros(len(photos))
    np.add.at(by_photo, a, residuals)
    np.add.at(by_photo, b, residuals)
    pair = np.minimum(a, b).astype(np.int64) * len(photos) + np.maximum(a, b)
    _, pair_codes = np.unique(pair, return_inverse=True)
    by_pair = np.bincount(pair_codes, weights=residuals)
    total = float((by_photo**2).sum() - (by_pair**2).sum())
    if total <= 0:
        total = float((residuals**2).sum())
    return float(np.sqrt(total)) / len(residuals)


def mean_figure(right_calls: Floats, frame: pd.DataFrame, minimum_votes: int) -> Figure:
    """Mean of 1 (called right), 0 (wrong) or 0.5 (no call) over the votes of `frame`."""
    votes = len(right_calls)
    if votes < minimum_votes:
        return Figure(None, None, votes)
    value = float(right_calls.mean())
    half = 1.96 * dyadic_se(right_calls - value, frame["left"], frame["right"])
    return Figure(value, (max(0.0, value - half), min(1.0, value + half)), votes)


def differences(frame: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    """Raw output of the left photo minus that of the right one, of each vote's own attribute.

    raw: index photo key, one column per attribute.
    """
    column = raw.columns.get_indexer(frame["attribute"])
    left, right = (raw.index.get_indexer(frame[side]) for side in ("left", "right"))
    if min(column.min(initial=0), left.min(initial=0), right.min(initial=0)) < 0:
        raise KeyError("a vote on a photo or attribute without a raw output")
    values = raw.to_numpy(np.float64)
    return np.asarray(values[left, column] - values[right, column])


def accuracy(frame: pd.DataFrame, difference: Floats, minimum_votes: int) -> Figure:
    """Share of untied votes whose winner has the higher raw output; equal outputs count half."""
    untied = frame["winner"].to_numpy() != 0
    agreement = np.sign(difference[untied]) * frame["winner"].to_numpy()[untied]
    return mean_figure((agreement + 1) / 2, frame[untied], minimum_votes)


def three_way(
    frame: pd.DataFrame, difference: Floats, tie_threshold: float, minimum_votes: int
) -> Figure:
    """Share of votes called right where a difference within the threshold calls a tie."""
    calls = np.where(np.abs(difference) <= tie_threshold, 0, np.sign(difference))
    right_calls = (calls == frame["winner"].to_numpy()).astype(np.float64)
    return mean_figure(right_calls, frame, minimum_votes)


def choose_tie_threshold(difference: Floats, winner: npt.ArrayLike) -> float:
    """The threshold with the most right calls on these votes, the smallest of equals.

    It lies half-way between two of the absolute differences, or is 0. May be so small that
    hardly any tie is called: where ties are few, calling none is often right more often.
    """
    winner = np.asarray(winner)
    size = np.abs(difference)
    order = np.argsort(size, kind="stable")
    size, tied = size[order], winner[order] == 0
    called_right = np.sign(difference[order]) == winner[order]
    # Called ties are the first k of the sorted votes.
    right_calls = np.concatenate([[0], np.cumsum(tied)]) + np.concatenate(
        [np.cumsum((called_right & ~tied)[::-1])[::-1], [0]]
    )
    # A threshold cannot stand between equal sizes.
    possible = np.concatenate([[True], size[1:] > size[:-1], [True]]) if len(size) else [True]
    best = int(np.argmax(np.where(possible, right_calls, -1)))
    if best == 0:
        return 0.0
    return float((size[best - 1] + size[best]) / 2) if best < len(size) else float(size[-1])


def tie_auc(difference: Floats, winner: npt.ArrayLike) -> float | None:
    """Chance that a tied vote has a smaller absolute difference than an untied one; 0.5 = none."""
    tied = np.asarray(winner) == 0
    ties, others = int(tied.sum()), int((~tied).sum())
    if ties == 0 or others == 0:
        return None
    ranks = rankdata(-np.abs(difference))
    return float((ranks[tied].sum() - ties * (ties + 1) / 2) / (ties * others))


def judge(
    test: pd.DataFrame,
    one_new: pd.DataFrame,
    raw: pd.DataFrame,
    tie_thresholds: Mapping[str, float],
    minimum_votes: int,
) -> dict[str, dict[str, Any]]:
    """Attribute → metrics as they stand in a release.

    test: votes with two new photos. one_new: votes with one new photo and one that was seen.
    `accuracy`, `ci95`, `votes` at the top are those of untied votes on two new photos.
    """
    metrics: dict[str, dict[str, Any]] = {}
    for attribute, threshold in tie_thresholds.items():
        votes = test[test["attribute"] == attribute]
        difference = differences(votes, raw)
        half_new = one_new[one_new["attribute"] == attribute]
        ties = int((votes["winner"] == 0).sum())
        enough = min(ties, len(votes)) > 0 and len(votes) >= minimum_votes
        metrics[attribute] = {
            **accuracy(votes, difference, minimum_votes).as_dict(),
            "photos": int(pd.concat([votes["left"], votes["right"]]).nunique()),
            "three_way": {
                **three_way(votes, difference, threshold, minimum_votes).as_dict(),
                "ties": ties,
                "tie_threshold": threshold,
            },
            "tie_auc": tie_auc(difference, votes["winner"]) if enough else None,
            "one_photo_new": accuracy(
                half_new, differences(half_new, raw), minimum_votes
            ).as_dict(),
        }
    return metrics
