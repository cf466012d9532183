import numpy as np
import pytest

from app.attributes import KEYS
from app.demo import city, qualities, traits
from app.demo.traits import Floats


def r_squared(levels: Floats, quality: Floats) -> float:
    design = np.column_stack([levels, np.ones(len(levels))])
    fitted = design @ np.linalg.lstsq(design, quality, rcond=None)[0]
    return 1 - float(((quality - fitted) ** 2).sum() / ((quality - quality.mean()) ** 2).sum())


def drawn(name: str) -> tuple[Floats, Floats]:
    if name == "scenes":
        hidden = qualities.of_scenes(2000, np.random.default_rng(5))
        return hidden, traits.follow(hidden, np.random.default_rng(6))
    plan, levels = city.plan_city(city.Recipe(seed=5, places=3000, scenes=2, votes=1))
    return plan[list(KEYS)].to_numpy(), levels


@pytest.mark.parametrize("name", ["scenes", "city"])
def test_a_linear_fit_on_the_drawn_traits_recovers_each_quality(name: str) -> None:
    hidden, levels = drawn(name)
    for column, key in enumerate(KEYS):
        assert r_squared(levels, hidden[:, column]) >= 0.8, key


@pytest.mark.parametrize("key", KEYS)
def test_each_quality_shows_in_at_least_three_traits(key: str) -> None:
    hidden, levels = drawn("scenes")
    own = [index for index, trait in enumerate(traits.TRAITS) if trait.attribute == key]
    assert len(own) >= 3
    for index in own:
        correlation = np.corrcoef(hidden[:, KEYS.index(key)], levels[:, index])[0, 1]
        assert correlation * traits.TRAITS[index].sign > 0.8, traits.NAMES[index]


def test_levels_lie_between_0_and_1_and_counts_are_whole() -> None:
    _, levels = drawn("scenes")
    assert levels.min() >= 0
    assert levels.max() <= 1
    row = traits.levels(levels[0])
    for trait in traits.TRAITS:
        if trait.steps:
            whole = row[trait.name] * trait.steps
            assert row.count(trait.name) == pytest.approx(whole)


def test_a_place_in_the_middle_of_the_scale_is_drawn_half_way() -> None:
    levels = traits.follow(np.zeros((4000, 6)), np.random.default_rng(0))
    assert np.abs(levels.mean(axis=0) - 0.5).max() < 0.02
