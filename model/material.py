"""What rankers learn and are judged from: clean votes, with the files of their photos."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from model import photos, splits, votes
from model.config import SplitConfig, VotesConfig
from model.errors import VotesError


@dataclass(frozen=True)
class Material:
    """frame: clean votes; once split, the column `use` says what each may be used for.

    files: photo key → file, of the photos that stand in votes. split: photo key → part.
    dropped: rule → attribute → votes. rejected: reason → rows of the file that are no votes.
    """

    frame: pd.DataFrame
    files: dict[str, Path]
    dropped: dict[str, dict[str, int]]
    rejected: dict[str, int]
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
    smallest = config.min_photo_bytes
    large = {key for key, path in files.items() if path.stat().st_size >= smallest}
    rules: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "photo missing": partial(votes.drop_missing, photos=set(files)),
        "photo too small": partial(votes.drop_missing, photos=large),
    }
    if config.repeats == "first":
        rules["repeats"] = votes.drop_repeats
    frame = _wanted(read.frame, config.attributes, votes_csv)
    frame, dropped = votes.clean(frame, rules)
    if frame.empty:
        raise VotesError(
            f"No vote of {votes_csv} has both its photos in {photos_folder}; "
            "the names of the files must be the ids of the votes."
        )
    keys = sorted({*frame["left"], *frame["right"]})
    return Material(frame, {key: files[key] for key in keys}, dropped, read.rejected, {})


def split(material: Material, config: SplitConfig) -> Material:
    """The same, with a part for each photo and a use for each vote."""
    parts = splits.by_photo(material.files, config.shares, config.seed)
    frame = material.frame.assign(use=splits.of_votes(material.frame, parts))
    return replace(material, frame=frame, split=parts)


def without(material: Material, unreadable: Mapping[str, str]) -> Material:
    """The same without the votes on unreadable photos; the split stays."""
    readable = {key: path for key, path in material.files.items() if key not in unreadable}
    rule = partial(votes.drop_missing, photos=set(readable))
    frame, dropped = votes.clean(material.frame, {"photo unreadable": rule})
    return replace(material, frame=frame, files=readable, dropped={**material.dropped, **dropped})


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
