import importlib.resources
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import queue, readiness
from app.db import driver_errors, make_engine, session_factory
from app.errors import DatabaseAway

SCHEMA = Path(__file__).parents[1] / "migrations/versions/0002_queue.sql"


def jobs(session: Session) -> list[Any]:
    return list(
        session.execute(
            text("SELECT task_name, priority, args, status FROM procrastinate_jobs ORDER BY id")
        )
    )


def test_the_migrated_schema_is_that_of_the_installed_package() -> None:
    shipped = importlib.resources.files("procrastinate").joinpath("sql/schema.sql")
    assert SCHEMA.read_text() == shipped.read_text(), "procrastinate moved on: add a migration"


def test_the_queue_can_be_taken_away_and_made_again(clean_database: str) -> None:
    def left(engine: Any) -> list[Any]:
        with engine.connect() as connection:
            return list(
                connection.scalars(
                    text(
                        "SELECT relname FROM pg_class WHERE starts_with(relname, 'procrastinate')"
                        " UNION ALL SELECT proname FROM pg_proc"
                        " WHERE starts_with(proname, 'procrastinate')"
                        " UNION ALL SELECT typname FROM pg_type"
                        " WHERE starts_with(typname, 'procrastinate')"
                    )
                )
            )

    engine = make_engine(clean_database)
    before = left(engine)
    assert len(before) > 20
    config = readiness.alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert left(engine) == []
    readiness.migrate(engine)
    assert sorted(left(engine)) == sorted(before)
    engine.dispose()


def test_photos_are_queued_in_jobs_of_256(session: Session) -> None:
    ids = list(range(1, 601))
    assert queue.defer_scoring(session, 7, ids, priority=3) == 3
    rows = jobs(session)
    assert [row.task_name for row in rows] == ["score_photos"] * 3
    assert [len(row.args["photo_ids"]) for row in rows] == [256, 256, 88]
    assert [id for row in rows for id in row.args["photo_ids"]] == ids
    assert {row.args["release_id"] for row in rows} == {7}
    assert {row.priority for row in rows} == {3}
    assert queue.pending_jobs(session, 7) == 3
    assert queue.pending_jobs(session, 70) == 0
    assert queue.live_jobs(session) == 3


def test_no_photos_make_no_job(session: Session) -> None:
    assert queue.defer_scoring(session, 7, []) == 0
    assert queue.defer_reference(session, 7, []) == 0
    assert jobs(session) == []


def test_more_jobs_than_one_statement_takes(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 1)
    monkeypatch.setattr(queue, "JOBS_PER_STATEMENT", 4)
    assert queue.defer_reference(session, 1, range(10)) == 10
    rows = jobs(session)
    assert [row.args["photo_ids"] for row in rows] == [[id] for id in range(10)]
    assert {row.task_name for row in rows} == {"reference_photos"}


def test_jobs_are_committed_and_rolled_back_with_the_session(clean_database: str) -> None:
    engine = make_engine(clean_database)
    sessions = session_factory(engine)
    with sessions() as writer, sessions() as reader:
        queue.defer_scoring(writer, 1, [1, 2])
        assert jobs(reader) == []
        writer.rollback()
        assert jobs(writer) == []
        queue.defer_scoring(writer, 1, [1, 2])
        writer.commit()
        assert len(jobs(reader)) == 1
    engine.dispose()


def test_one_look_at_what_is_to_be_published_waits_at_a_time(session: Session) -> None:
    session.execute(text("INSERT INTO layer (key, label_es, label_en) VALUES ('a', 'a', 'a')"))
    queue.defer_publish(session)
    queue.defer_publish(session)
    assert [row.task_name for row in jobs(session)] == ["publish"]
    assert session.scalar(text("SELECT count(*) FROM layer")) == 1, "the transaction goes on"
    assert queue.live_jobs(session) == 0


def photos_of_jobs(session: Session) -> list[tuple[int, bool]]:
    """Photos of each waiting job, and whether it may run now."""
    rows = session.execute(
        text(
            "SELECT jsonb_array_length(args -> 'photo_ids'),"
            " coalesce(scheduled_at <= now(), true) FROM procrastinate_jobs ORDER BY id"
        )
    )
    return [(photos, ready) for photos, ready in rows]


def test_who_sends_photos_of_a_batch_waits_for_nobody_else(clean_database: str) -> None:
    """A second job is filled while the first one is another transaction's; both are shared out."""
    engine = make_engine(clean_database, statement_timeout_ms=2000)
    sessions = session_factory(engine)
    with sessions.begin() as session:
        queue.defer_scoring(session, 1, [1], batch_id=5)
    with sessions.begin() as one:
        queue.defer_scoring(one, 1, [2], batch_id=5)
        with sessions.begin() as other:
            queue.defer_scoring(other, 1, [3], batch_id=5)
    with sessions.begin() as session:
        assert photos_of_jobs(session) == [(2, False), (1, False)]
        assert queue.start_batch(session, 5) == 1
        assert photos_of_jobs(session) == [(3, True)]
        assert sorted(session.scalars(queue.queued_photos(1, 5))) == [1, 2, 3]
    engine.dispose()


def test_photos_of_a_batch_that_come_one_by_one_are_gathered(session: Session) -> None:
    for id in range(255):
        queue.defer_scoring(session, 1, [id], batch_id=5, priority=queue.BATCH_PRIORITY)
    assert photos_of_jobs(session) == [(255, False)]
    queue.defer_scoring(session, 1, [255], batch_id=5)
    assert photos_of_jobs(session) == [(256, True)]
    queue.defer_scoring(session, 1, [256], batch_id=5)
    queue.defer_scoring(session, 2, [256], batch_id=5)
    queue.defer_scoring(session, 1, [257], batch_id=6)
    assert photos_of_jobs(session) == [(256, True), (1, False), (1, False), (1, False)]
    assert sorted(session.scalars(queue.queued_photos(1, 5))) == list(range(257))
    assert queue.start_batch(session, 5) == 2
    assert photos_of_jobs(session) == [(256, True), (1, False), (1, True), (1, True)]
    queue.defer_scoring(session, 1, [300], batch_id=5)
    assert photos_of_jobs(session)[-1] == (1, False), "a job that was started takes no more"


def test_many_photos_of_a_batch_fill_the_gathering_job_first(session: Session) -> None:
    queue.defer_scoring(session, 1, range(10), batch_id=5)
    assert queue.defer_scoring(session, 1, range(10, 600), batch_id=5) == 2
    assert photos_of_jobs(session) == [(256, True), (256, True), (88, False)]
    assert sorted(session.scalars(queue.queued_photos(1, 5))) == list(range(600))
    assert queue.live_photos(session) == 600


@pytest.mark.parametrize(
    ("number", "workers", "sizes"),
    [
        (0, 2, []),
        (1, 2, [1]),
        (63, 4, [63]),
        (128, 4, [64, 64]),
        (256, 1, [256]),
        (257, 1, [128, 129]),
        (576, 0, [192, 192, 192]),
        (576, 2, [144, 144, 144, 144]),
        (576, 20, [64] * 9),
        (1024, 3, [170, 171, 171, 170, 171, 171]),
    ],
)
def test_what_is_scored_at_once_is_shared_evenly(
    session: Session, number: int, workers: int, sizes: list[int]
) -> None:
    session.execute(
        text(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " SELECT now() FROM generate_series(1, :workers)"
        ),
        {"workers": workers},
    )
    made = queue.defer_scoring(session, 1, range(number), batch_id=5, at_once=True)
    assert made == len(sizes)
    assert photos_of_jobs(session) == [(size, True) for size in sizes]
    assert sorted(session.scalars(queue.queued_photos(1, 5))) == list(range(number))


def test_a_gathering_job_starts_by_itself_two_minutes_after_the_last_photo(
    session: Session,
) -> None:
    def waits_s() -> float:
        waits: float = session.scalar(
            text("SELECT extract(epoch FROM scheduled_at - now()) FROM procrastinate_jobs")
        )
        return waits

    queue.defer_scoring(session, 1, [1], batch_id=5)
    assert 115 < waits_s() < 125
    session.execute(
        text("UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - interval '100 s'")
    )
    queue.defer_scoring(session, 1, [2], batch_id=5)
    assert 115 < waits_s() < 125


def test_no_photo_is_added_to_a_job_that_a_worker_has_taken(session: Session) -> None:
    queue.defer_scoring(session, 1, [1], batch_id=5)
    session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    queue.defer_scoring(session, 1, [2], batch_id=5)
    assert [row.args["photo_ids"] for row in jobs(session)] == [[1], [2]]


def test_jobs_and_photos_of_a_batch(session: Session) -> None:
    queue.defer_scoring(session, 1, [1, 2, 3], batch_id=5)
    queue.defer_scoring(session, 2, [4], batch_id=5)
    queue.defer_scoring(session, 1, [8], batch_id=55)
    queue.defer_scoring(session, 1, [9])
    assert session.scalars(queue.queued_photos(1, 5)).all() == [1, 2, 3]
    assert queue.batch_jobs(session, 5) == queue.BatchJobs(live=2, failed=0)
    subquery = queue.queued_photos(1, 5).subquery()
    assert session.scalar(select(subquery.c.photo_id).where(subquery.c.photo_id > 2)) == 3

    session.execute(
        text("UPDATE procrastinate_jobs SET status = 'failed' WHERE args ->> 'release_id' = '2'")
    )
    assert queue.batch_jobs(session, 5) == queue.BatchJobs(live=1, failed=1)
    assert queue.failed_jobs(session, 2) == 1
    assert queue.failed_jobs(session, 1) == 0


def test_cancelled_jobs_are_gone_and_running_ones_stay(session: Session) -> None:
    queue.defer_scoring(session, 1, range(300), batch_id=5)
    queue.defer_scoring(session, 1, [9])
    session.execute(
        text(
            "UPDATE procrastinate_jobs SET status = 'doing'"
            " WHERE id = (SELECT min(id) FROM procrastinate_jobs)"
        )
    )
    assert queue.cancel_batch(session, 5) == 1
    assert [row.status for row in jobs(session)] == ["doing", "todo"]
    assert queue.cancel_release(session, 1) == 1
    assert [row.status for row in jobs(session)] == ["doing"]


def test_a_worker_counts_while_its_heartbeat_is_fresh(session: Session) -> None:
    assert queue.live_workers(session) == 0
    session.execute(
        text(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now()), (now() - interval '29 s'), (now() - interval '31 s')"
        )
    )
    assert queue.live_workers(session) == 2


@pytest.mark.parametrize("argument", ["release_id", "batch_id"])
def test_questions_about_one_release_or_batch_use_an_index(session: Session, argument: str) -> None:
    session.execute(
        text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " SELECT 'default', 'score_photos',"
            " jsonb_build_object('release_id', n, 'batch_id', n, 'photo_ids', '[]'::jsonb)"
            " FROM generate_series(1, 3000) n"
        )
    )
    session.execute(text("ANALYZE procrastinate_jobs"))
    statuses = "'todo', 'doing'" + (", 'failed'" if argument == "batch_id" else "")
    plan = "\n".join(
        session.scalars(
            text(
                "EXPLAIN SELECT count(*) FROM procrastinate_jobs"
                f" WHERE status IN ({statuses}) AND args ->> '{argument}' = '7'"
            )
        )
    )
    assert f"procrastinate_jobs_{argument.removesuffix('_id')}_idx" in plan


@pytest.mark.parametrize(
    "deferring",
    [
        queue.defer_publish,
        lambda session: queue.defer_scoring(session, 1, [1]),
        lambda session: queue.defer_deletion(session, 1),
    ],
)
def test_a_database_that_is_lost_while_a_job_is_queued_is_called_so(
    clean_database: str, deferring: Callable[[Session], object]
) -> None:
    engine = make_engine(clean_database)
    sessions = session_factory(engine)

    def lost_in_the_middle() -> None:
        with driver_errors(), sessions.begin() as session:
            session.execute(text("SELECT 1"))
            with sessions.begin() as other:
                other.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND usename = current_user"
                        " AND pid <> pg_backend_pid()"
                    )
                )
            deferring(session)

    with pytest.raises(DatabaseAway):
        lost_in_the_middle()
    engine.dispose()
