"""The hidden qualities of places and of training scenes, in units of the human z-scores."""

import numpy as np
import numpy.typing as npt

from app.attributes import ATTRIBUTES

Floats = npt.NDArray[np.float64]

PLACE_SD = 0.45
CORRELATION = 0.3
SCENE_REACH = 1.5
"""Qualities of training scenes lie evenly within this distance of 0, which covers the city's."""

TURN: Floats = np.array([1.0 if one.palette == "forward" else -1.0 for one in ATTRIBUTES])
"""+1 where more is favourable, -1 for boring and depressing."""


def place_covariance() -> Floats:
    """Covariance (6, 6) of a place around its comuna.

    What makes a place look safer also makes it look less boring: the correlation is 0.3 between
    attributes that point the same way and -0.3 between one that is favourable and one that is not.
    """
    correlation = np.full((len(TURN), len(TURN)), CORRELATION)
    np.fill_diagonal(correlation, 1.0)
    covariance: Floats = correlation * np.outer(TURN, TURN) * PLACE_SD**2
    return covariance


def of_places(human: Floats, rng: np.random.Generator) -> Floats:
    """Qualities, shape (places, 6), around the means of their comunas, given in the same shape."""
    noise = rng.multivariate_normal(np.zeros(len(TURN)), place_covariance(), len(human))
    return human + noise


def of_scenes(scenes: int, rng: np.random.Generator) -> Floats:
    """Qualities, shape (scenes, 6), each drawn on its own.

    Were they correlated as in the city, a ranker could learn the common part in place of its own.
    """
    return rng.uniform(-SCENE_REACH, SCENE_REACH, (scenes, len(TURN)))
