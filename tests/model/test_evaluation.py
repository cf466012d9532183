import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from model import evaluation, votes
from tests.model.scenes import random_votes

Floats = npt.NDArray[np.float64]


def frame_of(left: object, right: object, winner: object) -> pd.DataFrame:
    frame = pd.DataFrame({"left": left, "right": right, "winner": winner})
    return frame.assign(attribute="safety")[list(votes.COLUMNS)]


def slow_dyadic_variance(residuals: Floats, left: object, right: object) -> float:
    """The double sum over all pairs of votes that share a photo."""
    sides = [{a, b} for a, b in zip(left, right, strict=True)]  # type: ignore[call-overload]
    total = sum(
        residuals[u] * residuals[v]
        for u in range(len(sides))
        for v in range(len(sides))
        if sides[u] & sides[v]
    )
    return float(total) / len(sides) ** 2


@pytest.mark.parametrize(("photos", "number"), [(200, 60), (12, 80), (400, 300)])
def test_standard_error_is_the_double_sum(photos: int, number: int) -> None:
    left, right = random_votes(photos, number, seed=number)
    effects = np.random.default_rng(0).normal(size=photos)
    residuals = effects[left] + effects[right] + np.random.default_rng(1).normal(size=number)
    slow = slow_dyadic_variance(residuals, left, right)
    assert slow > 0
    assert evaluation.dyadic_se(residuals, left, right) == pytest.approx(np.sqrt(slow))


def test_standard_error_is_the_short_formula_where_no_pair_repeats() -> None:
    """Σ over photos (Σ residuals of its votes)² − Σ residual², over n²."""
    left, right = np.array([0, 0, 1, 3, 4]), np.array([1, 2, 2, 4, 5])
    residuals = np.array([0.4, -0.1, 0.3, 0.6, 0.2])
    by_photo = [residuals[(left == photo) | (right == photo)].sum() ** 2 for photo in range(6)]
    expected = np.sqrt(sum(by_photo) - (residuals**2).sum()) / 5
    assert evaluation.dyadic_se(residuals, left, right) == pytest.approx(expected)


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
    difference, winner = rng.normal(size=50), rng.integers(-1, 2, 50)
    ties, others = np.abs(difference[winner == 0]), np.abs(difference[winner != 0])
    assert evaluation.tie_auc(difference, winner) == pytest.approx(
        np.mean(ties[:, None] < others[None, :])
    )
    assert evaluation.tie_auc(difference, np.ones(50)) is None


def test_swapping_the_sides_changes_no_figure() -> None:
    left, right = random_votes(30, 200, seed=3)
    raw = pd.DataFrame({"safety": np.random.default_rng(0).normal(size=30)})
    winner = np.random.default_rng(1).integers(-1, 2, 200)
    there, back = frame_of(left, right, winner), frame_of(right, left, -winner)
    assert evaluation.judge(there, there, raw, {"safety": 0.3}, 1) == evaluation.judge(
        back, back, raw, {"safety": 0.3}, 1
    )
