"""Jobs of workers that died go back to the queue: procrastinate leaves them in `doing` for ever."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.db import SessionFactory, driver_errors

LONGEST_PUT_OFF_S = 15

# Of two workers that look at once, each row is one's only: the other passes it over.
_STALLED = text("""
    SELECT job.id, job.priority, job.attempts, EXISTS (
               SELECT FROM procrastinate_jobs other
                WHERE other.status = 'todo' AND other.queueing_lock = job.queueing_lock
           ) AS superseded
      FROM procrastinate_jobs job
      LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
     WHERE job.status = 'doing'
       AND (worker.id IS NULL
            OR worker.last_heartbeat < now() - make_interval(secs => :silent_s))
     ORDER BY job.id
       FOR UPDATE OF job SKIP LOCKED
""")
_RETRY = text("SELECT procrastinate_retry_job_v2(:id, :at, :priority, NULL, NULL)")
_DELETE = text("DELETE FROM procrastinate_jobs WHERE id = :id")


def give_back(sessions: SessionFactory, silent_s: float) -> list[int]:
    """Ids of the jobs given back: those of workers that were not heard for so long, or are gone.

    Each comes a little later and less urgent every time, so that a job that kills its workers does
    not keep the others from being done. One with a queueing lock goes if another waits that will do
    the same.
    """
    given = []
    with driver_errors(), sessions.begin() as session:
        for job in session.execute(_STALLED, {"silent_s": silent_s}).all():
            if job.superseded:
                session.execute(_DELETE, {"id": job.id})
                continue
            put_off = timedelta(seconds=min(2**job.attempts - 1, LONGEST_PUT_OFF_S))
            values = {"at": datetime.now(UTC) + put_off, "priority": job.priority - 1}
            # Superseded in this moment: the next look deletes it.
            with suppress(IntegrityError), session.begin_nested():
                session.execute(_RETRY, {"id": job.id, **values})
                given.append(job.id)
    return given
