"""Judging a release by votes on photos that it has not seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from model import evaluation, material
from model.config import Config
from model.errors import VotesError
from model.features import Progress
from model.release import Release
from model.scoring import Scorer

SEEN = ("train", "validation")


@dataclass(frozen=True)
class Judged:
    """metrics: as in a release. left_out: reason → votes.

    votes: those with two new photos, with `difference`, the raw output of the left photo minus
    that of the right one.
    """

    metrics: dict[str, dict[str, Any]]
    votes: pd.DataFrame
    left_out: dict[str, int]


def judge_release(
    release: Release,
    votes_csv: Path,
    photos_folder: Path,
    config: Config,
    *,
    include_trained: bool,
    device: str | None,
    progress: Progress,
) -> Judged:
    """Score the photos of the votes and compare.

    Photos that the release was trained or chosen on are left out, but for the figure of votes
    with one new photo; include_trained counts them as new.
    """
    gathered = material.gather(votes_csv, photos_folder, config.votes)
    frame = gathered.frame[gathered.frame["attribute"].isin(release.attributes)]
    left_out = {
        **gathered.rejected,
        **{rule: sum(counts.values()) for rule, counts in gathered.dropped.items()},
        "the release has no such attribute": len(gathered.frame) - len(frame),
    }
    raw, unreadable = _raw(release, gathered.files, device, progress)
    readable = ~(frame["left"].isin(unreadable) | frame["right"].isin(unreadable))
    left_out["photo unreadable"] = int((~readable).sum())
    new = _new_photos(frame, release, include_trained)
    test, one_new = frame[readable & (new == 2)], frame[readable & (new == 1)]
    left_out["both photos seen in training"] = int((new == 0).sum())
    if test.empty:
        raise VotesError(
            f"Nothing of {votes_csv} can judge {release.name}: every vote is on a photo that it "
            "was trained on or that cannot be read. Give other votes, or say --include-trained."
        )
    metrics = evaluation.judge(
        test, one_new, raw, _tie_thresholds(release), config.evaluation.minimum_votes
    )
    return Judged(
        metrics,
        test.assign(difference=evaluation.differences(test, raw)),
        {reason: number for reason, number in left_out.items() if number},
    )


def _raw(
    release: Release, files: dict[str, Path], device: str | None, progress: Progress
) -> tuple[pd.DataFrame, set[str]]:
    """Raw outputs by photo key, and the keys that could not be read."""
    rows: dict[str, dict[str, float]] = {}
    unreadable: set[str] = set()
    for done, photo in enumerate(Scorer(release, device).score(files.items()), start=1):
        if photo.raw is None:
            unreadable.add(str(photo.id))
        else:
            rows[str(photo.id)] = photo.raw
        progress("photos", done, len(files))
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=list(release.attributes)
    ), unreadable


def _new_photos(frame: pd.DataFrame, release: Release, include_trained: bool) -> pd.Series:
    """How many of each vote's two photos are new to the release."""
    if include_trained:
        return pd.Series(2, index=frame.index)
    seen = {key for key, part in release.split().items() if part in SEEN}
    return (~frame["left"].isin(seen)).astype(int) + (~frame["right"].isin(seen)).astype(int)


def _tie_thresholds(release: Release) -> dict[str, float]:
    """As they were chosen on the validation part."""
    metrics = release.manifest["metrics"]
    return {key: float(metrics[key]["three_way"]["tie_threshold"]) for key in release.attributes}
