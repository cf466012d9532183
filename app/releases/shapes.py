"""Shapes of what the admin's side answers about releases. Scores run from 0.0 to 10.0."""

from datetime import datetime
from typing import Any, Literal

from app.schemas import AttributeKey, Score, Shape, Words


class Counts(Shape):
    """photos: with an image. scored: with a score of the release, `published` of them on the map.

    missing: how many would be without scores, were the release shown. queued, failed: photos in
    jobs of the release that wait or run, and in those that were given up.
    """

    photos: int
    scored: int
    published: int
    missing: int
    queued: int
    failed: int


class FirstPass(Shape):
    """Over the reference photos, whose raw outputs make the scale."""

    done: int
    of: int


class ReleaseProgress(Shape):
    """first_pass: null before and after it. workers: alive now."""

    name: str
    state: Literal["registered", "scoring", "ready"]
    active: bool
    counts: Counts
    first_pass: FirstPass | None
    workers: int


class AdminRelease(ReleaseProgress):
    """source: whose scores an imported release has. metrics: as training wrote them."""

    kind: Literal["rankers", "imported"]
    demo: bool
    version: int
    created_at: datetime
    published_at: datetime | None
    attributes: list[AttributeKey]
    licence: str | None
    source: str | None
    notes: list[str]
    metrics: dict[str, Any]


class WaitingFolder(Shape):
    """A release folder on the server that may be registered; problem: why it cannot be."""

    folder: str
    name: str | None
    problem: str | None


class AdminReleases(Shape):
    """The active release first, then the newest. way_back: what rolling back would show."""

    active: str | None
    way_back: str | None
    releases: list[AdminRelease]
    folders: list[WaitingFolder]
    trained_dir: str


class Agreement(Shape):
    """Over the `n` photos that both have scored. before: the other release, after: this one.

    rank_correlation: Spearman's, ties by mean ranks; null where one of the two gives all photos
    the same score. move: mean of the absolute differences.
    """

    n: int
    rank_correlation: float | None
    mean_before: Score
    mean_after: Score
    move: Score


class AreaMove(Shape):
    """n: scored photos. Ranks count from 1, the highest mean, among the `of` shown areas."""

    code: str
    name: str
    n_before: int
    n_after: int
    mean_before: Score
    mean_after: Score
    rank_before: int
    rank_after: int
    of: int


class LayerMoves(Shape):
    """areas: those that both releases show; of each attribute the ones that move most."""

    key: str
    label: Words
    areas: int
    moves: dict[AttributeKey, list[AreaMove]]


class PhotoMove(Shape):
    """thumbnail: for admins, also of photos that are not public; null without an image."""

    id: int
    before: Score
    after: Score
    thumbnail: str | None


class Comparison(Shape):
    """Of a release (after) with another one (before), by default the active one.

    n: photos that both have scored; only_before, only_after: that one of them has.
    """

    release: str
    other: str
    n: int
    only_before: int
    only_after: int
    attributes: dict[AttributeKey, Agreement]
    layers: list[LayerMoves]
    photos: dict[AttributeKey, list[PhotoMove]]
