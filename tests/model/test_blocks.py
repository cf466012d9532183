"""The parts of `tests.benchmarks.blocks` that do not take minutes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.benchmarks import blocks


def test_sky_is_what_lies_above_the_first_thing(tmp_path: Path) -> None:
    image = Image.new("RGB", (480, 400), (60, 70, 50))
    image.paste((200, 205, 210), (0, 0, 480, 160))
    image.paste((200, 205, 210), (0, 300, 480, 400))
    image.paste((30, 30, 30), (0, 0, 240, 20))
    image.save(tmp_path / "street.png")
    assert blocks.sky_share(tmp_path / "street.png") == pytest.approx(0.2, abs=0.02)


def test_raters_prefer_the_sky_and_err(tmp_path: Path) -> None:
    trait = pd.Series(np.linspace(0, 1, 50), index=[f"p{number}" for number in range(50)])
    blocks.simulate(trait, tmp_path / "votes.csv")
    votes = pd.read_csv(tmp_path / "votes.csv")
    assert len(votes) == blocks.VOTES
    assert (votes["left"] != votes["right"]).all()
    untied = votes[votes["winner"] != "equal"]
    more_left = trait[untied["left"]].to_numpy() > trait[untied["right"]].to_numpy()
    assert 0.75 < float((more_left == (untied["winner"] == "left")).mean()) < 0.95
    assert 0.05 < 1 - len(untied) / len(votes) < 0.25


def test_neighbours_share_a_square() -> None:
    where = pd.DataFrame({"lat": [30.5001, 30.50011, 30.502], "lon": [114.4, 114.40001, 114.4]})
    one, other, far = blocks.squares(where)
    assert one == other != far
