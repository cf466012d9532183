"""What rankers learn and are judged from: clean votes, with the files of their photos."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from model.config import SplitConfig, VotesConfig
from model.errors import VotesError
from model.photos import contents, places
from model.photos import folder as photos
from model.votes import cleaning, splits
from model.votes import reading as votes
from model.votes.cleaning import Dropped


@dataclass(frozen=True)
class Material:
    """frame: clean votes; once split, the column `use` says what each may be used for.

    files: photo key → file, of the photos that stand in votes. places: where they are, as
    `model.photos.places` says. sha256: photo key → hash of its file. split: photo key → part.
    dropped: rule → attribute → what it dropped. rejected: reason → rows of the file that are no
    votes. repeated: the votes on pairs that were asked more than once, before repeats were dropped.
    """

    frame: pd.DataFrame
    files: dict[str, Path]
    places: pd.DataFrame
    sha256: dict[str, str]
    dropped: dict[str, dict[str, Dropped]]
    rejected: dict[str, int]
    repeated: pd.DataFrame
    split: dict[str, str]

    def of(self, attribute: str, use: str) -> pd.DataFrame:
        wanted = (self.frame["attribute"] == attribute) & (self.frame["use"] == use)
        return self.frame[wanted]

    @property
    def attributes(self) -> tuple[str, ...]:
        """Those of Place Pulse in the order of its studies, then others by name."""
        found = set(self.frame["attribute"])
        known = [attribute for attribute in votes.STUDIES.values() if attribute in found]
        return (*known, *sorted(found - set(known)))


def gather(votes_csv: Path, photos_folder: Path, config: VotesConfig) -> Material:
    """Read and clean the votes; not yet split."""
    read = votes.read(votes_csv)
    files = photos.index(photos_folder)
    frame = _wanted(read.frame, config.attributes, votes_csv)
    frame, dropped = cleaning.clean(frame, _rules_of_photos(files, config.min_photo_bytes))
    if frame.empty:
        raise VotesError(
            f"No vote of {votes_csv} has both its photos in {photos_folder}; "
            "the names of the files must be the ids of the votes."
        )
    repeated = cleaning.repeated(frame)
    if config.repeats == "first":
        frame, repeats = cleaning.clean(frame, {"repeats": cleaning.drop_repeats})
        dropped |= repeats
    keys = sorted({*frame["left"], *frame["right"]})
    own = {key: files[key] for key in keys}
    where = places.gather(own, read.places, Path(config.places) if config.places else None)
    hashes = contents.sha256_of(own)
    return Material(frame, own, where, hashes, dropped, read.rejected, repeated, {})


def _rules_of_photos(
    files: Mapping[str, Path], smallest: int
) -> dict[str, Callable[[pd.DataFrame], pd.DataFrame]]:
    rules: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "photo missing": partial(cleaning.drop_missing, photos=set(files))
    }
    if smallest > 0:
        large = {key for key, path in files.items() if path.stat().st_size >= smallest}
        rules["photo too small"] = partial(cleaning.drop_missing, photos=large)
    return rules


def split(material: Material, config: SplitConfig) -> Material:
    """The same, with a part for each photo and a use for each vote.

    The same image under two names is never in two parts. By city or block, photos whose place is
    not known are in no part; VotesError where there are too few places to tell the parts by.
    """
    shares, seed = config.shares, config.seed
    if config.by == "city":
        held_out = {"test": config.test_cities, "validation": config.validation_cities}
        parts = splits.by_city(dict(material.places["city"]), shares, seed, held_out)
    elif config.by == "block":
        parts = splits.by_block(material.places, config.distance_m, shares, seed)
    else:
        parts = splits.by_photo(material.files, shares, seed)
    return with_split(material, splits.apart(parts, material.sha256))


def with_split(material: Material, parts: Mapping[str, str]) -> Material:
    frame = material.frame.assign(use=splits.of_votes(material.frame, parts))
    return replace(material, frame=frame, split=dict(parts))


def without(material: Material, unreadable: Mapping[str, str]) -> Material:
    """The same without the votes on unreadable photos; the split stays."""
    readable = {key: path for key, path in material.files.items() if key not in unreadable}
    rule = partial(cleaning.drop_missing, photos=set(readable))
    frame, dropped = cleaning.clean(material.frame, {"photo unreadable": rule})
    return replace(material, frame=frame, files=readable, dropped={**material.dropped, **dropped})


def describe(material: Material) -> dict[str, dict[str, Any]]:
    """Attribute → what became of its votes, as it stands in a release.

    Votes by use (`splits.USES`), votes `across` two parts, `photos` in votes, share of `ties`,
    and what each rule dropped: votes (`dropped`) and photos (`dropped_photos`).
    """
    described = {}
    for attribute in material.attributes:
        frame = material.frame[material.frame["attribute"] == attribute]
        uses = frame["use"].value_counts()
        dropped = {rule: n.get(attribute, Dropped(0, 0)) for rule, n in material.dropped.items()}
        described[attribute] = {
            **{use: int(uses.get(use, 0)) for use in splits.USES},
            "across": splits.across(frame, material.split),
            "photos": int(pd.concat([frame["left"], frame["right"]]).nunique()),
            "ties": round(float((frame["winner"] == 0).mean()), 4),
            "dropped": {rule: n.votes for rule, n in dropped.items()},
            "dropped_photos": {rule: n.photos for rule, n in dropped.items()},
        }
    return described


def describe_split(material: Material, config: SplitConfig) -> dict[str, Any]:
    """How the photos were split, as it stands in a release, and how many are in each part."""
    parts = pd.Series(material.split, dtype=object)
    described: dict[str, Any] = {
        "method": config.by,
        "seed": config.seed,
        "shares": config.shares,
        "photos": {part: int((parts == part).sum()) for part in (*splits.PARTS, splits.NONE)},
        "without_place": int(material.places["lat"].isna().sum()),
        "copies": len(material.sha256) - len(set(material.sha256.values())),
    }
    if config.by == "block":
        described["distance_m"] = config.distance_m
    if config.by == "city":
        city = material.places["city"].reindex(parts.index)
        described["cities"] = {
            part: sorted(set(city[parts == part]) - {""}) for part in splits.PARTS
        }
    return described


def refuse_too_few(material: Material, where: Path) -> None:
    for attribute in material.attributes:
        for use in ("train", "validation"):
            if material.of(attribute, use).empty:
                raise VotesError(
                    f"{where} leaves no vote on {attribute} for the {use} part; "
                    "give more votes, or other shares under [split]."
                )


def _wanted(frame: pd.DataFrame, attributes: tuple[str, ...], where: Path) -> pd.DataFrame:
    there = set(frame["attribute"])
    if absent := sorted(set(attributes) - there):
        raise VotesError(
            f"{where} has no votes on {', '.join(absent)}, only on {', '.join(sorted(there))}."
        )
    for attribute in attributes or there:
        # It becomes a file name and a column.
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,49}", attribute):
            raise VotesError(
                f"{where} has the attribute {attribute!r}; use letters, digits, - and _."
            )
    return frame[frame["attribute"].isin(attributes)] if attributes else frame
