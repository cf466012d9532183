"""Cleaning votes as the authors of Place Pulse 2.0 did, each rule counted.

A frame of votes is as `model.votes.reading` says.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import pandas as pd


def drop_missing(frame: pd.DataFrame, photos: Collection[str]) -> pd.DataFrame:
    """The votes whose two photos are both among `photos`."""
    there = set(photos)
    return frame[frame["left"].isin(there) & frame["right"].isin(there)]


def drop_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """Of repeats of one (left, right, attribute) the first, or none where their winners differ."""
    key = ["left", "right", "attribute"]
    unanimous = frame.groupby(key, sort=False)["winner"].transform("nunique") == 1
    return frame[unanimous].drop_duplicates(key)


def repeated(frame: pd.DataFrame) -> pd.DataFrame:
    """The votes on two photos and an attribute that more than one vote is on.

    Which photo stood on the left does not matter: of each pair, all votes come with the same
    photo on the left and `winner` turned accordingly.
    """
    turn = frame["left"] > frame["right"]
    turned = frame.assign(
        left=frame["left"].where(~turn, frame["right"]),
        right=frame["right"].where(~turn, frame["left"]),
        winner=frame["winner"].where(~turn, -frame["winner"]),
    )
    return turned[turned.duplicated(["left", "right", "attribute"], keep=False)]


class Dropped(NamedTuple):
    """What a rule took from the votes on one attribute.

    photos: those that stood in votes on it before, and in none after.
    """

    votes: int
    photos: int


def clean(
    frame: pd.DataFrame, rules: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]]
) -> tuple[pd.DataFrame, dict[str, dict[str, Dropped]]]:
    """Apply the rules in order; also rule → attribute → what it dropped."""
    dropped: dict[str, dict[str, Dropped]] = {}
    attributes = [str(attribute) for attribute in frame["attribute"].unique()]
    before = {attribute: _size(frame, attribute) for attribute in attributes}
    for name, rule in rules.items():
        frame = rule(frame)
        after = {attribute: _size(frame, attribute) for attribute in attributes}
        dropped[name] = {
            key: Dropped(*(was - is_ for was, is_ in zip(before[key], after[key], strict=True)))
            for key in attributes
        }
        before = after
    return frame.reset_index(drop=True), dropped


def _size(frame: pd.DataFrame, attribute: str) -> tuple[int, int]:
    """Number of votes on the attribute, and of photos in them."""
    own = frame[frame["attribute"] == attribute]
    return len(own), pd.concat([own["left"], own["right"]]).nunique()
