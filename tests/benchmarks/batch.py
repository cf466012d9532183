"""A batch of real files with a release that scores them, as often as one likes."""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from sqlalchemy import exists, select

from app import batches, queue, releases, scores, totals
from app.attributes import KEYS
from app.batches import BatchIn
from app.images import derive
from app.photos.insert import NewPhoto, insert
from app.tables import Pending, Release
from tests.benchmarks import street
from tests.benchmarks.bounds import Bounds
from tests.benchmarks.installation import Installation, Watcher, installed
from tests.benchmarks.model import make_release
from tests.benchmarks.street import StreetPhoto

SIDE_PX = 224

Round = TypeVar("Round")


def run(
    name: str,
    description: str | None,
    arguments: list[str] | None,
    photos: int,
    rounds: int,
    measure: Callable[[Installation, "Batch", int], list[Round]],
    report: Callable[[list[Round], int, str], Bounds],
) -> int:
    """The command of a benchmark that scores a batch again and again, with its options.

    photos, rounds: what is taken unless the command says otherwise.
    """
    parser = ArgumentParser(prog=f"tests.benchmarks.{name}", description=description)
    parser.add_argument("--photos", type=int, default=photos)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--side", type=int, default=SIDE_PX, help="pixels that the network sees")
    street.add_option(parser)
    given = parser.parse_args(arguments)
    found, source = street.photos(given.folder, given.photos)
    with installed() as stand:
        measured = measure(stand, Batch(stand, found, given.side), given.rounds)
    report(measured, len(found), source).show()
    return 0


class Batch:
    """Its files are in the photo store, and as `<photo id>.jpg` in `folder`.

    The release is a MobileNetV2 of random weights with six heads, its scale a drawn one: neither
    changes the speed.
    """

    def __init__(self, stand: Installation, photos: Sequence[StreetPhoto], side_px: int) -> None:
        self._stand = stand
        self.ended_at = 0.0
        self.folder = stand.folder / "photos"
        with stand.sessions.begin() as session:
            new = BatchIn(title="Bench", source="bench", licence="none")
            self.id = batches.create(session, new).id
            rows = [stored(stand, photo, n, self.id) for n, photo in enumerate(photos)]
            self.photo_ids = insert(session, rows).ids
            # Before the release is there, so that nothing is queued yet.
            self._link(rows)
        trained = stand.folder / "bench"
        make_release(trained, KEYS, side_px)
        with stand.sessions.begin() as session:
            release = releases.register(session, trained, stand.settings.release_dir)
            drawn = np.random.default_rng(0).normal(size=(len(self.photo_ids), len(KEYS)))
            raws = {
                photo_id: dict(zip(KEYS, map(float, row), strict=True))
                for photo_id, row in zip(self.photo_ids, drawn, strict=True)
            }
            scores.keep_scale(session, release.id, raws)
            release.state = "ready"
            self.release_id = release.id
        self.release_folder = stand.settings.release_dir / release.name

    def _link(self, rows: Sequence[NewPhoto]) -> None:
        self.folder.mkdir()
        for photo_id, row in zip(self.photo_ids, rows, strict=True):
            assert row.storage_key is not None
            original = self._stand.files.original(row.storage_key)
            (self.folder / f"{photo_id}.jpg").hardlink_to(original)

    def score(self, waiting_elsewhere: int = 0) -> float:
        """Seconds from when its jobs are committed until the last score is.

        waiting_elsewhere: jobs that are not of this batch and run all the time.
        """
        self._forget()
        with self._stand.sessions.begin() as session:
            batches.score(session, self.id)
        begun = time.perf_counter()
        with self._stand.watching() as watcher:
            self._stand.wait("all photos are scored", lambda: self._is_scored(watcher))
        self.ended_at = time.perf_counter()
        self._stand.wait("all scores are published", lambda: self._is_quiet(waiting_elsewhere))
        return self.ended_at - begun

    def _forget(self) -> None:
        with self._stand.sessions.begin() as session:
            totals.withdraw(session, self.photo_ids, self.release_id)

    def _is_scored(self, watcher: Watcher) -> bool:
        count = "SELECT count(*) FROM score WHERE release_id = %s"
        return watcher.value(count, self.release_id) == len(self.photo_ids)

    def _is_quiet(self, waiting_elsewhere: int) -> bool:
        with self._stand.sessions() as session:
            pending = session.scalar(select(exists(select(Pending.id))))
            return not pending and queue.live_jobs(session) == waiting_elsewhere


def stored(
    stand: Installation, photo: StreetPhoto, number: int, batch_id: int, is_shown: bool = True
) -> NewPhoto:
    """Its files are in the photo store; its bytes count as those of no other number.

    is_shown: with the images that pages show; a worker needs none.
    """
    derived = derive(photo.data) if is_shown else None
    return NewPhoto(
        source="bench",
        source_key=f"{number:06d}",
        lat=photo.lat,
        lon=photo.lon,
        sha256=number.to_bytes(32, "big"),
        storage_key=stand.files.write(photo.data, derived, sync=False),
        batch_id=batch_id,
    )


def add_release(stand: Installation, name: str) -> int:
    """One without networks, for jobs that do nothing."""
    with stand.sessions.begin() as session:
        release = Release(name=name, kind="imported", state="ready", manifest={}, metrics={})
        session.add(release)
        session.flush()
        scores.keep_scale(session, release.id, {0: dict.fromkeys(KEYS, 0.0)})
        return release.id
