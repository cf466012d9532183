"""Parts for training, choosing and reporting, such that no photo stands in two of them."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

PARTS = ("train", "validation", "test")


def by_photo(photos: Iterable[str], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Photo key → part, at random; the order in which `photos` come does not matter.

    shares: part → share of the photos, summing to 1.
    """
    keys = np.array(sorted(set(photos)), dtype=object)
    order = np.random.default_rng(seed).permutation(len(keys))
    ends = np.rint(np.cumsum([shares[part] for part in PARTS]) * len(keys)).astype(int)
    ends[-1] = len(keys)
    parts = np.repeat(np.array(PARTS, dtype=object), np.diff(ends, prepend=0))
    return dict(sorted(zip(keys[order].tolist(), parts.tolist(), strict=True)))


def of_votes(frame: pd.DataFrame, split: Mapping[str, str]) -> pd.Series:
    """What each vote may be used for.

    `train`: both photos in train. `validation`: one in validation, the other in validation or
    train (choosing wants new photos, and votes with two of them are few). `test`: both in test.
    `one-new`: one in test, the other seen; reported beside `test`, never chosen by.
    """
    left, right = frame["left"].map(dict(split)), frame["right"].map(dict(split))
    use = pd.Series("train", index=frame.index, dtype=object)
    use[(left == "validation") | (right == "validation")] = "validation"
    use[(left == "test") | (right == "test")] = "one-new"
    use[(left == "test") & (right == "test")] = "test"
    return use
