"""The short form of `make faults`: everything is killed once or a few times, nothing is lost."""

import random
from pathlib import Path

import pytest

from tests.faults import trial


@pytest.mark.slow
@pytest.mark.xdist_group("faults")
def test_a_batch_survives_the_death_of_everything_around_it(cluster_home: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}; again: python -m tests.faults --short --seed {seed}")
    folder = cluster_home / "faults"
    folder.mkdir(mode=0o755)
    outcome = trial.run(folder, trial.SHORT, seed, print)
    print(outcome.table())
    assert outcome.wrong == []
