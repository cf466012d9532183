"""Shapes of what the admin's side answers about releases. Scores run from 0.0 to 10.0."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.schemas import AttributeKey, Score, Shape, Words, example


class FolderIn(Shape):
    """folder: the name of one in the server's folder for trained releases, without any path."""

    model_config = example(folder="santiago-2026-11")

    folder: Annotated[str, Field(max_length=128)]


class ScoreIn(Shape):
    """new_references: choose reference photos anew instead of sharing those of the last release."""

    model_config = example(new_references=False)

    new_references: bool = False


class SwitchIn(Shape):
    """allow_missing: even if photos would be without scores."""

    model_config = example(allow_missing=False)

    allow_missing: bool = False


class Counts(Shape):
    """photos: with an image. scored: with a score of the release, `published` of them on the map.

    missing: how many would be without scores, were the release shown, `places` of them without an
    image, which no network can score. queued, failed: photos in jobs of the release that wait or
    run, and in those that were given up.
    """

    photos: int
    scored: int
    published: int
    missing: int
    places: int
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

    model_config = example(
        name="santiago-2026-11",
        state="scoring",
        active=False,
        counts={
            "photos": 120000,
            "scored": 76544,
            "published": 76032,
            "missing": 43456,
            "places": 0,
            "queued": 43456,
            "failed": 0,
        },
        first_pass=None,
        workers=2,
        kind="rankers",
        demo=False,
        version=1795511047,
        created_at="2026-11-24T09:04:07Z",
        published_at="2026-11-24T09:31:40Z",
        attributes=["safety", "lively"],
        licence="CC BY 4.0",
        source=None,
        notes=[],
        metrics={"safety": {"accuracy": 0.66, "ci95": [0.64, 0.68], "votes": 9120}},
    )

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

    model_config = example(
        release="santiago-2026-11",
        other="santiago-2026-05",
        n=119874,
        only_before=0,
        only_after=126,
        attributes={
            "safety": {
                "n": 119874,
                "rank_correlation": 0.912,
                "mean_before": 5.0,
                "mean_after": 5.02,
                "move": 0.87,
            }
        },
        layers=[
            {
                "key": "comuna",
                "label": {"es": "Comunas", "en": "Communes"},
                "areas": 32,
                "moves": {
                    "safety": [
                        {
                            "code": "13127",
                            "name": "Recoleta",
                            "n_before": 3120,
                            "n_after": 3124,
                            "mean_before": 4.71,
                            "mean_after": 5.12,
                            "rank_before": 19,
                            "rank_after": 12,
                            "of": 32,
                        }
                    ]
                },
            }
        ],
        photos={
            "safety": [
                {
                    "id": 4711,
                    "before": 1.2,
                    "after": 8.1,
                    "thumbnail": "/api/admin/photos/4711/thumbnail",
                }
            ]
        },
    )

    release: str
    other: str
    n: int
    only_before: int
    only_after: int
    attributes: dict[AttributeKey, Agreement]
    layers: list[LayerMoves]
    photos: dict[AttributeKey, list[PhotoMove]]
