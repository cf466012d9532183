"""What is due beside scoring: scores become part of the totals, releases and batches get ready."""

import logging
from datetime import timedelta

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app import batches, queue, totals
from app.db import SessionFactory, driver_errors
from app.photos.store import PhotoStore
from app.photos.sweeping import sweep
from app.tables import Pending, Release, Scale
from app.worker.scoring import freeze_if_complete

PUBLISH_EVERY = timedelta(seconds=30)

logger = logging.getLogger(__name__)


def publish_due(sessions: SessionFactory) -> bool:
    """Publishes what is due, each release in a transaction of its own; whether more will be soon.

    A release is due 30 s after its last publish, and at once when its last job or the last job of
    a batch is done. It is ready when its last photo has a score.
    """
    with driver_errors(), sessions.begin() as session:
        unsettled = session.scalars(_unsettled()).all()
        finished = batches.finished(session)
    for release_id in unsettled:
        with driver_errors(), sessions.begin() as session:
            _settle(session, release_id, at_once=bool(finished))
    with driver_errors(), sessions.begin() as session:
        batches.settle(session, finished)
        has_pending = session.scalar(select(exists(select(Pending.id))))
        return bool(has_pending) or queue.running_jobs(session) > 0


def sweep_files(sessions: SessionFactory, files: PhotoStore) -> int:
    """Deletes files whose transaction was lost an hour ago or longer; of how many photos."""
    with driver_errors(), sessions.begin() as session:
        swept = sweep(session, files)
    if swept:
        logger.info("deleted the files of %d photos that never came to be", swept)
    return swept


def drop_held(sessions: SessionFactory, files: PhotoStore) -> int:
    dropped = batches.drop_expired(sessions, files)
    if dropped:
        logger.info("dropped %d held photos that nobody placed", dropped)
    return dropped


def _unsettled() -> Select[int]:
    pending = exists().where(Pending.release_id == Release.id)
    being_scored = (Release.kind == "rankers") & (Release.state == "scoring")
    return select(Release.id).where(or_(pending, being_scored)).order_by(Release.id)


def _settle(session: Session, release_id: int, at_once: bool) -> None:
    release = session.get(Release, release_id)
    if release is None:
        return
    idle = queue.pending_jobs(session, release_id) == 0
    if release.state == "scoring":
        freeze_if_complete(session, release_id)
        idle = queue.pending_jobs(session, release_id) == 0
    pending = session.scalar(select(exists().where(Pending.release_id == release_id)))
    if pending and (idle or at_once or _is_due(session, release)):
        photos = totals.publish(session, release_id)
        logger.info("%s: published %d photos", release.name, photos)
    if idle and release.state == "scoring" and _is_complete(session, release_id):
        release.state = "ready"
        logger.info("%s: ready", release.name)


def _is_due(session: Session, release: Release) -> bool:
    now = session.scalars(select(func.now())).one()
    return release.published_at is None or now - release.published_at >= PUBLISH_EVERY


def _is_complete(session: Session, release_id: int) -> bool:
    """Whether nothing of the release was given up, and it has a scale to score by."""
    has_scale = session.scalar(select(exists().where(Scale.release_id == release_id)))
    return bool(has_scale) and queue.failed_jobs(session, release_id) == 0
