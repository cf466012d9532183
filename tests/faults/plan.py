"""What is killed and when: drawn from a seed, so that a run that found something can be run again.

Moments are shares of the upload's progress and not seconds, so that a slow machine meets the same
faults as a fast one. What each process is doing in that moment stays chance.
"""

import random
from dataclasses import dataclass

FIRST, LAST = 0.03, 0.8
"""Afterwards the client may be done before it is killed."""
LONGEST_DELAY_S = 0.5
SHORTEST_DOWN_S = 0.2


@dataclass(frozen=True)
class Kills:
    worker: int
    database: int
    web: int
    client: int


@dataclass(frozen=True)
class Kill:
    """kind: a field of Kills. at: share of the files that have their answer.

    delay_s: waited from then on. down_s: before it is started again. which: of two workers.
    """

    at: float
    kind: str
    delay_s: float
    down_s: float
    which: int


def draw(seed: int, kills: Kills, longest_down_s: float) -> list[Kill]:
    """In the order of their moments."""
    rng = random.Random(seed)
    return sorted(
        (
            Kill(
                at=rng.uniform(FIRST, LAST),
                kind=kind,
                delay_s=rng.uniform(0, LONGEST_DELAY_S),
                down_s=rng.uniform(SHORTEST_DOWN_S, longest_down_s),
                which=rng.randrange(2),
            )
            for kind, number in vars(kills).items()
            for _ in range(number)
        ),
        key=lambda kill: kill.at,
    )
