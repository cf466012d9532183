"""Stands in for the networks where only what is around them is measured."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from model.releases.release import Release
from model.scoring.scorer import Item, Scored

# The worker as it is, but for its networks.
WORKER = """
import model.scoring.scorer
from app.cli import main
from tests.benchmarks.stub import Stub

model.scoring.scorer.Scorer = Stub
main()
"""


class Stub:
    """Raw outputs that depend on the photo's id and on the attribute; no file is opened."""

    device = "stub"

    def __init__(self, release: Release, device: str | None = None) -> None:
        self._attributes = release.attributes

    def score(self, items: Iterable[Item]) -> Iterator[Scored]:
        for photo_id, _ in items:
            seed = hashlib.sha256(str(photo_id).encode()).digest()
            bytes_of = np.frombuffer(seed, np.uint32)
            raw = dict(zip(self._attributes, (bytes_of / 2**32).tolist(), strict=False))
            yield Scored(photo_id, raw, None)
