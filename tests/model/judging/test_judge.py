import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from model.config import Config, EvaluationConfig, SplitConfig, VotesConfig
from model.errors import VotesError
from model.judging import judge as judging
from model.judging.judge import Judged, judge_release
from model.photos import folder
from model.releases.release import Release
from model.training import quiet
from model.votes import material as materials
from model.votes.material import Material
from tests.model import scenes
from tests.model.conftest import Trained


def judge(
    trained: Trained,
    votes: Path,
    photos: Path,
    *,
    include_trained: bool = False,
    config: Config | None = None,
) -> Judged:
    return judge_release(
        trained.release,
        votes,
        photos,
        config or trained.config,
        include_trained=include_trained,
        device="cpu",
        progress=quiet,
    )


def test_finds_the_figures_of_the_release(trained: Trained) -> None:
    """From the photos themselves, where training used cached features."""
    judged = judge(trained, trained.votes, trained.photos)
    expected = trained.release.manifest["metrics"]
    for attribute, metrics in judged.metrics.items():
        assert metrics["votes"] == expected[attribute]["votes"]
        assert metrics["accuracy"] == pytest.approx(expected[attribute]["accuracy"], abs=0.02)
        assert metrics["ci95"] == pytest.approx(expected[attribute]["ci95"], abs=0.02)
    split = trained.release.split()
    assert set(judged.votes["left"].map(split)) == {"test"}
    assert set(judged.votes["right"].map(split)) == {"test"}
    assert judged.left_out["both photos seen in training"] > 0


def test_new_photos_all_count(trained: Trained, tmp_path: Path) -> None:
    qualities = scenes.write_photos(tmp_path / "photos", 40, seed=50)
    scenes.write_votes(tmp_path / "votes.csv", qualities, 400, seed=51)
    config = replace(trained.config, votes=VotesConfig(repeats="keep"))
    judged = judge(trained, tmp_path / "votes.csv", tmp_path / "photos", config=config)
    assert len(judged.votes) == 800
    assert judged.left_out == {}
    for metrics in judged.metrics.values():
        assert metrics["accuracy"] > 0.75
        assert metrics["one_photo_new"]["votes"] == 0


def test_refuses_photos_it_was_trained_on_unless_told_so(trained: Trained, tmp_path: Path) -> None:
    split = trained.release.split()
    seen = {
        attribute: {key: value for key, value in values.items() if split[key] == "train"}
        for attribute, values in trained.qualities.items()
    }
    votes = tmp_path / "votes.csv"
    scenes.write_votes(votes, seen, 300, seed=60)
    with pytest.raises(VotesError, match="say --include-trained"):
        judge(trained, votes, trained.photos)
    judged = judge(trained, votes, trained.photos, include_trained=True)
    assert judged.metrics["safety"]["accuracy"] > 0.8


def test_gives_no_figure_on_few_votes(trained: Trained) -> None:
    config = replace(trained.config, evaluation=EvaluationConfig())
    metrics = judge(trained, trained.votes, trained.photos, config=config).metrics["safety"]
    assert metrics["accuracy"] is None
    assert metrics["three_way"]["accuracy"] is None
    assert 0 < metrics["votes"] < 300


def test_says_what_it_left_out(trained: Trained, tmp_path: Path) -> None:
    qualities = scenes.write_photos(tmp_path / "photos", 40, seed=50)
    qualities["boring"] = qualities["safety"]
    scenes.write_votes(tmp_path / "votes.csv", qualities, 200, seed=51)
    bad = sorted(qualities["safety"])[0]
    (tmp_path / "photos" / f"{bad}.jpg").write_text("no photo")
    config = replace(trained.config, votes=VotesConfig(repeats="keep"))
    judged = judge(trained, tmp_path / "votes.csv", tmp_path / "photos", config=config)
    assert judged.left_out["the release has no such attribute"] == 200
    assert judged.left_out["photo unreadable"] > 0
    assert list(judged.metrics) == ["safety", "lively"]


def test_holds_the_figures_against_baselines_and_raters(trained: Trained) -> None:
    judged = judge(trained, trained.votes, trained.photos)
    for attribute, figures in judged.metrics.items():
        beside = figures["baselines"]
        assert beside["chance"] == {"accuracy": 0.5}
        assert beside["always_left"]["votes"] == figures["votes"]
        assert 0.5 < beside["colour_and_edges"]["accuracy"] <= 1
        # 2,500 votes on 140 photos: some pairs came twice.
        agreement = figures["rater_agreement"]["three_way"]
        assert agreement["pairs"] > 100
        assert 0.7 < agreement["agreement"] < 1
        assert judged.described[attribute]["test"] == figures["three_way"]["votes"]


def test_baselines_and_their_time_can_be_spared(trained: Trained) -> None:
    config = replace(trained.config, evaluation=EvaluationConfig(50, baselines=False))
    metrics = judge(trained, trained.votes, trained.photos, config=config).metrics
    assert "baselines" not in metrics["safety"]
    assert "rank_correlation" not in metrics["safety"]


def test_correlates_new_photos_with_their_trueskill_scores(
    trained: Trained, tmp_path: Path
) -> None:
    file = tmp_path / "qscores.tsv"
    rows = [
        f"{at}\tx\t{photo}\t9\tp\t50a68a51fdc9f05596000002\t{value}"
        for at, (photo, value) in enumerate(trained.qualities["safety"].items())
    ]
    header = "\t_id\tlocation_id\tnum_votes\tplace_id\tstudy_id\ttrueskill.score"
    file.write_text("\n".join([header, *rows]))
    evaluation = EvaluationConfig(50, baselines=False, scores=str(file))
    config = replace(trained.config, evaluation=evaluation)
    metrics = judge(trained, trained.votes, trained.photos, config=config).metrics
    new = [photo for photo, part in trained.release.split().items() if part == "test"]
    found = metrics["safety"]["rank_correlation"]
    assert (found["photos"], found["votes"]) == (len(new), 9 * len(new))
    assert found["spearman"] > 0.7
    assert found["ci95"][0] < found["spearman"] < found["ci95"][1]
    none = {"spearman": None, "ci95": None, "photos": 0, "votes": 0}
    assert metrics["lively"]["rank_correlation"] == none


def with_split(release: Release, folder: Path, split: dict[str, str]) -> Release:
    folder.mkdir()
    pd.Series(split).rename_axis("photo").rename("part").to_csv(folder / "splits.csv")
    return replace(release, folder=folder)


def test_photos_that_a_split_left_out_do_not_count_as_new(trained: Trained, tmp_path: Path) -> None:
    """They lie beside those that the release was trained on."""
    split = trained.release.split()
    gone = [photo for photo, part in split.items() if part == "test"][:5]
    other = with_split(trained.release, tmp_path / "other", split | dict.fromkeys(gone, "none"))
    judged = judge(replace(trained, release=other), trained.votes, trained.photos)
    assert not {*judged.votes["left"], *judged.votes["right"]} & set(gone)
    assert judged.left_out["a photo too near to the training, or without a place"] > 0
    full = judge(trained, trained.votes, trained.photos)
    assert len(judged.votes) < len(full.votes)


def test_the_same_image_under_another_name_is_not_new(trained: Trained, tmp_path: Path) -> None:
    """Votes on renamed copies of all photos count as those on the photos themselves."""
    photos, votes = tmp_path / "photos", tmp_path / "votes.csv"
    photos.mkdir()
    for at, (key, file) in enumerate(sorted(folder.index(trained.photos).items())):
        shutil.copy(file, photos / f"{at:024x}.jpg")
        trained_votes = (votes if votes.exists() else trained.votes).read_text()
        votes.write_text(trained_votes.replace(key, f"{at:024x}"))
    copies = judge(trained, votes, photos)
    own = judge(trained, trained.votes, trained.photos)
    assert copies.left_out == own.left_out
    assert list(copies.votes["difference"]) == pytest.approx(list(own.votes["difference"]))


def test_splits_put_no_image_into_two_parts(trained: Trained, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(trained.photos, photos)
    files = sorted(folder.index(photos).values())
    for file, other in zip(files[::2], files[1::2], strict=True):
        shutil.copy(file, other)
    gathered = materials.gather(trained.votes, photos, VotesConfig(repeats="keep"))
    material = materials.split(gathered, SplitConfig())
    parts: dict[str, set[str]] = {}
    for photo, part in material.split.items():
        if part != "none":
            parts.setdefault(material.sha256[photo], set()).add(part)
    assert {len(found) for found in parts.values()} == {1}
    assert materials.describe_split(material, SplitConfig())["copies"] == len(files) // 2


def split_material(trained: Trained, tmp_path: Path, by: str) -> Material:
    """The photos lie in six cities, 111 km apart, spread over some kilometres each."""
    rng = np.random.default_rng(0)
    places = tmp_path / "places.csv"
    rows = [
        f"{photo},{at % 6 + rng.uniform(0, 0.05):.6f},{rng.uniform(5, 5.05):.6f},City {at % 6}"
        for at, photo in enumerate(trained.qualities["safety"])
    ]
    places.write_text("\n".join(["photo,lat,lon,city", *rows]))
    config = VotesConfig(repeats="keep", places=str(places))
    gathered = materials.gather(trained.votes, trained.photos, config)
    return materials.split(gathered, SplitConfig(by=by, distance_m=50))  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["city", "block"])
def test_judges_by_city(trained: Trained, tmp_path: Path, by: str) -> None:
    """Of a held-out city, the votes with a side in it and the other in the test part."""
    material = split_material(trained, tmp_path, by)
    raw = pd.DataFrame(trained.qualities)
    config = replace(trained.config, evaluation=EvaluationConfig(minimum_votes=1, baselines=False))
    metrics = judging.judge_split(material, raw, config, quiet)["safety"]
    test = [photo for photo, part in material.split.items() if part == "test"]
    city = material.places["city"]
    frame = material.frame[(material.frame["attribute"] == "safety")]
    frame = frame[frame["left"].isin(test) & frame["right"].isin(test) & (frame["winner"] != 0)]
    assert set(metrics["by_city"]) == set(city[test])
    assert metrics["votes"] == len(frame)
    for name, figure in metrics["by_city"].items():
        in_city = set(city.index[city == name])
        own = frame[frame["left"].isin(in_city) | frame["right"].isin(in_city)]
        assert figure["votes"] == len(own) > 0
    described = materials.describe_split(material, SplitConfig(by=by))  # type: ignore[arg-type]
    assert sum(described["photos"].values()) == len(material.files)
    counts = materials.describe(material)["safety"]
    assert sum(counts[use] for use in ("train", "validation", "test", "one-new", "none")) == 2500
    if by == "city":
        held_out = set(described["cities"]["test"])
        assert set(metrics["by_city"]) == held_out
        assert sum(map(len, described["cities"].values())) == 6


def test_chooses_the_tie_threshold_without_the_test_part(trained: Trained) -> None:
    """Other answers in the test part change its figures, and not the threshold."""
    config = replace(trained.config, evaluation=EvaluationConfig(1, baselines=False))
    gathered = materials.gather(trained.votes, trained.photos, config.votes)
    material = materials.split(gathered, config.split)
    raw = pd.DataFrame(trained.qualities)
    rng = np.random.default_rng(0)
    judged = material.frame["use"].isin(["test", "one-new"])
    turned = material.frame.assign(
        winner=material.frame["winner"].where(~judged, rng.integers(-1, 2, len(judged)))
    )
    one = judging.judge_split(material, raw, config, quiet)["safety"]
    other = judging.judge_split(replace(material, frame=turned), raw, config, quiet)["safety"]
    assert one["three_way"]["tie_threshold"] == other["three_way"]["tie_threshold"] > 0
    assert one["accuracy"] > 0.8 > other["accuracy"]
