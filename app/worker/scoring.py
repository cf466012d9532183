"""One job's work: originals → raw outputs → score rows, in short transactions around it."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, exists, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import batches, queue, scores, totals
from app.attributes import KEYS
from app.db import SessionFactory, driver_errors
from app.errors import PhotoStoreAway, ReleaseNotFound
from app.photos.store import Opener, PhotoStore
from app.tables import Photo, ReferenceOutput, ReferenceSet, Release, Scale, score
from app.worker.errors import JobReturned, ReleaseMissing, ScaleAwaited

if TYPE_CHECKING:
    from model.scoring.scorer import Scorer

RELEASES_IN_MEMORY = 2

logger = logging.getLogger(__name__)


@dataclass
class Outputs:
    """What the rankers made of some photos. returned: the worker stopped before the last."""

    raws: dict[int, dict[str, float]] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)
    returned: bool = False


class Scoring:
    """Scores photos with the rankers of any release; it keeps the last ones in memory.

    device: CUDA where there is one when None. scored: told the number of photos after each job.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        files: PhotoStore,
        release_dir: Path,
        device: str | None = None,
        scored: Callable[[int], None] = lambda photos: None,
    ) -> None:
        self.stopping = Event()
        self._sessions = sessions
        self._files = files
        self._release_dir = release_dir
        self._device = device
        self._scored = scored
        self._scorers: dict[int, Scorer] = {}
        self._scales: dict[int, scores.Scales] = {}

    def score(self, release_id: int, photo_ids: Sequence[int]) -> None:
        """Writes the scores that are missing; photos that are gone or scored cost nothing.

        Nothing happens for a release that was deleted meanwhile.
        """
        with driver_errors(), self._sessions.begin() as session:
            release = session.get(Release, release_id)
            if release is None:
                return
            scale = self._scale(session, release)
            table = score.c
            done = (table.release_id == release_id) & (table.photo_id == Photo.id)
            originals = _originals(session, photo_ids, ~exists().where(done))
        with self._unless_deleted(release):
            outputs = self._outputs(release, originals)
            with driver_errors(), self._sessions.begin() as session:
                scores.write(session, release_id, outputs.raws, scale)
                batches.mark_unreadable(session, outputs.unreadable)
                queue.defer_publish(session)
            self._end(release, outputs)

    def reference(self, release_id: int, photo_ids: Sequence[int]) -> None:
        """Keeps the raw outputs of reference photos; the last ones freeze the scale."""
        with driver_errors(), self._sessions.begin() as session:
            release = session.get(Release, release_id)
            if release is None or _has_scale(session, release_id):
                return
            table = ReferenceOutput
            done = (table.release_id == release_id) & (table.photo_id == Photo.id)
            originals = _originals(session, photo_ids, ~exists().where(done))
        with self._unless_deleted(release):
            outputs = self._outputs(release, originals)
            with driver_errors(), self._sessions.begin() as session:
                scores.hold_release(session, release_id)
                _keep_reference_outputs(session, release_id, outputs)
            with driver_errors(), self._sessions.begin() as session:
                freeze_if_complete(session, release_id)
                queue.defer_publish(session)
            self._end(release, outputs)

    @contextmanager
    def _unless_deleted(self, release: Release) -> Iterator[None]:
        """A release may go, with its folder, at any moment of a job; then nothing is left to do."""
        try:
            yield
        except (ReleaseNotFound, ReleaseMissing):
            with driver_errors(), self._sessions.begin() as session:
                if session.scalar(select(exists().where(Release.id == release.id))):
                    raise
            logger.info("release %s was deleted while its photos were scored", release.name)

    def _end(self, release: Release, outputs: Outputs) -> None:
        self._scored(len(outputs.raws) + len(outputs.unreadable))
        for photo_id, reason in outputs.unreadable.items():
            logger.warning("photo %d was not scored: %s", photo_id, reason)
        if outputs.returned:
            raise JobReturned(f"A job of release {release.name} went back to the queue.")

    def _scale(self, session: Session, release: Release) -> scores.Scales:
        """It never changes once it is there, so it is read once."""
        if release.id not in self._scales:
            try:
                self._scales[release.id] = scores.scales(session, release.id)
            except scores.NoScale as error:
                raise ScaleAwaited(str(error)) from error
        return self._scales[release.id]

    def _outputs(self, release: Release, originals: dict[int, str]) -> Outputs:
        """originals: storage key by photo id."""
        outputs = Outputs()
        if not originals:
            return outputs
        scorer = self._scorer(release)
        missing = 0
        start = time.monotonic()
        openers = _Openers(self._files)
        items = ((photo_id, openers.of(key)) for photo_id, key in originals.items())
        for result in scorer.score(items):
            openers.check()
            photo_id = int(str(result.id))
            if result.raw is None:
                missing += result.code == "missing"
                outputs.unreadable[photo_id] = result.error or "unreadable"
            else:
                outputs.raws[photo_id] = result.raw
            if self.stopping.is_set():
                outputs.returned = len(outputs.raws) + len(outputs.unreadable) < len(originals)
                break
        if missing > 1 and not outputs.raws and missing == len(outputs.unreadable):
            raise PhotoStoreAway(
                f"None of {missing} originals is in {self._files.location}. Check that it is the "
                "photo store of this database and that it is mounted; the job is tried again."
            )
        duration_s = time.monotonic() - start
        logger.info(
            "%s: %d photos in %.1f s, %.0f a second on %s",
            *(release.name, len(outputs.raws), duration_s, len(outputs.raws) / duration_s),
            scorer.device,
        )
        return outputs

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
        try:
            return opener()
        except PhotoStoreAway as error:
            self._away = error
            raise


def freeze_if_complete(session: Session, release_id: int) -> bool:
    """Freezes the scale once no reference photo is without its raw outputs, and queues the rest.

    Photos come in under the shared publish lock. Under the exclusive one, a photo either is there
    already and is queued here, or finds the scale when its own job runs.
    """
    if _has_scale(session, release_id) or not _is_complete(session, release_id):
        return False
    totals.lock_exclusive(session)
    release = session.get(Release, release_id, with_for_update=True)
    if release is None or _has_scale(session, release_id):
        return False
    scores.freeze(session, release)
    rest = scores.queue_rest(session, release_id)
    logger.info("%s: the scale is frozen, %d more photos are queued", release.name, rest)
    return True


def _originals(
    session: Session, photo_ids: Sequence[int], todo: ColumnElement[bool]
) -> dict[int, str]:
    """Storage key by id of those photos that have an image and are still to do."""
    rows = session.execute(
        select(Photo.id, Photo.storage_key)
        .where(
            Photo.id == any_(literal(list(photo_ids), ARRAY(BigInteger))),
            Photo.storage_key.is_not(None),
            todo,
        )
        .order_by(Photo.id)
    )
    return {photo_id: key for photo_id, key in rows if key is not None}


def _has_scale(session: Session, release_id: int) -> bool:
    return bool(session.scalar(select(exists().where(Scale.release_id == release_id))))


def _is_complete(session: Session, release_id: int) -> bool:
    """Whether every reference photo that still exists and has an image gave its outputs."""
    references = session.scalar(
        select(ReferenceSet.photo_ids)
        .join(Release, Release.reference_set_id == ReferenceSet.id)
        .where(Release.id == release_id)
    )
    if references is None:
        return False
    given = (ReferenceOutput.release_id == release_id) & (ReferenceOutput.photo_id == Photo.id)
    missing = select(Photo.id).where(
        Photo.id == any_(literal(references, ARRAY(BigInteger))),
        Photo.storage_key.is_not(None),
        ~exists().where(given),
    )
    return session.scalar(missing.limit(1)) is None


def _keep_reference_outputs(session: Session, release_id: int, outputs: Outputs) -> None:
    """A photo that no ranker could read becomes a row of NULLs, and nobody waits for it."""
    raws: dict[int, dict[str, float]] = {photo_id: {} for photo_id in outputs.unreadable}
    raws |= outputs.raws
    present = session.scalars(
        select(Photo.id)
        .where(Photo.id == any_(literal(list(raws), ARRAY(BigInteger))))
        .order_by(Photo.id)
        .with_for_update(read=True, key_share=True)
    )
    rows = [
        {
            "release_id": release_id,
            "photo_id": photo_id,
            "raw": [raws[photo_id].get(key) for key in KEYS],
        }
        for photo_id in present
    ]
    if rows:
        session.execute(insert(ReferenceOutput).on_conflict_do_nothing(), rows)
