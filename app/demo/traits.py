"""What can be seen on a drawn street, and how it follows the hidden qualities of the place.

A trait is a level from 0 (nothing of it, or its plainest form) to 1. Each follows one quality in
a straight line, with noise of its own, is cut at 0 and 1, and is rounded where it is a count.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.attributes import KEYS

Floats = npt.NDArray[np.float64]

HALF_RANGE = 1.35
"""The quality, in human z units, at which a trait without noise reaches 0 or 1."""

NOISE = 0.09
"""Standard deviation of a level around the line."""


@dataclass(frozen=True)
class Trait:
    """`sign` is +1 where the trait rises with the quality; `steps` counts what is drawn at level
    1, or is 0 where the level is continuous.
    """

    name: str
    attribute: str
    sign: int
    steps: int = 0


TRAITS: tuple[Trait, ...] = (
    Trait("graffiti", "safety", -1, 14),
    Trait("bars", "safety", -1),
    Trait("daylight", "safety", +1),
    Trait("lamps", "safety", +1, 8),
    Trait("broken", "safety", -1),
    Trait("people", "lively", +1, 26),
    Trait("shops", "lively", +1),
    Trait("cars", "lively", +1, 9),
    Trait("bunting", "lively", +1, 5),
    Trait("stalls", "lively", +1, 6),
    Trait("blank", "boring", +1),
    Trait("dull", "boring", +1),
    Trait("uniform", "boring", +1),
    Trait("patterns", "boring", -1),
    Trait("murals", "boring", -1),
    Trait("tall", "wealthy", +1),
    Trait("glass", "wealthy", +1),
    Trait("wires", "wealthy", -1, 14),
    Trait("paving", "wealthy", +1),
    Trait("sheet", "wealthy", -1),
    Trait("overcast", "depressing", +1),
    Trait("decay", "depressing", +1),
    Trait("litter", "depressing", +1, 24),
    Trait("puddles", "depressing", +1, 10),
    Trait("trees", "beautiful", +1, 14),
    Trait("flowers", "beautiful", +1),
    Trait("mountains", "beautiful", +1),
    Trait("ornament", "beautiful", +1),
)
NAMES = tuple(trait.name for trait in TRAITS)

_COLUMN = np.array([KEYS.index(trait.attribute) for trait in TRAITS])
_SIGN = np.array([trait.sign for trait in TRAITS], dtype=np.float64)
_STEPS = np.array([trait.steps for trait in TRAITS], dtype=np.float64)


@dataclass(frozen=True)
class Levels:
    """The traits of one scene by name, each 0.0 to 1.0."""

    values: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def count(self, name: str) -> int:
        """How many are drawn, for a trait with steps."""
        return round(self.values[name] * TRAITS[NAMES.index(name)].steps)


def follow(qualities: Floats, rng: np.random.Generator) -> Floats:
    """Levels of all traits, shape (scenes, traits), for qualities of shape (scenes, 6)."""
    line = 0.5 + _SIGN * qualities[:, _COLUMN] / (2 * HALF_RANGE)
    levels = np.clip(line + rng.normal(0.0, NOISE, line.shape), 0.0, 1.0)
    counted = np.round(levels * _STEPS) / np.where(_STEPS > 0, _STEPS, 1.0)
    return np.where(_STEPS > 0, counted, levels)


def levels(row: Floats) -> Levels:
    """One row of `follow` by name."""
    return Levels(dict(zip(NAMES, row.tolist(), strict=True)))
