"""95 % intervals that know what the observations share."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

NORMAL_95 = 1.959963984540054


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


def share_interval(
    value: float, residuals: Floats, left: npt.ArrayLike, right: npt.ArrayLike
) -> Interval:
    """Of a share whose error is the mean of `residuals`, one per vote; within 0 and 1."""
    half = NORMAL_95 * dyadic_se(residuals, left, right)
    return max(0.0, value - half), min(1.0, value + half)


def auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[float, Floats]:
    """Area under the ROC curve, and what each observation adds to its error.

    The area is the chance that a positive observation has a higher score than a negative one,
    equal scores counting half. With the placement values of DeLong, DeLong and Clarke-Pearson
    1988 (of a positive: the share of negatives below it; of a negative: the share of positives
    above it) the error of the area is to first order the mean of (placement − area) · n / n₁ over
    the positives' and (placement − area) · n / n₀ over the negatives' share of all n. These
    influences may be summed over what observations share, as Obuchowski 1997 does over clusters.
    Both kinds must be there.
    """
    n, ones = len(scores), int(positive.sum())
    # Rank among all minus rank within one's own kind: the number of the other kind below.
    below = rankdata(scores)
    below[positive] -= rankdata(scores[positive])
    below[~positive] -= rankdata(scores[~positive])
    placement = np.where(positive, below / (n - ones), 1 - below / ones)
    area = float(placement[positive].mean())
    return area, (placement - area) * np.where(positive, n / ones, n / (n - ones))


def rank_correlation(
    first: npt.ArrayLike, second: npt.ArrayLike, groups: npt.ArrayLike | None = None
) -> tuple[float | None, Interval | None]:
    """Spearman's rank correlation, and its interval.

    The error is to first order the mean of the influence of each observation (Croux and Dehon
    2010): with F and G the ranks as shares, 12 times (F − ½)(G − ½) plus how the observation
    moves the ranks of all others, less the correlation. `groups`: observations of one group may
    depend on each other, so influences are summed over each, and the quantile is that of
    Student's t with their number less one; without it each is a group of its own. The interval
    is taken on Fisher's z, where the distribution is near to normal; there is none on fewer than
    four groups, and no correlation where either side does not vary.
    """
    x, y = (_shares_below(np.asarray(side, np.float64)) for side in (first, second))
    spread = float(np.sqrt(x.var() * y.var()))
    labels = np.arange(len(x)) if groups is None else np.unique(groups, return_inverse=True)[1]
    number = int(labels.max(initial=-1)) + 1
    if spread == 0:
        return None, None
    rho = float(((x - 0.5) * (y - 0.5)).mean()) / spread
    if number < 4:
        return rho, None
    influence = ((x - 0.5) * (y - 0.5) + _moved(x, y - 0.5) + _moved(y, x - 0.5)) / spread - 3 * rho
    sums = np.bincount(labels, weights=influence)
    se = float(np.sqrt(number / (number - 1) * (sums**2).sum())) / len(x)
    if abs(rho) >= 1:
        return rho, (rho, rho)
    half = float(student.ppf(0.975, number - 1)) * se / (1 - rho**2)
    z = float(np.arctanh(rho))
    return rho, (float(np.tanh(z - half)), float(np.tanh(z + half)))


def _shares_below(values: Floats) -> Floats:
    """Share of the values that lie below each one, equal ones counting half."""
    shares: Floats = (rankdata(values) - 0.5) / len(values)
    return shares


def _moved(shares: Floats, other: Floats) -> Floats:
    """Mean over all of `other` where the share is above that of each one, equal ones half."""
    order = np.argsort(shares, kind="stable")
    _, start, count = np.unique(shares[order], return_index=True, return_counts=True)
    total = np.concatenate([[0.0], np.cumsum(other[order])])
    end = start + count
    above = total[-1] - (total[start] + total[end]) / 2
    moved = np.empty(len(shares))
    moved[order] = np.repeat(above, count) / len(shares)
    return moved
