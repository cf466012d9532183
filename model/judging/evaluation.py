"""How well raw outputs tell who won votes on photos that training never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from model.intervals import Interval, auc, share_interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A share with its 95 % interval; neither is given where the `votes` behind it are too few."""

    value: float | None
    ci95: Interval | None
    votes: int

    def as_dict(self, name: str = "accuracy") -> dict[str, Any]:
        return {
            name: self.value,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "votes": self.votes,
        }


def mean_figure(right_calls: Floats, frame: pd.DataFrame, minimum_votes: int) -> Figure:
    """Mean of 1 (called right), 0 (wrong) or 0.5 (no call) over the votes of `frame`."""
    votes = len(right_calls)
    if votes < minimum_votes:
        return Figure(None, None, votes)
    value = float(right_calls.mean())
    interval = share_interval(value, right_calls - value, frame["left"], frame["right"])
    return Figure(value, interval, votes)


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


def win_auc(frame: pd.DataFrame, difference: Floats, minimum_votes: int) -> Figure:
    """Chance that of two untied votes, one won by each side, the left's has the larger difference.

    Unlike accuracy it asks nothing of the sign: a ranker that always leans to the left photo is
    not punished. 0.5 = none.
    """
    untied = frame["winner"].to_numpy() != 0
    won_left = frame["winner"].to_numpy()[untied] > 0
    return _auc_figure(frame[untied], difference[untied], won_left, minimum_votes)


def tie_auc(frame: pd.DataFrame, difference: Floats, minimum_votes: int) -> Figure:
    """Chance that a tied vote has a smaller absolute difference than an untied one; 0.5 = none."""
    tied = frame["winner"].to_numpy() == 0
    return _auc_figure(frame, -np.abs(difference), tied, minimum_votes)


def _auc_figure(
    frame: pd.DataFrame, scores: Floats, positive: npt.NDArray[np.bool_], minimum_votes: int
) -> Figure:
    votes = len(frame)
    if votes < minimum_votes or positive.all() or not positive.any():
        return Figure(None, None, votes)
    area, influence = auc(scores, positive)
    interval = share_interval(area, influence, frame["left"], frame["right"])
    return Figure(area, interval, votes)


def by_city(
    frame: pd.DataFrame, difference: Floats, city: Mapping[str, str], minimum_votes: int
) -> dict[str, Figure]:
    """City → accuracy on the votes with at least one side in it, whatever city the other is in."""
    left, right = (frame[side].map(dict(city)).to_numpy() for side in ("left", "right"))
    figures = {}
    for name in sorted({*left, *right} - {""}):
        own = (left == name) | (right == name)
        figures[name] = accuracy(frame[own], difference[own], minimum_votes)
    return figures


def judge(
    test: pd.DataFrame,
    one_new: pd.DataFrame,
    raw: pd.DataFrame,
    tie_thresholds: Mapping[str, float],
    city: Mapping[str, str],
    minimum_votes: int,
) -> dict[str, dict[str, Any]]:
    """Attribute → metrics as they stand in a release.

    test: votes with two new photos. one_new: votes with one new photo and one that was seen.
    city: photo key → city, "" where unknown.
    `accuracy`, `ci95`, `votes` at the top are those of untied votes on two new photos.
    """
    metrics: dict[str, dict[str, Any]] = {}
    for attribute, threshold in tie_thresholds.items():
        votes = test[test["attribute"] == attribute]
        difference = differences(votes, raw)
        half_new = one_new[one_new["attribute"] == attribute]
        tied = tie_auc(votes, difference, minimum_votes)
        cities = by_city(votes, difference, city, minimum_votes)
        metrics[attribute] = {
            **accuracy(votes, difference, minimum_votes).as_dict(),
            "photos": int(pd.concat([votes["left"], votes["right"]]).nunique()),
            "auc": win_auc(votes, difference, minimum_votes).as_dict("auc"),
            "three_way": {
                **three_way(votes, difference, threshold, minimum_votes).as_dict(),
                "ties": int((votes["winner"] == 0).sum()),
                "tie_threshold": threshold,
            },
            "tie_auc": tied.value,
            "tie_auc_ci95": tied.as_dict()["ci95"],
            "one_photo_new": accuracy(
                half_new, differences(half_new, raw), minimum_votes
            ).as_dict(),
            "by_city": {name: figure.as_dict() for name, figure in cities.items()},
        }
    return metrics
