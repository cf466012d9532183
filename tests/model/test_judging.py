from dataclasses import replace
from pathlib import Path

import pytest

from model.config import Config, EvaluationConfig, VotesConfig
from model.errors import VotesError
from model.judging import Judged, judge_release
from model.training import quiet
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
