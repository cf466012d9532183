"""A training that is killed, and started again by the same command."""

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from model.learning.checkpoint import folder_of
from model.training import LOG
from tests.model import scenes, training_process

KINDS = {
    # State after each step.
    "frozen": "train_trunk = false\nhidden = 16\n[fitting]\ncheckpoint_s = 0.0\nepochs = 3\n",
    # The last state is older than the kill, so some steps are done again.
    "trained": "train_trunk = true\nhidden = 16\n[fitting]\ncheckpoint_s = 0.2\nepochs = 2\n",
}
COMMON = """
batch = 12
learning_rate = 0.005
[preprocessing]
height = 64
width = 64
[loss]
kind = "smooth"
[evaluation]
minimum_votes = 5
baselines = false
"""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("material")
    qualities = scenes.write_photos(home / "photos", 40, seed=3)
    scenes.write_votes(home / "votes.csv", qualities, 150, seed=4)
    return home / "votes.csv", home / "photos"


def config(home: Path, kind: str) -> Path:
    file = home / "train.toml"
    file.write_text(f'[network]\nweights = "random"\ntrunk = "mobilenet_v2"\n{KINDS[kind]}{COMMON}')
    return file


def run(*arguments: object, kill_at: int | None = None) -> list[str]:
    """What the process told; killed as soon as it told of that many steps."""
    process = training_process.start(*arguments)
    assert process.stdout is not None
    told: list[str] = []
    for line in process.stdout:
        told.append(line.strip())
        if len(steps(told)) == kill_at:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == (0 if kill_at is None else -signal.SIGKILL)
    return told


def steps(told: list[str]) -> list[str]:
    return [line for line in told if line.startswith(("safety ", "lively "))]


def networks(out: Path) -> dict[str, Any]:
    manifest = json.loads((out / "release.json").read_text())
    return {
        **{key: manifest[key] for key in ("trunk", "heads", "metrics", "training")},
        "log": (out / LOG).read_text(),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_training_ends_at_the_weights_of_an_unbroken_one(
    material: tuple[Path, Path], tmp_path: Path, kind: str
) -> None:
    file, whole, broken = config(tmp_path, kind), tmp_path / "whole", tmp_path / "broken"
    unbroken = steps(run(*material, whole, file))
    seed = random.SystemRandom().randrange(10**6)
    at = random.Random(seed).randrange(2, len(unbroken))
    print(f"seed {seed}: killed at step {at} of {len(unbroken)}")
    run(*material, broken, file, kill_at=at)
    assert not broken.exists()
    kept = [path for path in folder_of(broken).iterdir() if path.suffix == ".state"]
    told = run(*material, broken, file)
    assert networks(broken) == networks(whole)
    assert not folder_of(broken).exists()
    goes_on = [line for line in told if line.startswith("notice: Going on from")]
    assert len(goes_on) == bool(kept)
    if kind == "frozen":
        assert kept
        assert len(steps(told)) <= len(unbroken) - at + 1
