from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import ConfigError, VotesError
from model.photos import places as where
from model.votes import splits

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
        ("none", "train", "none"),
        ("none", "test", "none"),
        ("none", "none", "none"),
    ],
)
def test_what_a_vote_may_be_used_for(left: str, right: str, use: str) -> None:
    split = {"a": left, "b": right}
    frame = pd.DataFrame({"left": ["a", "b"], "right": ["b", "a"]})
    assert splits.of_votes(frame, split).tolist() == [use, use]


def test_counts_votes_between_parts() -> None:
    split = {"a": "train", "b": "train", "c": "validation", "d": "test", "e": "none"}
    frame = pd.DataFrame(permutations(split, 2), columns=["left", "right"])
    assert splits.across(frame, split) == {
        "train-validation": 4,
        "train-test": 4,
        "validation-test": 2,
    }


def cities_of(sizes: list[int]) -> dict[str, str]:
    """Photos named by city and number; the first size is of photos without a city."""
    return {
        f"{city}-{number}": "" if city == 0 else f"city {city}"
        for city, size in enumerate(sizes)
        for number in range(size)
    }


def parts_by_use(frame: pd.DataFrame, use: pd.Series) -> dict[str, set[str]]:
    return {
        name: {*frame[use == name]["left"], *frame[use == name]["right"]} for name in splits.USES
    }


def no_leak(split: dict[str, str], seed: int) -> None:
    """Of random votes, those for training share no photo with those for reporting."""
    rng = np.random.default_rng(seed)
    keys = np.array(list(split), dtype=object)
    frame = pd.DataFrame({side: rng.choice(keys, 400) for side in ("left", "right")})
    used = parts_by_use(frame, splits.of_votes(frame, split))
    assert not used["train"] & used["test"]
    assert not used["validation"] & used["test"]
    new = {key for key in used["validation"] if split[key] == "validation"}
    assert not used["train"] & new
    for name in ("train", "validation", "test", "one-new"):
        assert not {key for key in used[name] if split[key] == "none"}


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 300), st.integers(0, 10**6))
def test_by_photo_no_photo_stands_in_two_parts(number: int, seed: int) -> None:
    photos = [f"p{i}" for i in range(number)]
    split = splits.by_photo(photos, SHARES, seed)
    assert sorted(split) == sorted(photos)
    no_leak(split, seed)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 60), min_size=4, max_size=30), st.integers(0, 10**6))
def test_by_city_no_city_stands_in_two_parts(sizes: list[int], seed: int) -> None:
    cities = cities_of(sizes)
    split = splits.by_city(cities, SHARES, seed, {})
    assert sorted(split) == sorted(cities)
    found = pd.DataFrame({"city": cities, "part": split})
    assert (found.groupby("city")["part"].nunique() == 1).all()
    assert (found.loc[found["city"] == "", "part"] == "none").all()
    placed = found.loc[found["city"] != "", "part"]
    assert set(placed) == set(splits.PARTS)
    # No part exceeds its share by more than the largest city, so none lacks more than two.
    for part, share in SHARES.items():
        assert abs((placed == part).sum() - share * len(placed)) <= 2 * max(sizes[1:])
    assert splits.by_city(dict(reversed(cities.items())), SHARES, seed, {}) == split
    no_leak(split, seed)


def test_by_city_holds_out_what_it_is_told() -> None:
    cities = cities_of([0, *[10] * 10])
    named = {"test": ("city 3", "city 4"), "validation": ("city 7",)}
    split = pd.Series(splits.by_city(cities, SHARES, 0, named)).groupby(pd.Series(cities)).first()
    assert set(split[split == "test"].index) == {"city 3", "city 4"}
    assert set(split[split == "validation"].index) == {"city 7"}
    assert (split == "train").sum() == 7
    drawn = splits.by_city(cities, SHARES, 0, {"test": ("city 3",), "validation": ()})
    parts = pd.Series(drawn).groupby(pd.Series(cities)).first()
    assert set(parts[parts == "test"].index) == {"city 3"}
    assert (parts == "validation").sum() == 1


def test_by_city_refuses_what_it_cannot_do() -> None:
    cities = cities_of([3, 10, 10])
    with pytest.raises(ConfigError, match=r"No photo is in Lima, .* in city 1, city 2"):
        splits.by_city(cities, SHARES, 0, {"test": ("Lima",)})
    with pytest.raises(ConfigError, match="both for the test and for the validation"):
        splits.by_city(cities, SHARES, 0, {"test": ("city 1",), "validation": ("city 1",)})
    with pytest.raises(VotesError, match="lie in 2 cities, too few"):
        splits.by_city(cities, SHARES, 0, {})
    with pytest.raises(VotesError, match="lie in 0 cities, too few"):
        splits.by_city(cities_of([3]), SHARES, 0, {})


def places_of(lat: object, lon: object) -> pd.DataFrame:
    frame = pd.DataFrame({"lat": lat, "lon": lon}, dtype=float).assign(city="")
    return frame.set_axis([f"p{number}" for number in range(len(frame))])


def great_circle_m(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray[tuple[int, int]]:
    """Haversine distances between all places of both, in metres."""
    lat, lon = np.radians(a[["lat", "lon"]].to_numpy()).T[:, :, None]
    lat_b, lon_b = np.radians(b[["lat", "lon"]].to_numpy()).T[:, None, :]
    inner = (
        np.sin((lat - lat_b) / 2) ** 2
        + np.cos(lat) * np.cos(lat_b) * np.sin((lon - lon_b) / 2) ** 2
    )
    distance: np.ndarray[tuple[int, int]] = 2 * where.EARTH_RADIUS_M * np.arcsin(np.sqrt(inner))
    return distance


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    distance_m=st.floats(20, 400),
    lat=st.floats(-80, 80),
    lon=st.floats(-180, 180),
    extent_m=st.floats(2_000, 20_000),
)
def test_by_block_parts_are_farther_apart_than_the_distance(
    seed: int, distance_m: float, lat: float, lon: float, extent_m: float
) -> None:
    rng = np.random.default_rng(seed)
    north, east = rng.uniform(0, extent_m, (2, 300)) / 111_195
    lons = (lon + east / np.cos(np.radians(lat)) + 180) % 360 - 180
    frame = places_of(lat + north, lons)
    frame.iloc[:3, :2] = np.nan
    try:
        split = splits.by_block(frame, distance_m, SHARES, seed)
    except VotesError as error:
        assert "too few for the parts" in str(error)  # noqa: PT017
        return
    assert sorted(split) == sorted(frame.index)
    parts = pd.Series(split)[frame.index]
    assert (parts[frame.index[:3]] == "none").all()
    for one, other in permutations(splits.PARTS, 2):
        between = great_circle_m(frame[parts == one], frame[parts == other])
        assert between.size == 0 or between.min() > distance_m
    assert splits.by_block(frame[::-1], distance_m, SHARES, seed) == split
    no_leak(split, seed)


def test_by_block_meets_the_shares_and_drops_little() -> None:
    rng = np.random.default_rng(0)
    frame = places_of(rng.uniform(-33.6, -33.3, 4000), rng.uniform(-70.8, -70.5, 4000))
    counts = pd.Series(splits.by_block(frame, 200, SHARES, 0)).value_counts(normalize=True)
    assert counts["test"] == pytest.approx(0.2, abs=0.03)
    assert counts["validation"] == pytest.approx(0.1, abs=0.03)
    assert counts["none"] < 0.2
    assert splits.by_block(frame, 200, SHARES, 1) != splits.by_block(frame, 200, SHARES, 0)


def test_by_block_takes_out_the_nearest_photos_only() -> None:
    """Whoever is in no part is near to another part."""
    rng = np.random.default_rng(1)
    frame = places_of(rng.uniform(0, 0.1, 1500), rng.uniform(0, 0.1, 1500))
    parts = pd.Series(splits.by_block(frame, 150, SHARES, 3))[frame.index]
    gone, held_out = frame[parts == "none"], frame[parts.isin(["test", "validation"])]
    assert len(gone) > 0
    assert (great_circle_m(gone, held_out).min(axis=1) <= 150).all()


def test_by_block_refuses_photos_without_places_and_few_blocks() -> None:
    with pytest.raises(VotesError, match=r"lie in 0 blocks of 1600 m, .* under \[votes\] places"):
        splits.by_block(places_of([np.nan] * 5, [np.nan] * 5), 200, SHARES, 0)
    with pytest.raises(VotesError, match="lie in 1 blocks"):
        splits.by_block(places_of([10.0] * 5, [10.0] * 5), 200, SHARES, 0)


def test_a_part_without_a_share_gets_no_block() -> None:
    rng = np.random.default_rng(0)
    frame = places_of(rng.uniform(0, 0.1, 500), rng.uniform(0, 0.1, 500))
    shares = {"train": 0.8, "validation": 0.0, "test": 0.2}
    assert set(splits.by_block(frame, 100, shares, 0).values()) == {"train", "test", "none"}


@given(
    st.lists(st.sampled_from(["train", "validation", "test", "none"]), min_size=1, max_size=40),
    st.integers(1, 12),
)
def test_no_image_stands_in_two_parts_under_two_names(parts: list[str], images: int) -> None:
    split = {f"p{at}": part for at, part in enumerate(parts)}
    image = {f"p{at}": f"image {at % images}" for at in range(len(parts))}
    apart = splits.apart(split, image)
    assert list(apart) == list(split)
    for name in set(image.values()):
        before = {split[photo] for photo in split if image[photo] == name} - {"none"}
        after = {apart[photo] for photo in split if image[photo] == name} - {"none"}
        assert len(after) == min(1, len(before))
        assert after <= ({"test"} if "test" in before else before)
    assert splits.apart(split, {}) == split
