import random

import numpy as np
import pytest
from PIL import Image

from app.demo import scene, traits
from app.demo.scene import buildings, layout

MIDDLE = dict.fromkeys(traits.NAMES, 0.5)


def levels(**changed: float) -> traits.Levels:
    return traits.Levels({**MIDDLE, **changed})


def test_the_same_levels_and_seed_give_the_same_bytes() -> None:
    assert scene.jpeg(scene.draw(levels(), "a")) == scene.jpeg(scene.draw(levels(), "a"))


def test_another_seed_gives_another_scene() -> None:
    assert scene.jpeg(scene.draw(levels(), "a")) != scene.jpeg(scene.draw(levels(), "b"))


def test_a_photo_is_400_by_300_and_larger_than_a_card_without_imagery() -> None:
    for number in range(8):
        level = float(number % 2)
        image = scene.draw(traits.Levels(dict.fromkeys(traits.NAMES, level)), str(number))
        assert image.mode == "RGB"
        assert image.size == (400, 300)
        assert len(scene.jpeg(image)) > 12_288


@pytest.mark.parametrize("name", traits.NAMES)
def test_every_trait_is_seen_at_the_size_that_the_ranker_sees(name: str) -> None:
    changes = []
    for seed in range(4):
        none, all_of_it = (
            np.asarray(scene.draw(levels(**{name: level}), str(seed)).resize((224, 224)), np.int16)
            for level in (0.0, 1.0)
        )
        changed = np.abs(none - all_of_it).max(axis=2) > 24
        changes.append(changed.mean())
    # A part of the picture that one looks at, in the mean over compositions.
    assert np.mean(changes) > 0.02


def test_darkness_and_clouds_change_light_and_colour() -> None:
    def mean(image: Image.Image) -> np.ndarray:
        return np.asarray(image, np.float64)

    noon, night = (mean(scene.draw(levels(daylight=level), "x")) for level in (1.0, 0.0))
    assert night.mean() < 0.75 * noon.mean()
    clear, grey = (mean(scene.draw(levels(overcast=level), "x")) for level in (0.0, 1.0))
    assert np.ptp(grey, axis=2).mean() < 0.7 * np.ptp(clear, axis=2).mean()


def test_all_four_compositions_come() -> None:
    kinds = {layout.choose(random.Random(seed)).kind for seed in range(60)}
    assert kinds == {"street", "avenue", "plaza", "across"}


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_quota_is_kept(share: float) -> None:
    take = buildings.quota(share, random.Random(1))
    assert sum(take() for _ in range(1000)) == pytest.approx(1000 * share, abs=3)
