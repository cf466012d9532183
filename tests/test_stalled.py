"""Jobs of workers that died, as the sweep finds them."""

from typing import Any

import pytest
from sqlalchemy import text

from app import queue
from app.db import SessionFactory
from app.worker.stalled import LONGEST_PUT_OFF_S, give_back

SILENT_S = 30


def add_worker(sessions: SessionFactory, silent_s: float) -> int:
    with sessions.begin() as session:
        worker_id: int = session.scalars(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - make_interval(secs => :silent_s)) RETURNING id"
            ),
            {"silent_s": silent_s},
        ).one()
    return worker_id


def take_all(sessions: SessionFactory, worker_id: int | None) -> None:
    with sessions.begin() as session:
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker_id"),
            {"worker_id": worker_id},
        )


def jobs(sessions: SessionFactory) -> list[Any]:
    with sessions.begin() as session:
        query = text(
            "SELECT task_name, status::text, attempts, priority,"
            " extract(epoch FROM scheduled_at - now()) AS in_s FROM procrastinate_jobs ORDER BY id"
        )
        return list(session.execute(query).all())


@pytest.mark.parametrize("silent_s", [SILENT_S + 1, None])
def test_a_dead_workers_job_goes_back_a_little_later_and_less_urgent(
    sessions: SessionFactory, silent_s: float | None
) -> None:
    with sessions.begin() as session:
        queue.defer_scoring(session, 1, [1, 2], priority=10)
    for attempt, put_off_s in enumerate([0, 1, 3, 7, LONGEST_PUT_OFF_S, LONGEST_PUT_OFF_S]):
        # Its worker was silent, or was taken off the list already.
        take_all(sessions, None if silent_s is None else add_worker(sessions, silent_s))
        assert len(give_back(sessions, SILENT_S)) == 1
        (job,) = jobs(sessions)
        assert (job.status, job.attempts, job.priority) == ("todo", attempt + 1, 9 - attempt)
        assert job.in_s == pytest.approx(put_off_s, abs=0.9)
    assert give_back(sessions, SILENT_S) == []


def test_the_job_of_a_worker_that_lives_stays_with_it(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        queue.defer_scoring(session, 1, [1, 2])
    take_all(sessions, add_worker(sessions, SILENT_S - 2))
    assert give_back(sessions, SILENT_S) == []
    assert [job.status for job in jobs(sessions)] == ["doing"]


def test_the_deletion_of_a_batch_is_not_lost_with_its_worker(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        queue.defer_deletion(session, 7)
    take_all(sessions, None)
    assert len(give_back(sessions, SILENT_S)) == 1
    assert [(job.task_name, job.status) for job in jobs(sessions)] == [(queue.DELETE_BATCH, "todo")]


def test_a_job_goes_where_another_of_its_lock_waits(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        queue.defer_publish(session)
        queue.defer_scoring(session, 1, [1])
    take_all(sessions, None)
    with sessions.begin() as session:
        queue.defer_publish(session)
    assert len(give_back(sessions, SILENT_S)) == 1
    assert sorted((job.task_name, job.status) for job in jobs(sessions)) == [
        (queue.PUBLISH, "todo"),
        (queue.SCORE, "todo"),
    ]


def test_of_two_workers_that_look_at_once_each_job_is_given_back_by_one(
    sessions: SessionFactory,
) -> None:
    with sessions.begin() as session:
        queue.defer_scoring(session, 1, [1])
        queue.defer_scoring(session, 1, [2])
    take_all(sessions, None)
    with sessions.begin() as other:
        other.execute(text("SELECT FROM procrastinate_jobs ORDER BY id LIMIT 1 FOR UPDATE"))
        assert len(give_back(sessions, SILENT_S)) == 1
    assert [job.status for job in jobs(sessions)] == ["doing", "todo"]
    assert len(give_back(sessions, SILENT_S)) == 1
    assert [job.attempts for job in jobs(sessions)] == [1, 1]
