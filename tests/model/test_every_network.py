"""Every network is trained, released and scored with, as a user does it."""

from pathlib import Path

import pytest

from model.networks.trunks import ARCHITECTURES
from tests.benchmarks import networks


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return networks.write_votes(tmp_path_factory.mktemp("votes"), photos=24, votes=1_300)


@pytest.mark.parametrize("network", ARCHITECTURES)
def test_learns_and_scores_the_same_in_a_new_process(
    network: str, given: tuple[Path, Path], tmp_path: Path
) -> None:
    photos, votes = given
    learned = networks.train(network, photos, votes, tmp_path / "release", frozen=True)
    assert learned.epoch_loss < learned.first_loss
    assert networks.difference(tmp_path / "release", photos) <= 1e-5
