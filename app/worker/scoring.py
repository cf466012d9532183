"""One job's work: raw outputs of its photos → score rows, in short transactions."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, exists, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import batches, queue, scores, totals
from app.attributes import KEYS
from app.db import SessionFactory, driver_errors
from app.errors import ReleaseNotFound
from app.photos.store import PhotoStore
from app.tables import Photo, ReferenceOutput, ReferenceSet, Release, Scale, score
from app.worker.errors import JobReturned, ReleaseMissing, ScaleAwaited
from app.worker.rankers import Outputs, Rankers

logger = logging.getLogger(__name__)


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
        self._rankers = Rankers(files, release_dir, device, self.stopping)
        self._scored = scored
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
            for part in self._parts(release, originals):
                with driver_errors(), self._sessions.begin() as session:
                    scores.write(session, release_id, part.raws, scale)
                    batches.mark_unreadable(session, part.unreadable)
                    if part.is_last:
                        queue.defer_publish(session)

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
            for part in self._parts(release, originals):
                with driver_errors(), self._sessions.begin() as session:
                    scores.hold_release(session, release_id)
                    _keep_reference_outputs(session, release_id, part)
                if part.is_last:
                    with driver_errors(), self._sessions.begin() as session:
                        # All are looked through after the last job; of two at once, by `publish`.
                        if queue.reference_jobs(session, release_id) <= 1:
                            freeze_if_complete(session, release_id)
                        queue.defer_publish(session)

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

    def _parts(self, release: Release, originals: dict[int, str]) -> Iterator[Outputs]:
        """For a loop that writes each part; what is to be told of a part comes after that.

        Raises JobReturned after the last part of a job that was not done to its end.
        """
        photos = 0
        for part in self._rankers.outputs(release, originals):
            yield part
            photos += len(part)
            for photo_id, reason in part.unreadable.items():
                logger.warning("photo %d was not scored: %s", photo_id, reason)
            if part.is_last:
                self._scored(photos)
            if part.returned:
                raise JobReturned(f"A job of release {release.name} went back to the queue.")

    def _scale(self, session: Session, release: Release) -> scores.Scales:
        """It never changes once it is there, so it is read once."""
        if release.id not in self._scales:
            try:
                self._scales[release.id] = scores.scales(session, release.id)
            except scores.NoScale as error:
                raise ScaleAwaited(str(error)) from error
        return self._scales[release.id]


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
