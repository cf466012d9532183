import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from model.judging import evaluation
from model.votes import reading as votes
from tests.model.scenes import random_votes

Floats = npt.NDArray[np.float64]


def frame_of(left: object, right: object, winner: object) -> pd.DataFrame:
    frame = pd.DataFrame({"left": left, "right": right, "winner": winner})
    return frame.assign(attribute="safety")[list(votes.COLUMNS)]


def test_interval_covers_where_votes_share_photos() -> None:
    """Right calls depend on both photos; intervals for independent votes would cover far less."""
    rng = np.random.default_rng(7)
    covered = naive = 0
    runs = 300
    for _ in range(runs):
        effects = rng.normal(0, 0.25, 60)
        left, right = random_votes(60, 500, seed=int(rng.integers(1 << 30)))
        chance = np.clip(0.65 + effects[left] + effects[right], 0, 1)
        calls = (rng.uniform(size=500) < chance).astype(float)
        figure = evaluation.mean_figure(calls, frame_of(left, right, 1), 1)
        assert figure.ci95 is not None
        truth = 0.645  # the mean of the clipped chances, by simulation
        covered += figure.ci95[0] <= truth <= figure.ci95[1]
        naive += abs(calls.mean() - truth) <= 1.96 * calls.std() / np.sqrt(500)
    assert covered / runs >= 0.90
    assert naive / runs < 0.75


def test_accuracy_counts_untied_votes_and_half_of_equal_outputs() -> None:
    frame = frame_of(["a", "a", "b", "c", "d"], ["b", "c", "c", "d", "e"], [1, -1, 1, 1, 0])
    difference = np.array([2.0, 1.0, 0.0, 0.5, 9.0])
    figure = evaluation.accuracy(frame, difference, 4)
    assert figure.value == pytest.approx((1 + 0 + 0.5 + 1) / 4)
    assert figure.votes == 4


def test_no_figure_on_few_votes() -> None:
    frame = frame_of(["a", "b"], ["b", "c"], [1, 1])
    figure = evaluation.accuracy(frame, np.array([1.0, 1.0]), 3)
    assert (figure.value, figure.ci95, figure.votes) == (None, None, 2)


def test_difference_is_left_minus_right_of_the_votes_own_attribute() -> None:
    raw = pd.DataFrame({"safety": [1.0, 4.0], "lively": [10.0, 70.0]}, index=["a", "b"])
    frame = pd.DataFrame(
        [("a", "b", 1, "safety"), ("b", "a", 1, "lively")], columns=list(votes.COLUMNS)
    )
    assert evaluation.differences(frame, raw).tolist() == [-3.0, 60.0]
    with pytest.raises(KeyError):
        evaluation.differences(frame, raw.drop(index="b"))


@pytest.mark.parametrize("seed", range(20))
def test_tie_threshold_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few distinct values, so that equal sizes occur.
    difference = np.round(rng.normal(0, 1, 40), 1)
    winner = np.where(rng.uniform(size=40) < 0.4 - 0.2 * np.abs(difference), 0, np.sign(difference))
    frame = frame_of(range(40), range(40, 80), winner)

    def right_calls(threshold: float) -> float:
        value = evaluation.three_way(frame, difference, threshold, 1).value
        assert value is not None
        return value

    sizes = np.unique(np.abs(difference))
    candidates = [0.0, *(sizes + 0.01)]
    chosen = evaluation.choose_tie_threshold(difference, winner)
    assert right_calls(chosen) == pytest.approx(max(right_calls(c) for c in candidates))


def test_tie_threshold_of_no_ties_calls_none() -> None:
    assert evaluation.choose_tie_threshold(np.array([1.0, -2.0, 0.5]), [1, -1, 1]) == 0.0


def test_tie_auc_counts_pairs_of_votes() -> None:
    rng = np.random.default_rng(2)
    left, right = random_votes(30, 50, seed=2)
    difference, winner = rng.normal(size=50), rng.integers(-1, 2, 50)
    ties, others = np.abs(difference[winner == 0]), np.abs(difference[winner != 0])
    figure = evaluation.tie_auc(frame_of(left, right, winner), difference, 50)
    assert figure.value == pytest.approx(np.mean(ties[:, None] < others[None, :]))
    assert figure.votes == 50
    assert figure.ci95 is not None
    assert figure.ci95[0] < float(figure.value or 0) < figure.ci95[1]


def test_win_auc_counts_pairs_of_untied_votes() -> None:
    rng = np.random.default_rng(3)
    left, right = random_votes(30, 60, seed=3)
    # Few distinct values, so that equal ones occur, and a lean to the left photo.
    difference, winner = rng.integers(2, 9, 60).astype(np.float64), rng.integers(-1, 2, 60)
    won_left, won_right = difference[winner == 1], difference[winner == -1]
    pairs = won_left[:, None] - won_right[None, :]
    figure = evaluation.win_auc(frame_of(left, right, winner), difference, 1)
    assert figure.value == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert figure.votes == len(won_left) + len(won_right)


@pytest.mark.parametrize("winner", [1, -1, 0])
def test_no_area_where_one_kind_is_missing(winner: int) -> None:
    left, right = random_votes(10, 20, seed=0)
    frame = frame_of(left, right, winner)
    difference = np.random.default_rng(0).normal(size=20)
    for auc in (evaluation.win_auc, evaluation.tie_auc):
        figure = auc(frame, difference, 1)
        assert (figure.value, figure.ci95) == (None, None)


def test_no_area_on_few_votes() -> None:
    left, right = random_votes(10, 20, seed=0)
    frame = frame_of(left, right, [1, -1, 0, 1] * 5)
    difference = np.random.default_rng(0).normal(size=20)
    assert evaluation.win_auc(frame, difference, 16).value is None
    assert evaluation.win_auc(frame, difference, 15).value is not None
    assert evaluation.tie_auc(frame, difference, 21).value is None


def test_a_city_takes_the_votes_with_one_side_in_it() -> None:
    """A vote between two cities counts for both; photos without a city for none."""
    frame = frame_of(["a", "a", "c", "d"], ["b", "c", "d", "x"], [1, 1, 1, 1])
    difference = np.array([1.0, 1.0, -1.0, -1.0])
    city = {"a": "A", "b": "A", "c": "C", "d": "C", "x": ""}
    figures = evaluation.by_city(frame, difference, city, 1)
    assert {name: (figure.value, figure.votes) for name, figure in figures.items()} == {
        "A": (1.0, 2),
        "C": (pytest.approx(1 / 3), 3),
    }
    assert evaluation.by_city(frame, difference, city, 3)["A"].value is None


def test_swapping_the_sides_changes_no_figure() -> None:
    left, right = (np.array([f"p{photo}" for photo in s]) for s in random_votes(30, 200, seed=3))
    photos = [f"p{photo}" for photo in range(30)]
    raw = pd.DataFrame({"safety": np.random.default_rng(0).normal(size=30)}, index=photos)
    winner = np.random.default_rng(1).integers(-1, 2, 200)
    there, back = frame_of(left, right, winner), frame_of(right, left, -winner)
    city = {photo: f"city {number % 3}" for number, photo in enumerate(photos)}
    one, other = (
        evaluation.judge(frame, frame, raw, {"safety": 0.3}, city, 1)["safety"]
        for frame in (there, back)
    )
    # Sums of floats in another order.
    one_auc, other_auc = one.pop("auc"), other.pop("auc")
    assert one_auc.pop("ci95") == pytest.approx(other_auc.pop("ci95"))
    assert one_auc == pytest.approx(other_auc)
    for name in ("tie_auc", "tie_auc_ci95"):
        assert one.pop(name) == pytest.approx(other.pop(name))
    assert one == other
