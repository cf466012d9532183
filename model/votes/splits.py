"""Parts for training, choosing and reporting, such that no photo stands in two of them."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from model.errors import ConfigError, VotesError
from model.photos import places as where

PARTS = ("train", "validation", "test")
# Of a photo without a known place, or too near to another part: it trains and judges nothing.
NONE = "none"
USES = ("train", "validation", "test", "one-new", NONE)

# Side of a spatial block in distances between parts. Smaller ones lose more photos to the strips
# between the parts, larger ones meet the shares less well.
BLOCK_SIDE = 8


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


def by_city(
    cities: Mapping[str, str],
    shares: Mapping[str, float],
    seed: int,
    held_out: Mapping[str, Collection[str]],
) -> dict[str, str]:
    """Photo key → part, each city in one part as a whole; photos without a city are in none.

    cities: photo key → city, "" where unknown. held_out: part → its cities; the cities of a part
    that names none are drawn, so that the parts come near to their shares of the photos.
    """
    sizes = Counter(city for city in cities.values() if city)
    given = {city: part for part, names in held_out.items() for city in names}
    if absent := sorted(set(given) - set(sizes)):
        raise ConfigError(
            f"No photo is in {', '.join(absent)}, which [split] holds out; there are photos in "
            f"{', '.join(sorted(sizes)[:60]) or 'no known city'}."
        )
    if len(given) < sum(len(set(names)) for names in held_out.values()):
        raise ConfigError("[split] names a city both for the test and for the validation part.")
    free: dict[Hashable, int] = {city: size for city, size in sizes.items() if city not in given}
    open_parts = {part: share for part, share in shares.items() if not held_out.get(part)}
    parts = given | _draw(free, open_parts, np.random.default_rng(seed), "cities")
    return {photo: parts[city] if city else NONE for photo, city in sorted(cities.items())}


def by_block(
    places: pd.DataFrame, distance_m: float, shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """Photo key → part, such that photos of different parts are more than `distance_m` apart.

    places: as `model.photos.places` says. Squares of a grid with a random origin, `BLOCK_SIDE`
    times `distance_m` wide, are drawn into the parts. Then photos too near to the test part leave
    the validation part, and those too near to either leave the training part: they are in none,
    as are photos without a place.
    """
    rng = np.random.default_rng(seed)
    placed = places[places["lat"].notna()].sort_index()
    block_of = _blocks(placed, BLOCK_SIDE * distance_m, rng)
    parts = _draw(Counter(block_of), shares, rng, f"blocks of {BLOCK_SIDE * distance_m:g} m")
    part_of = pd.Series([parts[block] for block in block_of], index=placed.index, dtype=object)
    points, reach = where.unit_vectors(placed), where.chord(distance_m)
    for later, earlier in (("validation", ["test"]), ("train", ["test", "validation"])):
        own, others = (part_of == later).to_numpy(), part_of.isin(earlier).to_numpy()
        if own.any() and others.any():
            distance, _ = cKDTree(points[others]).query(points[own])
            part_of.iloc[np.flatnonzero(own)[distance <= reach]] = NONE
    return {str(photo): str(part_of.get(photo, NONE)) for photo in sorted(places.index)}


def _blocks(placed: pd.DataFrame, side_m: float, rng: np.random.Generator) -> list[Hashable]:
    """Row and column of each photo in a grid of squares of about `side_m`."""
    up, along = rng.uniform(size=2)
    per_degree = np.pi / 180 * where.EARTH_RADIUS_M / side_m
    row = np.floor(placed["lat"].to_numpy() * per_degree + up)
    # All photos of a row share its width of a degree, else columns would not line up.
    shrink = np.cos(np.radians(np.clip((row + 0.5 - up) / per_degree, -89, 89)))
    column = np.floor(placed["lon"].to_numpy() * per_degree * shrink + along)
    return list(zip(row.astype(int).tolist(), column.astype(int).tolist(), strict=True))


def _draw(
    sizes: Mapping[Hashable, int], shares: Mapping[str, float], rng: np.random.Generator, what: str
) -> dict[Hashable, str]:
    """Group → part: in random order, each goes to the part that lacks most photos.

    A part with a share is not left empty: the last groups are kept for parts without one.
    """
    wanted = {part: share / sum(shares.values()) for part, share in shares.items() if share > 0}
    groups = sorted(sizes, key=str)
    if len(groups) < len(wanted):
        raise VotesError(
            f"The photos whose place is known lie in {len(groups)} {what}, too few for the parts "
            f"{', '.join(wanted)}. Say under [votes] places where the photos are, or choose "
            "another split or distance_m under [split]."
        )
    lacking = {part: share * sum(sizes.values()) for part, share in wanted.items()}
    drawn: dict[Hashable, str] = {}
    for left, at in zip(range(len(groups), 0, -1), rng.permutation(len(groups)), strict=True):
        empty = set(wanted) - set(drawn.values())
        open_parts = [part for part in PARTS if part in (empty if left <= len(empty) else wanted)]
        part = max(open_parts, key=lacking.__getitem__)
        drawn[groups[at]] = part
        lacking[part] -= sizes[groups[at]]
    return drawn


def apart(split: Mapping[str, str], sha256: Mapping[str, str]) -> dict[str, str]:
    """The same split with no image in two parts: publishers give one image several ids.

    sha256: photo key → hash of its file. Of photos with the same bytes, those in the test part
    stay, else those in the validation part; their copies in other parts are in none.
    """
    first: dict[str, str] = {}
    for part in reversed(PARTS):
        for photo, own in split.items():
            if own == part and photo in sha256:
                first.setdefault(sha256[photo], part)
    return {
        photo: part if part == first.get(sha256.get(photo, ""), part) else NONE
        for photo, part in split.items()
    }


def of_votes(frame: pd.DataFrame, split: Mapping[str, str]) -> pd.Series:
    """What each vote may be used for, one of `USES`.

    `train`: both photos in train. `validation`: one in validation, the other in validation or
    train (choosing wants new photos, and votes with two of them are few). `test`: both in test.
    `one-new`: one in test, the other seen; reported beside `test`, never chosen by.
    `none`: one of the photos is in no part.
    """
    left, right = frame["left"].map(dict(split)), frame["right"].map(dict(split))
    use = pd.Series("train", index=frame.index, dtype=object)
    use[(left == "validation") | (right == "validation")] = "validation"
    use[(left == "test") | (right == "test")] = "one-new"
    use[(left == "test") & (right == "test")] = "test"
    use[(left == NONE) | (right == NONE)] = NONE
    return use


def across(frame: pd.DataFrame, split: Mapping[str, str]) -> dict[str, int]:
    """Number of votes between each two parts, as `train-validation` → votes."""
    left, right = frame["left"].map(dict(split)), frame["right"].map(dict(split))
    return {
        f"{a}-{b}": int((((left == a) & (right == b)) | ((left == b) & (right == a))).sum())
        for a, b in (("train", "validation"), ("train", "test"), ("validation", "test"))
    }
