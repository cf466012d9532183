import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, spearmanr

from model import intervals
from tests.model.scenes import random_votes

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


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
    assert intervals.dyadic_se(residuals, left, right) == pytest.approx(np.sqrt(slow))


def test_standard_error_is_the_short_formula_where_no_pair_repeats() -> None:
    """Σ over photos (Σ residuals of its votes)² − Σ residual², over n²."""
    left, right = np.array([0, 0, 1, 3, 4]), np.array([1, 2, 2, 4, 5])
    residuals = np.array([0.4, -0.1, 0.3, 0.6, 0.2])
    by_photo = [residuals[(left == photo) | (right == photo)].sum() ** 2 for photo in range(6)]
    expected = np.sqrt(sum(by_photo) - (residuals**2).sum()) / 5
    assert intervals.dyadic_se(residuals, left, right) == pytest.approx(expected)


def test_auc_is_the_share_of_right_pairs_and_its_influence_has_no_mean() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 9, 80).astype(float), rng.uniform(size=80) < 0.3
    pairs = scores[positive][:, None] - scores[~positive][None, :]
    area, influence = intervals.auc(scores, positive)
    assert area == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_variance_of_independent_scores_is_that_of_delong() -> None:
    """Their S10 / m + S01 / n, but for n − 1 in place of n."""
    rng = np.random.default_rng(1)
    positive = np.arange(90) < 30
    scores = rng.normal(size=90) + positive
    won = (scores[positive][:, None] > scores[~positive][None, :]).astype(float)
    delong = won.mean(axis=1).var() / 30 + won.mean(axis=0).var() / 60
    _, influence = intervals.auc(scores, positive)
    apart = np.arange(90)
    se = intervals.dyadic_se(influence, apart, apart + 90)
    assert se**2 == pytest.approx(delong)


def test_interval_of_the_area_covers_where_votes_share_photos() -> None:
    """Photos have qualities that raters see and outputs that err; both are drawn anew each run.

    The true area is that of fresh pairs. Taken for independent, votes would cover less.
    """
    rng = np.random.default_rng(5)
    covered = naive = 0
    runs, photos, votes = 300, 80, 800
    truth = true_area(rng)
    for _ in range(runs):
        left, right = random_votes(photos, votes, seed=int(rng.integers(1 << 30)))
        difference, won_left = draw_votes(rng, photos, left, right)
        area, influence = intervals.auc(difference, won_left)
        low, high = intervals.share_interval(area, influence, left, right)
        covered += low <= truth <= high
        naive += abs(area - truth) <= 1.96 * float(np.sqrt((influence**2).sum())) / votes
    assert 0.91 <= covered / runs <= 0.98
    assert naive / runs < 0.85


def draw_votes(
    rng: np.random.Generator, photos: int, left: Rows, right: Rows
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    quality = rng.normal(size=photos)
    output = quality + rng.normal(size=photos)
    won_left = quality[left] - quality[right] + rng.logistic(size=len(left)) > 0
    return output[left] - output[right], won_left


def true_area(rng: np.random.Generator) -> float:
    number = 400_000
    left = np.arange(number)
    difference, won_left = draw_votes(rng, 2 * number, left, left + number)
    return intervals.auc(difference, won_left)[0]


@pytest.mark.parametrize("digits", [9, 1])
def test_rank_correlation_is_spearmans(digits: int) -> None:
    rng = np.random.default_rng(0)
    first = np.round(rng.normal(size=70), digits)
    second = np.round(first + rng.normal(size=70), digits)
    rho, interval = intervals.rank_correlation(first, second)
    assert rho == pytest.approx(spearmanr(first, second).statistic)
    assert rho is not None
    assert interval is not None
    assert interval[0] < rho < interval[1]
    turned, back = intervals.rank_correlation(first, -second)
    assert back is not None
    assert turned == pytest.approx(-rho)
    assert (-back[1], -back[0]) == pytest.approx(interval)


def test_interval_of_the_rank_correlation_covers_where_neighbours_are_alike() -> None:
    """Normal pairs of correlation r have the rank correlation 6/π · arcsin(r/2)."""
    rng = np.random.default_rng(9)
    r, groups, size, runs = 0.5, 25, 8, 400
    truth = 6 / np.pi * np.arcsin(r / 2)
    spread = np.array([[1, r], [r, 1]])
    group = np.repeat(np.arange(groups), size)
    covered = naive = 0
    for _ in range(runs):
        common = rng.multivariate_normal([0, 0], spread, groups)[group] * np.sqrt(0.7)
        own = rng.multivariate_normal([0, 0], spread, len(group)) * np.sqrt(0.3)
        first, second = (common + own).T
        for grouped in (True, False):
            _, interval = intervals.rank_correlation(first, second, group if grouped else None)
            assert interval is not None
            hit = interval[0] <= truth <= interval[1]
            covered, naive = covered + (hit and grouped), naive + (hit and not grouped)
    assert 0.91 <= covered / runs <= 0.98
    assert naive / runs < 0.8


def test_interval_of_the_rank_correlation_of_independent_photos_is_that_of_theory() -> None:
    """Without correlation the standard error is 1/√(n − 1)."""
    first, second = np.random.default_rng(4).normal(size=(2, 4000))
    rho, interval = intervals.rank_correlation(first, second)
    assert rho is not None
    assert interval is not None
    half = norm.ppf(0.975) / np.sqrt(3999)
    assert interval == pytest.approx((rho - half, rho + half), abs=0.03 * half)


def test_no_rank_correlation_of_what_does_not_vary() -> None:
    assert intervals.rank_correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]) == (None, None)
    rho, interval = intervals.rank_correlation([1, 2, 3], [2, 4, 5])
    assert rho == pytest.approx(1)
    assert interval is None
    grouped = intervals.rank_correlation(range(9), range(9), [0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert grouped[1] is None
