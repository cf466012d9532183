"""Judging rankers by votes on photos that they have not seen, and what to hold them against."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from model.config import Config
from model.errors import VotesError
from model.judging import baselines, evaluation
from model.learning.features import Progress
from model.photos.images import Preprocessing
from model.releases.release import Release
from model.scoring.scorer import Scorer
from model.votes import agreement, splits, trueskill
from model.votes import material as materials
from model.votes.material import Material

Metrics = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Judged:
    """metrics: as in a release. left_out: reason → votes. described: as `votes` in a release.

    votes: those with two new photos, with `difference`, the raw output of the left photo minus
    that of the right one.
    """

    metrics: Metrics
    votes: pd.DataFrame
    left_out: dict[str, int]
    described: dict[str, dict[str, Any]]


def judge_split(
    material: Material, raw: pd.DataFrame, config: Config, progress: Progress
) -> Metrics:
    """The figures of rankers that were trained on the material's own split.

    raw: raw outputs, index photo key, one column per attribute. From which difference on two
    photos count as unequal is chosen on the validation part; the test part is used once.
    """
    thresholds: dict[str, float] = {}
    for attribute in material.attributes:
        chosen_on = material.of(attribute, "validation")
        difference = evaluation.differences(chosen_on, raw)
        thresholds[attribute] = evaluation.choose_tie_threshold(difference, chosen_on["winner"])
    return _judge(material, raw, thresholds, config.preprocessing, config, progress)


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
    with one new photo; so are those that its split left out as too near to them.
    include_trained counts them all as new. A photo is known by its key and by its bytes.
    """
    gathered = materials.gather(votes_csv, photos_folder, config.votes)
    own = gathered.frame[gathered.frame["attribute"].isin(release.attributes)]
    foreign = len(gathered.frame) - len(own)
    raw, unreadable = _raw(release, gathered.files, device, progress)
    readable = materials.without(replace(gathered, frame=own), dict.fromkeys(unreadable, ""))
    parts = (
        {}
        if include_trained
        else release.parts_of({key: readable.sha256.get(key, "") for key in readable.files})
    )
    material = materials.with_split(
        readable, {photo: parts.get(photo, "test") for photo in readable.files}
    )
    test = material.frame[material.frame["use"] == "test"]
    if test.empty:
        raise VotesError(
            f"Nothing of {votes_csv} can judge {release.name}: every vote is on a photo that it "
            "was trained on or that cannot be read. Give other votes, or say --include-trained."
        )
    metrics = _judge(
        material, raw, _tie_thresholds(release), release.preprocessing, config, progress
    )
    return Judged(
        metrics,
        test.drop(columns="use").assign(difference=evaluation.differences(test, raw)),
        _left_out(material, foreign),
        materials.describe(material),
    )


def _judge(
    material: Material,
    raw: pd.DataFrame,
    tie_thresholds: Mapping[str, float],
    preprocessing: Preprocessing,
    config: Config,
    progress: Progress,
) -> Metrics:
    use, minimum = material.frame["use"], config.evaluation.minimum_votes
    test, one_new = material.frame[use == "test"], material.frame[use == "one-new"]
    city = dict(material.places["city"])
    metrics = evaluation.judge(test, one_new, raw, tie_thresholds, city, minimum)
    repeated = material.repeated
    for attribute, figures in metrics.items():
        answers = repeated[repeated["attribute"] == attribute]
        figures["rater_agreement"] = agreement.describe(answers, minimum)
    if config.evaluation.scores is not None:
        new = [photo for photo, part in material.split.items() if part == "test"]
        scores = trueskill.read(Path(config.evaluation.scores))
        for attribute, figures in metrics.items():
            rated = scores[scores["attribute"] == attribute]
            own = raw.loc[raw.index.isin(new), attribute]
            figures["rank_correlation"] = trueskill.correlate(rated, own, minimum)
    if config.evaluation.baselines:
        for attribute, beside in baselines.judge(material, preprocessing, config, progress).items():
            metrics[attribute]["baselines"] = beside
    return metrics


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


def _left_out(material: Material, foreign: int) -> dict[str, int]:
    """Reason → votes, without those of which there are none."""
    use = material.frame["use"]
    left_out = {
        **material.rejected,
        **{rule: sum(n.votes for n in each.values()) for rule, each in material.dropped.items()},
        "the release has no such attribute": foreign,
        "both photos seen in training": int(use.isin(["train", "validation"]).sum()),
        "a photo too near to the training, or without a place": int((use == splits.NONE).sum()),
    }
    return {reason: number for reason, number in left_out.items() if number}


def _tie_thresholds(release: Release) -> dict[str, float]:
    """As they were chosen on the validation part."""
    metrics = release.manifest["metrics"]
    return {key: float(metrics[key]["three_way"]["tie_threshold"]) for key in release.attributes}
