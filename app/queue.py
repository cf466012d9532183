"""The queue of scoring jobs: procrastinate, in the same database as the photos.

A job is inserted by the session that inserts the photos, so both are committed or neither is. The
tasks are known here by name only; `app.worker` has what they do.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, LiteralString

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy import BigInteger, TextualSelect, column, text
from sqlalchemy.orm import Session

from app.db import bare_domain_error

SCORE = "score_photos"
REFERENCE: LiteralString = "reference_photos"
PUBLISH = "publish"
SWEEP = "sweep"
DELETE_BATCH = "delete_batch"

PHOTOS_PER_JOB = 256
LEAST_PHOTOS_PER_JOB = 64
JOBS_PER_STATEMENT = 500
BATCH_IDLE_S = 120
HEARTBEAT_S = 10
STALLED_AFTER_S = 30
"""A worker that was silent for so long is taken for dead, and its jobs go back to the queue."""

BATCH_PRIORITY = 10
"""New photos go before those that a new release scores again."""
UPKEEP_PRIORITY = 100
"""Publishing and sweeping take a moment and must not wait for the end of the queue."""

# Never opened: every job goes through the connection of somebody's session.
_app = App(connector=SyncPsycopgConnector())


@dataclass(frozen=True)
class BatchJobs:
    """Jobs of one batch: waiting or running, and given up."""

    live: int
    failed: int


@dataclass(frozen=True)
class ReleasePhotos:
    """Photos in jobs of one release: waiting or running, and given up."""

    queued: int
    failed: int


def defer_scoring(
    session: Session,
    release_id: int,
    photo_ids: Sequence[int],
    *,
    priority: int = 0,
    batch_id: int | None = None,
    at_once: bool = False,
) -> int:
    """Queues the photos in jobs of at most 256, in the session's transaction; number of new jobs.

    The photos of a batch come one by one: they are gathered in a job that starts when it has 256,
    when `start_batch` is called, or when no photo came for two minutes. Who sends several at once
    fills as many jobs, since none waits for another's commit. at_once: nothing more is waited for,
    and the workers that are there get equal shares.
    """
    if batch_id is None:
        return _defer(session, SCORE, _arguments(_full(photo_ids), release_id=release_id), priority)
    of_batch = {"release_id": release_id, "batch_id": batch_id}
    if at_once:
        shares = _shares(photo_ids, live_workers(session))
        return _defer(session, SCORE, _arguments(shares, **of_batch), priority)
    rest = photo_ids[_fill_up(session, release_id, batch_id, photo_ids) :]
    in_full_jobs = len(rest) // PHOTOS_PER_JOB * PHOTOS_PER_JOB
    full = _arguments(_full(rest[:in_full_jobs]), **of_batch)
    begun = _arguments(_full(rest[in_full_jobs:]), **of_batch)
    return _defer(session, SCORE, full, priority) + _defer(
        session, SCORE, begun, priority, after_s=BATCH_IDLE_S
    )


# Those that a worker has just taken, now that their time has come, are left to it.
_TAKE_GATHERED = text("""
    DELETE FROM procrastinate_jobs
     WHERE id IN (SELECT id FROM procrastinate_jobs
                   WHERE status = 'todo' AND attempts = 0 AND scheduled_at > now()
                     AND args ->> 'batch_id' = :batch_id
                     FOR UPDATE)
       AND status = 'todo'
    RETURNING CAST(args ->> 'release_id' AS bigint) AS release_id, args -> 'photo_ids' AS photo_ids,
              priority
""")


def start_batch(session: Session, batch_id: int) -> int:
    """Starts what was gathered of the batch so far, in equal shares; number of jobs.

    The caller has locked the batch, so that no photo is added to it meanwhile.
    """
    gathered: dict[int, list[int]] = {}
    priority = BATCH_PRIORITY
    for row in session.execute(_TAKE_GATHERED, {"batch_id": str(batch_id)}):
        gathered.setdefault(row.release_id, []).extend(row.photo_ids)
        priority = max(priority, row.priority)
    return sum(
        defer_scoring(
            session, release_id, sorted(ids), priority=priority, batch_id=batch_id, at_once=True
        )
        for release_id, ids in sorted(gathered.items())
    )


def defer_reference(session: Session, release_id: int, photo_ids: Sequence[int]) -> int:
    """Queues the first pass of a release over its reference photos; number of jobs."""
    return _defer(session, REFERENCE, _arguments(_full(photo_ids), release_id=release_id), 0)


def defer_publish(session: Session, after_s: float = 1.0) -> None:
    """Queues a look at what is to be published, unless one is waiting already."""
    with suppress(AlreadyEnqueued), session.begin_nested(), _queue_errors():
        _app.configure_task(
            PUBLISH,
            queueing_lock=PUBLISH,
            priority=UPKEEP_PRIORITY,
            schedule_in={"seconds": after_s},
            connection=_driver_connection(session),
        ).defer()


def defer_deletion(session: Session, batch_id: int) -> None:
    """Queues the deletion of a batch, unless it waits already: whoever began it, it will end.

    The job does not count as one of the batch's, which are for scoring.
    """
    lock = f"{DELETE_BATCH} {batch_id}"
    with suppress(AlreadyEnqueued), session.begin_nested(), _queue_errors():
        _app.configure_task(
            DELETE_BATCH,
            queueing_lock=lock,
            priority=UPKEEP_PRIORITY,
            connection=_driver_connection(session),
        ).defer(deleted=batch_id)


def pending_jobs(session: Session, release_id: int) -> int:
    """Jobs of the release that wait or run, first pass and scoring together."""
    return _count(
        session,
        "procrastinate_jobs WHERE status IN ('todo', 'doing') AND args ->> 'release_id' = :value",
        str(release_id),
    )


def reference_jobs(session: Session, release_id: int) -> int:
    """Jobs of the release's first pass that wait or run."""
    return _count(
        session,
        f"procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = '{REFERENCE}'"
        " AND args ->> 'release_id' = :value",
        str(release_id),
    )


def failed_jobs(session: Session, release_id: int) -> int:
    """Jobs of the release that were given up."""
    return _count(
        session,
        "procrastinate_jobs WHERE status = 'failed' AND args ->> 'release_id' = :value",
        str(release_id),
    )


def given_up_jobs(session: Session) -> int:
    """Scoring jobs of all releases that were given up."""
    return _count(
        session,
        "procrastinate_jobs WHERE status = 'failed' AND task_name = ANY (:value)",
        [SCORE, REFERENCE],
    )


def live_jobs(session: Session) -> int:
    """Scoring jobs of all releases that wait or run."""
    return _count(
        session,
        "procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = ANY (:value)",
        [SCORE, REFERENCE],
    )


def running_jobs(session: Session) -> int:
    """Scoring jobs that a worker has taken."""
    return _count(
        session,
        "procrastinate_jobs WHERE status = 'doing' AND task_name = ANY (:value)",
        [SCORE, REFERENCE],
    )


def live_photos(session: Session) -> int:
    """Photos in those jobs; one that two releases score counts twice."""
    return (
        session.scalar(
            text(
                "SELECT sum(jsonb_array_length(args -> 'photo_ids')) FROM procrastinate_jobs"
                " WHERE status IN ('todo', 'doing') AND task_name = ANY (:tasks)"
            ),
            {"tasks": [SCORE, REFERENCE]},
        )
        or 0
    )


def batch_jobs(session: Session, batch_id: int) -> BatchJobs:
    live, failed = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE status <> 'failed'),"
            " count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
            " WHERE status IN ('todo', 'doing', 'failed') AND args ->> 'batch_id' = :batch_id"
        ),
        {"batch_id": str(batch_id)},
    ).one()
    return BatchJobs(live, failed)


def queued_photos(release_id: int, batch_id: int | None = None) -> TextualSelect:
    """Query for the ids of photos in jobs of the release that wait or run, of a batch or of all."""
    of_batch = None if batch_id is None else str(batch_id)
    return (
        text(
            "SELECT jsonb_array_elements_text(args -> 'photo_ids')::bigint AS photo_id"
            " FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND args ->> 'release_id' = :queue_release AND (CAST(:queue_batch AS text) IS NULL"
            " OR args ->> 'batch_id' = :queue_batch)"
        )
        .bindparams(queue_batch=of_batch, queue_release=str(release_id))
        .columns(column("photo_id", BigInteger))
    )


def release_photos(session: Session, release_id: int) -> ReleasePhotos:
    queued, failed = session.execute(
        text(
            "SELECT coalesce(sum(photos) FILTER (WHERE status <> 'failed'), 0),"
            " coalesce(sum(photos) FILTER (WHERE status = 'failed'), 0)"
            " FROM (SELECT status, jsonb_array_length(args -> 'photo_ids') AS photos"
            " FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed')"
            " AND args ->> 'release_id' = :release_id) jobs"
        ),
        {"release_id": str(release_id)},
    ).one()
    return ReleasePhotos(queued, failed)


def cancel_batch(session: Session, batch_id: int) -> int:
    """Takes the batch's waiting jobs out of the queue, and forgets the failed; number of jobs."""
    return _cancel(session, "batch_id", batch_id)


def cancel_release(session: Session, release_id: int) -> int:
    """Takes the release's waiting jobs out of the queue, and forgets the failed; number of jobs."""
    return _cancel(session, "release_id", release_id)


def forget_failed(session: Session, batch_id: int) -> int:
    """Before the batch's photos are tried again; number of jobs."""
    return _cancel(session, "batch_id", batch_id, ["failed"])


def forget_failed_of_release(session: Session, release_id: int) -> int:
    """Before the release's photos are tried again; number of jobs."""
    return _cancel(session, "release_id", release_id, ["failed"])


def live_workers(session: Session) -> int:
    """Workers whose heartbeat was heard within the last 30 s."""
    return _count(
        session,
        "procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :value)",
        STALLED_AFTER_S,
    )


def _arguments(jobs: Iterable[Sequence[int]], **of_all: int) -> list[dict[str, Any]]:
    """What each job is called with: its photos, and whose they are."""
    return [{**of_all, "photo_ids": list(photo_ids)} for photo_ids in jobs]


def _full(photo_ids: Sequence[int]) -> list[Sequence[int]]:
    """Jobs of 256 photos, and one of the rest."""
    starts = range(0, len(photo_ids), PHOTOS_PER_JOB)
    return [photo_ids[start : start + PHOTOS_PER_JOB] for start in starts]


def _shares(photo_ids: Sequence[int], workers: int) -> list[Sequence[int]]:
    """Jobs of nearly one size, as many as the workers can share without one that waits at the end.

    Of at most 256 photos, and of at least 64 where there are so many.
    """
    number = len(photo_ids)
    fewest = -(-number // PHOTOS_PER_JOB)
    shared = -(-fewest // max(workers, 1)) * workers
    jobs = max(fewest, min(shared, number // LEAST_PHOTOS_PER_JOB))
    ends = [number * job // jobs for job in range(jobs + 1)] if jobs else []
    return [photo_ids[start:end] for start, end in pairwise(ends)]


# A worker passes over a row that is locked; one that it has taken meanwhile is not found any more,
# so no photo is added to a job that runs already. Another transaction's job is passed over as
# well: it is locked until its commit is on the disk, and uploads would wait for each other's.
_FILL_UP = text("""
    UPDATE procrastinate_jobs job
       SET args = jsonb_set(
               job.args, '{photo_ids}',
               (job.args -> 'photo_ids') || to_jsonb((CAST(:ids AS bigint[]))[1 : room])),
           scheduled_at = now() + make_interval(
               secs => CASE WHEN cardinality(CAST(:ids AS bigint[])) < room THEN :wait_s ELSE 0 END)
      FROM (SELECT id, :full - jsonb_array_length(args -> 'photo_ids') AS room
              FROM procrastinate_jobs
             WHERE status = 'todo' AND attempts = 0 AND scheduled_at > now()
               AND args ->> 'batch_id' = :batch_id AND args ->> 'release_id' = :release_id
               AND jsonb_array_length(args -> 'photo_ids') < :full
             ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) gathering
     WHERE job.id = gathering.id
    RETURNING least(room, cardinality(CAST(:ids AS bigint[])))
""")


def _fill_up(session: Session, release_id: int, batch_id: int, photo_ids: Sequence[int]) -> int:
    """Adds photos to the batch's gathering job, if there is one; how many of them it took."""
    taken = session.scalar(
        _FILL_UP,
        {
            "release_id": str(release_id),
            "batch_id": str(batch_id),
            "ids": list(photo_ids),
            "full": PHOTOS_PER_JOB,
            "wait_s": BATCH_IDLE_S,
        },
    )
    return taken or 0


def _defer(
    session: Session,
    task: str,
    arguments: list[dict[str, Any]],
    priority: int,
    after_s: float | None = None,
) -> int:
    deferrer = _app.configure_task(
        task,
        priority=priority,
        schedule_in=None if after_s is None else {"seconds": after_s},
        connection=_driver_connection(session),
    )
    with _queue_errors():
        for start in range(0, len(arguments), JOBS_PER_STATEMENT):
            deferrer.batch_defer(*arguments[start : start + JOBS_PER_STATEMENT])
    return len(arguments)


@contextmanager
def _queue_errors() -> Iterator[None]:
    """The package wraps what the driver says, where nobody would know it for a lost database."""
    try:
        yield
    except ConnectorException as error:
        domain = bare_domain_error(error.__cause__)
        if domain is None:
            raise
        raise domain from error


def _driver_connection(session: Session) -> Any:
    return session.connection().connection.driver_connection


def _count(session: Session, what: LiteralString, value: object) -> int:
    return session.scalar(text(f"SELECT count(*) FROM {what}"), {"value": value}) or 0


def _cancel(
    session: Session, argument: str, value: int, statuses: Sequence[str] = ("todo", "failed")
) -> int:
    result = session.execute(
        text(
            "DELETE FROM procrastinate_jobs"
            " WHERE status::text = ANY (:statuses) AND args ->> :argument = :value"
        ),
        {"statuses": list(statuses), "argument": argument, "value": str(value)},
    )
    return result.rowcount  # type: ignore[attr-defined, no-any-return]
