"""How far raters agree with each other: what no ranker can be expected to beat by much."""

from typing import Any

import numpy as np
import pandas as pd

from model.intervals import share_interval


def describe(repeated: pd.DataFrame, minimum_votes: int) -> dict[str, Any]:
    """Agreement of answers on pairs that were asked more than once, of one attribute.

    repeated: as `model.votes.cleaning.repeated` gives them. The figure of untied answers stands at
    the top, beside which accuracy may be held; that of all answers, three-way, below.
    """
    return {
        **_figure(repeated[repeated["winner"] != 0], minimum_votes),
        "three_way": _figure(repeated, minimum_votes),
    }


def _figure(repeated: pd.DataFrame, minimum_votes: int) -> dict[str, Any]:
    """agreement: chance that two answers on one pair agree, mean over pairs, each counting once.

    unanimous: share of pairs without a dissenting answer. ceiling: what the best possible ranker
    can reach lies between these two accuracies. Where a pair's answers are p to 1 − p, two of
    them agree with a = p² + (1 − p)², and the best call is right with
    max(p, 1 − p) = (1 + √(2a − 1)) / 2 ≥ a; the mean of the root is at most the root of the mean
    (Jensen). It is given for untied answers only.
    """
    if repeated.empty:
        return _none(0, 0)
    pairs = repeated.groupby(["left", "right"], sort=True)["winner"]
    counts = pairs.value_counts().unstack(fill_value=0)
    answers = counts.sum(axis=1)
    # One answer of a kind that is looked at here says nothing of agreement.
    counts, answers = counts[answers > 1], answers[answers > 1]
    votes = int(answers.sum())
    if votes < minimum_votes or len(counts) < 2:
        return _none(votes, len(counts))
    agreeing = ((counts * (counts - 1)).sum(axis=1) / (answers * (answers - 1))).to_numpy(float)
    value = float(agreeing.mean())
    left, right = (counts.index.get_level_values(side) for side in ("left", "right"))
    tied = 0 in counts.columns
    best = (1 + float(np.sqrt(max(2 * value - 1, 0.0)))) / 2
    return {
        "agreement": value,
        "ci95": list(share_interval(value, agreeing - value, left, right)),
        "unanimous": float((agreeing == 1).mean()),
        "ceiling": None if tied else [value, best],
        "pairs": len(counts),
        "votes": votes,
    }


def _none(votes: int, pairs: int) -> dict[str, Any]:
    figures = dict.fromkeys(("agreement", "ci95", "unanimous", "ceiling"))
    return {**figures, "pairs": pairs, "votes": votes}
