from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch

from model.config import Config, VotesConfig
from model.errors import ReleaseError, VotesError
from model.judging import evaluation
from model.releases.release import Release
from model.scoring.scorer import Scorer
from model.training import train
from model.votes import cleaning
from model.votes import reading as votes
from tests.model import scenes
from tests.model.conftest import Trained


def with_votes(config: Config, **changes: object) -> Config:
    return replace(config, votes=replace(config.votes, **changes))  # type: ignore[arg-type]


def scores(release: Release, photos: Path) -> pd.DataFrame:
    scored = Scorer(release).score((path.stem, path) for path in sorted(photos.iterdir()))
    return pd.DataFrame({photo.id: photo.raw for photo in scored}).T


def test_learns_the_qualities_that_were_drawn(trained: Trained) -> None:
    split, raw = trained.release.split(), scores(trained.release, trained.photos)
    held_out = [key for key, part in split.items() if part == "test"]
    for attribute, values in trained.qualities.items():
        truth = pd.Series(values)
        own = raw.loc[held_out, attribute].corr(truth[held_out], method="spearman")
        assert own > 0.75
        other = "lively" if attribute == "safety" else "safety"
        assert own > raw.loc[held_out, other].corr(truth[held_out], method="spearman") + 0.3


def test_reports_what_a_recount_of_the_test_part_gives(trained: Trained) -> None:
    """From the votes file, the stored split and the release's own scores."""
    split, raw = trained.release.split(), scores(trained.release, trained.photos)
    frame = cleaning.drop_repeats(votes.read(trained.votes).frame)
    in_test = frame["left"].map(split).eq("test") & frame["right"].map(split).eq("test")
    for attribute, metrics in trained.release.manifest["metrics"].items():
        own = frame[in_test & (frame["attribute"] == attribute)]
        untied = own[own["winner"] != 0]
        difference = evaluation.differences(untied, raw)
        right = float((np.sign(difference) == untied["winner"]).mean())
        assert metrics["votes"] == len(untied) > 50
        assert metrics["accuracy"] == pytest.approx(right)
        assert metrics["ci95"][0] < right < metrics["ci95"][1]
        assert right > 0.75
        assert metrics["three_way"]["votes"] == len(own)
        assert metrics["three_way"]["ties"] == int((own["winner"] == 0).sum())
        assert metrics["tie_auc"] > 0.55
        assert metrics["one_photo_new"]["votes"] > metrics["votes"]


def test_counts_every_vote(trained: Trained) -> None:
    for counts in trained.release.manifest["votes"].values():
        uses = [counts[use] for use in ("train", "validation", "test", "one-new", "none")]
        assert sum(uses) + sum(counts["dropped"].values()) == 2500
        assert 0.05 < counts["ties"] < 0.2


def test_the_same_seeds_give_the_same_weights(trained: Trained, tmp_path: Path) -> None:
    again = train(trained.votes, trained.photos, tmp_path / "again", trained.config, name="again")
    for part in ("trunk", "heads"):
        assert again.manifest[part] == trained.release.manifest[part]
    assert again.manifest["metrics"] == trained.release.manifest["metrics"]


def test_one_attribute_alone_gives_the_same_ranker(trained: Trained, tmp_path: Path) -> None:
    config = with_votes(trained.config, attributes=("lively",))
    alone = train(trained.votes, trained.photos, tmp_path / "alone", config, name="alone")
    assert alone.attributes == ("lively",)
    # A photo may stand in votes of the other attribute only, which changes the split.
    assert alone.split() == trained.release.split()
    assert alone.manifest["heads"]["lively"] == trained.release.manifest["heads"]["lively"]


def test_shuffled_labels_come_out_at_chance(trained: Trained, tmp_path: Path) -> None:
    """99.9 % intervals; a leak from the test part would lift them above a half."""
    shuffled = tmp_path / "votes.csv"
    scenes.write_votes(shuffled, trained.qualities, 8000, seed=11, shuffled=True)
    config = with_votes(trained.config, repeats="keep")
    release = train(shuffled, trained.photos, tmp_path / "release", config, name="shuffled")
    for metrics in release.manifest["metrics"].values():
        half = (metrics["ci95"][1] - metrics["ci95"][0]) / 2 * 3.29 / 1.96
        assert abs(metrics["accuracy"] - 0.5) < half
        assert half < 0.2
        assert metrics["votes"] > 200


@pytest.mark.parametrize("by", ["city", "block"])
def test_trains_on_some_places_and_is_judged_on_others(
    trained: Trained, tmp_path: Path, by: Literal["city", "block"]
) -> None:
    """Six cities, 111 km apart; the votes between their parts are counted and train nothing."""
    places = tmp_path / "places.csv"
    city = {photo: at % 6 for at, photo in enumerate(trained.qualities["safety"])}
    rows = (f"{photo},{at},5,City {at}" for photo, at in city.items())
    places.write_text("\n".join(["photo,lat,lon,city", *rows]))
    config = with_votes(trained.config, repeats="keep", places=str(places))
    config = replace(config, split=replace(config.split, by=by, distance_m=500))
    release = train(trained.votes, trained.photos, tmp_path / "release", config, name=by)
    parts: dict[int, set[str]] = {}
    for photo, part in release.split().items():
        parts.setdefault(city[photo], set()).add(part)
    assert {len(found) for found in parts.values()} == {1}
    assert set.union(*parts.values()) == {"train", "validation", "test"}
    described = release.manifest
    assert described["splits"]["method"] == by
    for attribute, metrics in described["metrics"].items():
        assert metrics["accuracy"] > 0.6
        assert set(metrics["by_city"]) == {
            f"City {at}" for at, found in parts.items() if "test" in found
        }
        assert described["votes"][attribute]["across"]["train-test"] > 100


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("train_trunk", [False, True], ids=["frozen", "trained"])
def test_cuda_trains_what_the_cpu_scores(
    trained: Trained, tmp_path: Path, train_trunk: bool
) -> None:
    network = replace(trained.config.network, train_trunk=train_trunk)
    config = replace(trained.config, network=network)
    release = train(trained.votes, trained.photos, tmp_path / "release", config, name="cuda")
    for metrics in release.manifest["metrics"].values():
        assert metrics["accuracy"] > 0.75


def test_tells_its_progress(trained: Trained, tmp_path: Path) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    train(
        trained.votes,
        trained.photos,
        tmp_path / "release",
        trained.config,
        name="told",
        progress=lambda stage, done, total: told.setdefault(stage, []).append((done, total)),
    )
    assert next(iter(told)) == "features"
    assert set(told) == {"features", "safety", "lively", "baselines"}
    assert told["features"] == [(140, 140)]
    steps = [done for done, _ in told["safety"]]
    assert steps[:-1] == list(range(1, len(steps)))
    assert told["safety"][-1][0] == told["safety"][-1][1]


def test_unreadable_and_missing_photos_are_counted(trained: Trained, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    keys = sorted(trained.qualities["safety"])
    for key in keys[2:]:
        (photos / f"{key}.jpg").write_bytes((trained.photos / f"{key}.jpg").read_bytes())
    (photos / f"{keys[1]}.jpg").write_text("no photo")
    release = train(trained.votes, photos, tmp_path / "release", trained.config, name="gaps")
    assert list(release.manifest["data"]["unreadable"]) == [keys[1]]
    assert release.manifest["data"]["photos"] == 138
    dropped = release.manifest["votes"]["safety"]["dropped"]
    assert dropped["photo missing"] > 0
    assert dropped["photo unreadable"] > 0


def test_small_photos_can_be_taken_for_missing(trained: Trained, tmp_path: Path) -> None:
    sizes = sorted(path.stat().st_size for path in trained.photos.iterdir())
    config = with_votes(trained.config, min_photo_bytes=sizes[14])
    release = train(trained.votes, trained.photos, tmp_path / "release", config, name="large")
    assert release.manifest["data"]["photos"] == sum(size >= sizes[14] for size in sizes)
    assert release.manifest["votes"]["safety"]["dropped"]["photo too small"] > 0


def test_refuses_before_it_works(trained: Trained, tmp_path: Path) -> None:
    taken = trained.release.folder
    with pytest.raises(ReleaseError, match="exists; delete it"):
        train(trained.votes, trained.photos, taken, trained.config, name="x")
    out = tmp_path / "release"
    with pytest.raises(VotesError, match="no votes on boring, only on lively, safety"):
        train(
            trained.votes,
            trained.photos,
            out,
            replace(trained.config, votes=VotesConfig(attributes=("boring",))),
            name="x",
        )
    others = tmp_path / "others"
    scenes.write_photos(others, 3, seed=99)
    with pytest.raises(VotesError, match="names of the files must be the ids"):
        train(trained.votes, others, out, trained.config, name="x")
    few = tmp_path / "few.csv"
    scenes.write_votes(few, {"safety": trained.qualities["safety"]}, 1, seed=0)
    with pytest.raises(VotesError, match="leaves no vote on safety"):
        train(few, trained.photos, out, trained.config, name="x")
    few.write_text(few.read_text().replace("safety", "../safety"))
    with pytest.raises(VotesError, match="use letters, digits"):
        train(few, trained.photos, out, trained.config, name="x")
    assert not out.exists()


def test_a_failure_leaves_no_half_release(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("model.releases.manifest.write", fail)
    with pytest.raises(OSError, match="no space"):
        train(trained.votes, trained.photos, tmp_path / "release", trained.config, name="x")
    # What was trained is kept for the next try, apart from where a release would be.
    assert [path.name for path in tmp_path.iterdir()] == [".training-release"]
