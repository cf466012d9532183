"""The queue's tasks by their names: what each job does, and what its end means."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from procrastinate import App, JobContext

from app import batches, queue
from app.db import SessionFactory, driver_errors
from app.errors import MiradaError, PhotoStoreUnavailable
from app.photos.store import PhotoStore
from app.worker.errors import PASSING, JobReturned, Retries, ScaleAwaited
from app.worker.scoring import Scoring
from app.worker.upkeep import drop_held, publish_due, sweep_files

EVERY_30_S = "* * * * * */30"
EVERY_HOUR = "17 * * * *"
LOOK_AGAIN_S = 2.0

logger = logging.getLogger(__name__)

retries = Retries()


def register(app: App, sessions: SessionFactory, files: PhotoStore, scoring: Scoring) -> None:
    """Tells the app what the names in `app.queue` stand for."""

    @app.task(name=queue.SCORE, retry=retries, pass_context=True)
    def score_photos(
        context: JobContext, release_id: int, photo_ids: list[int], batch_id: int | None = None
    ) -> None:
        if batch_id is not None:
            # Cancelled while the job was with a worker that died.
            with driver_errors(), sessions.begin() as session:
                if batches.was_taken_back(session, batch_id):
                    return
        with_consequences(context, photo_ids, lambda: scoring.score(release_id, photo_ids))

    @app.task(name=queue.DELETE_BATCH, retry=retries, priority=queue.UPKEEP_PRIORITY)
    def delete_batch(deleted: int) -> None:
        """What a web process began and may have left unfinished."""
        with logged(f"the deletion of batch {deleted}"):
            gone = batches.delete(sessions, files, deleted, lambda: not scoring.stopping.is_set())
        if not gone:
            raise JobReturned(f"The deletion of batch {deleted} went back to the queue.")

    @app.task(name=queue.REFERENCE, retry=retries, pass_context=True)
    def reference_photos(context: JobContext, release_id: int, photo_ids: list[int]) -> None:
        with_consequences(context, photo_ids, lambda: scoring.reference(release_id, photo_ids))

    @app.periodic(cron=EVERY_30_S)
    @app.task(name=queue.PUBLISH, queueing_lock=queue.PUBLISH, priority=queue.UPKEEP_PRIORITY)
    def publish(timestamp: int | None = None) -> None:
        """Never tried again itself: it could not go back behind one that waits, and one will."""
        with suppress(*PASSING), logged("publishing"):
            if publish_due(sessions):
                with driver_errors(), sessions.begin() as session:
                    queue.defer_publish(session, LOOK_AGAIN_S)

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name=queue.SWEEP, queueing_lock=queue.SWEEP, priority=queue.UPKEEP_PRIORITY)
    def sweep(timestamp: int) -> None:
        with (
            suppress(*PASSING, PhotoStoreUnavailable, OSError),
            logged("the sweep of the photo store"),
        ):
            drop_held(sessions, files)
            sweep_files(sessions, files)

    def with_consequences(
        context: JobContext, photo_ids: list[int], work: Callable[[], Any]
    ) -> None:
        """Says in the log what becomes of a job that failed, and at its photos if it is the end."""
        try:
            work()
        except (JobReturned, ScaleAwaited) as error:
            logger.info("%s", error)
            raise
        except Exception as error:
            foreseen = isinstance(error, MiradaError | OSError)
            trace = None if foreseen else error
            if retries.get_retry_decision(exception=error, job=context.job) is not None:
                logger.warning("a job will be tried again: %s", error, exc_info=trace)
            else:
                logger.error("a job was given up: %s", error, exc_info=trace)
                message = str(error) if foreseen else "Scoring failed; the worker's log says how."
                with driver_errors(), sessions.begin() as session:
                    batches.give_up(session, photo_ids, message)
                    queue.defer_publish(session)
            raise


@contextmanager
def logged(what: str) -> Iterator[None]:
    """Says in the log why something beside the scoring came to nothing."""
    try:
        yield
    except (MiradaError, OSError) as error:
        logger.warning("%s has to wait: %s", what, error)
        raise
    except Exception:
        logger.exception("%s failed", what)
        raise
