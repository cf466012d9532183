from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.config import Config, EvaluationConfig, VotesConfig
from model.judging import baselines
from model.photos.images import Preprocessing
from model.votes import material as materials
from model.votes.material import Material
from tests.model import scenes


def quiet(stage: str, done: int, total: int) -> None:
    assert stage == "baselines"
    assert done <= total


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Safety is the brightness of the sky, lively the number of trees."""
    home = tmp_path_factory.mktemp("baselines")
    qualities = scenes.write_photos(home / "photos", 80, seed=3)
    scenes.write_votes(home / "votes.csv", qualities, 2500, seed=4)
    gathered = materials.gather(home / "votes.csv", home / "photos", VotesConfig(repeats="keep"))
    return materials.split(gathered, Config().split)


def test_measures_colour_and_edges() -> None:
    pixels = np.zeros((60, 40, 3), np.uint8)
    pixels[:20] = (255, 0, 0)
    pixels[40:, ::2] = 255
    measured = baselines.measure(pixels)
    assert measured.shape == (16,)
    means, stds, edges = measured[:5], measured[5:10], measured[10:]
    assert means == pytest.approx([1 / 3 + 1 / 6, 1 / 6, 1 / 6, 1 / 3, 1 / 3 + 1 / 6])
    assert stds[0] == pytest.approx(0.5)
    # Down and across, in thirds: nothing in the plain ones, stripes below.
    assert edges == pytest.approx([0, 0, 0, 0, 0, 1])


def test_colours_beat_chance_where_colours_decide(material: Material) -> None:
    config = replace(Config(), evaluation=EvaluationConfig(minimum_votes=50))
    judged = baselines.judge(material, Preprocessing(), config, quiet)
    assert list(judged) == list(material.attributes)
    for attribute, figures in judged.items():
        test = material.of(attribute, "test")
        untied = test[test["winner"] != 0]
        assert figures["chance"] == {"accuracy": 0.5}
        assert figures["always_left"]["accuracy"] == pytest.approx((untied["winner"] > 0).mean())
        assert figures["always_left"]["votes"] == len(untied)
        assert figures["colour_and_edges"]["accuracy"] > 0.7
        assert figures["colour_and_edges"]["votes"] == len(untied)
    assert baselines.judge(material, Preprocessing(), config, quiet) == judged


def test_without_votes_to_train_on_only_the_plain_ones_are_given(material: Material) -> None:
    new = materials.with_split(material, dict.fromkeys(material.files, "test"))
    asked: list[int] = []
    judged = baselines.judge(new, Preprocessing(), Config(), lambda *told: asked.append(told[1]))
    for figures in judged.values():
        assert figures["colour_and_edges"] is None
        assert figures["always_left"]["accuracy"] == pytest.approx(0.5, abs=0.1)
    assert asked == []


def test_unreadable_photos_are_left_to_those_who_count_them(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no photo")
    Image.new("RGB", (80, 60)).save(tmp_path / "good.jpg")
    files = {path.stem: path for path in tmp_path.iterdir()}
    found = baselines.simple(files, Preprocessing(), 2, quiet)
    assert found.row == {"good": 0}
    assert found.values.shape == (1, 16)


def test_the_band_that_networks_do_not_see_is_cut_off(tmp_path: Path) -> None:
    image = Image.new("RGB", (80, 60), "white")
    image.paste("black", (0, 30, 80, 60))
    image.save(tmp_path / "a.png")
    seen = baselines.simple({"a": tmp_path / "a.png"}, Preprocessing(cut_bottom=0.5), 1, quiet)
    assert seen.values[0, :3] == pytest.approx(1, abs=0.02)
