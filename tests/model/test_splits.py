from itertools import permutations

import pandas as pd
import pytest

from model import splits

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}


@pytest.mark.parametrize("number", [1, 3, 10, 999])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_photo_stands_in_exactly_one_part(number: int, seed: int) -> None:
    photos = [f"p{i}" for i in range(number)]
    split = splits.by_photo(photos, SHARES, seed)
    assert sorted(split) == sorted(photos)
    counts = pd.Series(split).value_counts()
    for part, share in SHARES.items():
        assert abs(counts.get(part, 0) - share * number) <= 1


def test_depends_on_the_seed_but_not_on_the_order() -> None:
    photos = [f"p{i}" for i in range(200)]
    split = splits.by_photo(photos, SHARES, 5)
    assert splits.by_photo([*reversed(photos), *photos], SHARES, 5) == split
    assert splits.by_photo(photos, SHARES, 6) != split


def test_no_photo_is_trained_on_and_tested() -> None:
    photos = [f"p{i}" for i in range(60)]
    frame = pd.DataFrame(permutations(photos, 2), columns=["left", "right"])
    use = splits.of_votes(frame, splits.by_photo(photos, SHARES, 0))
    seen = {
        name: {*frame[use == name]["left"], *frame[use == name]["right"]} for name in use.unique()
    }
    assert set(seen) == {"train", "validation", "test", "one-new"}
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]


@pytest.mark.parametrize(
    ("left", "right", "use"),
    [
        ("train", "train", "train"),
        ("train", "validation", "validation"),
        ("validation", "validation", "validation"),
        ("test", "test", "test"),
        ("test", "train", "one-new"),
        ("validation", "test", "one-new"),
    ],
)
def test_what_a_vote_may_be_used_for(left: str, right: str, use: str) -> None:
    split = {"a": left, "b": right}
    frame = pd.DataFrame({"left": ["a", "b"], "right": ["b", "a"]})
    assert splits.of_votes(frame, split).tolist() == [use, use]
