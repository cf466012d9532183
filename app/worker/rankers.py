"""The rankers of releases: the originals of a job → raw outputs, some seconds' worth at a time."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, BinaryIO

from app.errors import PhotoStoreAway
from app.photos.store import Opener, PhotoStore
from app.tables import Release
from app.worker.errors import ReleaseMissing

if TYPE_CHECKING:
    from model.scoring.scorer import Scorer

RELEASES_IN_MEMORY = 2
PART_S = 2.0
"""What is scored is written so often: who watches sees it grow, who is killed loses little."""

logger = logging.getLogger(__name__)


@dataclass
class Outputs:
    """What the rankers made of some photos of a job. returned: the worker stopped before the last.

    is_last: nothing of the job comes after it.
    """

    raws: dict[int, dict[str, float]] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)
    returned: bool = False
    is_last: bool = False

    def __len__(self) -> int:
        return len(self.raws) + len(self.unreadable)


class Rankers:
    """Those of the last releases stay in memory. stopping: when it is set, a job ends early."""

    def __init__(
        self, files: PhotoStore, release_dir: Path, device: str | None, stopping: Event
    ) -> None:
        self._files = files
        self._release_dir = release_dir
        self._device = device
        self._stopping = stopping
        self._scorers: dict[int, Scorer] = {}

    def outputs(self, release: Release, originals: Mapping[int, str]) -> Iterator[Outputs]:
        """Parts of a job, one at least, the last one marked. originals: storage key by photo id.

        Raises ReleaseMissing, and PhotoStoreAway as long as not one photo was found.
        """
        part = Outputs()
        if originals:
            done = missing = 0
            scorer = self._scorer(release)
            openers = _Openers(self._files)
            items = ((photo_id, openers.of(key)) for photo_id, key in originals.items())
            begun = part_begun = time.monotonic()
            for result in scorer.score(items):
                openers.check()
                photo_id = int(str(result.id))
                if result.raw is None:
                    missing += result.code == "missing"
                    part.unreadable[photo_id] = result.error or "unreadable"
                else:
                    part.raws[photo_id] = result.raw
                done += 1
                if self._stopping.is_set():
                    break
                if part.raws and time.monotonic() - part_begun >= PART_S:
                    yield part
                    part, part_begun = Outputs(), time.monotonic()
            part.returned = done < len(originals)
            if missing > 1 and missing == done:
                raise self._away(missing)
            took_s = time.monotonic() - begun
            logger.info(
                "%s: %d photos in %.1f s, %.0f a second on %s",
                *(release.name, done, took_s, done / took_s, scorer.device),
            )
        part.is_last = True
        yield part

    def _away(self, missing: int) -> PhotoStoreAway:
        return PhotoStoreAway(
            f"None of {missing} originals is in {self._files.location}. Check that it is the "
            "photo store of this database and that it is mounted; the job is tried again."
        )

    def _scorer(self, release: Release) -> "Scorer":
        if release.id not in self._scorers:
            # Loaded here, so that a worker that only waits holds no torch, and the web never does.
            from model.errors import ReleaseError
            from model.releases.release import load
            from model.scoring.scorer import Scorer

            folder = self._release_dir / release.name
            try:
                loaded = load(folder)
            except ReleaseError as error:
                raise ReleaseMissing(
                    f"Release {release.name} cannot be loaded: {error} Put its folder back at "
                    f"{folder}, then retry what failed."
                ) from error
            while len(self._scorers) >= RELEASES_IN_MEMORY:
                self._scorers.pop(next(iter(self._scorers)))
            self._scorers[release.id] = Scorer(loaded, self._device)
            logger.info("loaded release %s on %s", release.name, self._scorers[release.id].device)
        return self._scorers[release.id]


class _Openers:
    """Opens originals for the scorer, to which a store that is away is one unreadable photo more.

    It is no fault of the photo's: `check` raises what the store said.
    """

    def __init__(self, files: PhotoStore) -> None:
        self._files = files
        self._away: PhotoStoreAway | None = None

    def of(self, key: str) -> Opener:
        opener = self._files.opener(key)
        return opener if isinstance(opener, Path) else partial(self._open, opener)

    def check(self) -> None:
        if self._away is not None:
            raise self._away

    def _open(self, opener: Callable[[], BinaryIO]) -> BinaryIO:
        self.check()
        try:
            return opener()
        except PhotoStoreAway as error:
            self._away = error
            raise
