import numpy as np
import pandas as pd
import pytest

from model.votes import agreement, cleaning
from model.votes import reading as votes


def answers(*pairs: tuple[str, str, list[int]]) -> pd.DataFrame:
    rows = [(left, right, winner, "safety") for left, right, all_ in pairs for winner in all_]
    return cleaning.repeated(pd.DataFrame(rows, columns=list(votes.COLUMNS)))


def test_agreement_is_the_chance_that_two_answers_on_a_pair_agree() -> None:
    """Each pair counts once, however often it was asked."""
    figures = agreement.describe(
        answers(
            ("a", "b", [1, 1, -1]),
            ("c", "a", [1, 1]),
            ("d", "e", [1, 0]),
            ("e", "f", [1]),
            ("b", "a", [-1]),
        ),
        1,
    )
    # Pair (a, b) has the untied answers 1, 1, -1, 1: 3 of 6 agree. (d, e) has one untied answer.
    assert figures["agreement"] == pytest.approx((3 / 6 + 1) / 2)
    assert (figures["pairs"], figures["votes"]) == (2, 6)
    assert figures["unanimous"] == 0.5
    assert figures["three_way"]["agreement"] == pytest.approx((3 / 6 + 1 + 0) / 3)
    assert (figures["three_way"]["pairs"], figures["three_way"]["votes"]) == (3, 8)


def test_no_figure_on_few_votes() -> None:
    few = answers(("a", "b", [1, 1, -1]), ("c", "a", [1, 1]))
    figures = agreement.describe(few, 6)
    assert figures["agreement"] is None
    assert (figures["pairs"], figures["votes"]) == (2, 5)
    assert agreement.describe(few.iloc[:0], 1)["three_way"]["votes"] == 0


def test_what_a_ranker_can_reach_lies_within_the_ceiling() -> None:
    """Raters answer each pair with a chance of its own; the best ranker knows those chances."""
    rng = np.random.default_rng(0)
    chance = rng.beta(2, 2, 4000)
    given = [np.where(rng.uniform(size=3) < p, 1, -1).tolist() for p in chance]
    frame = answers(*((f"a{i}", f"b{i}", three) for i, three in enumerate(given)))
    figures = agreement.describe(frame, 300)
    best = float(np.maximum(chance, 1 - chance).mean())
    truth = float((chance**2 + (1 - chance) ** 2).mean())
    low, high = figures["ceiling"]
    assert low < best < high
    assert figures["ci95"][0] < truth < figures["ci95"][1]
    assert figures["three_way"]["ceiling"] is None or figures["three_way"] == {
        key: value for key, value in figures.items() if key != "three_way"
    }
