import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from app import cli_model
from model.releases.release import load
from tests.model import scenes
from tests.model.conftest import Trained

runner = CliRunner()


def run(*arguments: object, code: int = 0) -> str:
    result = runner.invoke(cli_model.app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_does_not_import_torch() -> None:
    code = "import sys, app.cli_model; assert 'torch' not in sys.modules"
    root = Path(cli_model.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_trains_with_a_configuration(trained: Trained, tmp_path: Path) -> None:
    file = tmp_path / "train.toml"
    file.write_text(
        "[fitting]\nepochs = 2\n[evaluation]\nminimum_votes = 50\n"
        "[preprocessing]\nheight = 64\nwidth = 64\n"
        f"[network]\nhidden = 8\nweights = {str(trained.config.network.weights)!r}\n"
        f"[features]\ncache = {str(trained.config.features.cache)!r}\n"
    )
    out = tmp_path / "mine"
    said = run("train", trained.votes, trained.photos, "--out", out, "--config", file, "--demo")
    assert "Release mine is in" in said.replace("\n", " ")
    assert "safety" in said
    release = load(out)
    assert release.manifest["demo"] is True
    assert release.manifest["heads"]["safety"]["hidden"] == 8


def test_evaluates_and_writes_the_votes(trained: Trained, tmp_path: Path) -> None:
    file, votes = tmp_path / "evaluate.toml", tmp_path / "judged.csv"
    file.write_text("[evaluation]\nminimum_votes = 50\n")
    said = run(
        "evaluate",
        trained.release.folder,
        trained.votes,
        trained.photos,
        "--config",
        file,
        "--predictions",
        votes,
    )
    assert "votes left out: both photos seen in training" in said
    judged = pd.read_csv(votes)
    assert list(judged.columns) == ["left", "right", "winner", "attribute", "difference"]
    untied = judged[(judged["attribute"] == "safety") & (judged["winner"] != 0)]
    accuracy = float((untied["difference"] * untied["winner"] > 0).mean())
    assert f"{100 * accuracy:.1f}" in said


def test_scores_a_folder_and_lists_unreadable_photos(trained: Trained, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    scenes.write_photos(photos, 9, seed=70)
    (photos / "bad.jpg").write_text("no photo")
    out = tmp_path / "scores.parquet"
    said = run("score", trained.release.folder, photos, "--out", out)
    assert "9 photos scored" in said
    assert "1 unreadable" in said
    assert "bad: Not a readable JPEG" in said
    assert "scores.unreadable.csv" in said.replace("\n", "")
    frame = pd.read_parquet(out)
    assert list(frame.columns) == ["photo", "safety", "lively"]
    assert len(frame) == 9


def test_describes_a_release(trained: Trained) -> None:
    assert json.loads(run("describe", trained.release.folder))["name"] == "small"


@pytest.mark.parametrize("command", ["describe", "score", "evaluate", "train"])
def test_faults_are_told_in_a_sentence(trained: Trained, tmp_path: Path, command: str) -> None:
    gone = tmp_path / "gone"
    arguments: dict[str, list[object]] = {
        "describe": [gone],
        "score": [gone, trained.photos, "--out", tmp_path / "x.csv"],
        "evaluate": [gone, trained.votes, trained.photos],
        "train": [gone, trained.photos, "--out", tmp_path / "release"],
    }
    said = run(command, *arguments[command], code=1)
    assert "Traceback" not in said
    assert "gone" in said.replace("\n", "")
