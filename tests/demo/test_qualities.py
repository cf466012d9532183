import numpy as np

from app.attributes import KEYS
from app.demo import city, places, qualities


def test_places_scatter_around_their_comuna_as_said() -> None:
    human = np.tile(np.array([0.5, 0.2, -0.3, 0.4, -0.2, 0.1]), (40_000, 1))
    noise = qualities.of_places(human, np.random.default_rng(1)) - human
    assert np.abs(noise.mean(axis=0)).max() < 0.01
    assert np.abs(noise.std(axis=0) - 0.45).max() < 0.01
    favourable = noise * np.array([1, 1, -1, 1, -1, 1])
    correlation = np.asarray(np.corrcoef(favourable.T))[np.triu_indices(6, 1)]
    assert np.abs(correlation - 0.3).max() < 0.02


def test_drawn_comuna_means_follow_the_human_ones() -> None:
    plan, _ = city.plan_city(city.Recipe(seed=3, places=3000, scenes=2, votes=1))
    means = plan.groupby("comuna_code")[list(KEYS)].mean()
    off = means - places.human_table()[list(KEYS)]
    # 60 places or more scatter by at most 0.45 / sqrt(60) = 0.058; four times that of 192 means.
    assert np.abs(off.to_numpy()).max() < 4 * 0.45 / np.sqrt(60)


def test_training_scenes_are_drawn_independently_and_cover_the_city() -> None:
    scenes = qualities.of_scenes(40_000, np.random.default_rng(2))
    correlation = np.asarray(np.corrcoef(scenes.T))[np.triu_indices(6, 1)]
    assert np.abs(correlation).max() < 0.02
    city_table, _ = city.plan_city(city.Recipe(seed=3, places=3000, scenes=2, votes=1))
    low, high = np.quantile(city_table[list(KEYS)], (0.01, 0.99), axis=0)
    assert (scenes.min(axis=0) < low).all()
    assert (scenes.max(axis=0) > high).all()
