"""The worker on a real database, with real networks of random weights."""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from app import queue, releases, scores, totals, worker
from app.attributes import KEYS
from app.db import SessionFactory, make_engine
from app.errors import DatabaseAway, NotMigrated
from app.photos import delete
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import (
    CELL_ZOOMS,
    Pending,
    Photo,
    ReferenceOutput,
    Release,
    Scale,
    cell_total,
    score,
)
from app.worker.upkeep import publish_due, sweep_files
from tests.rankers import add_photos, jpeg, write_release

WORKER = """
import logging, pathlib, sys
logging.basicConfig(level=logging.INFO, format="%(message)s")
from app.settings import Settings
from app.worker import run
run(Settings(data_dir=pathlib.Path(sys.argv[1])), sys.argv[2], heartbeat_s=0.3, stalled_after_s=1.5)
"""


@pytest.fixture(scope="module")
def release_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("trained"), "first")


@pytest.fixture
def work(settings: Settings, clean_database: str) -> Callable[[], None]:
    """Runs a worker in this process until nothing is left to do."""

    def until_idle() -> None:
        worker.run(settings, clean_database, until_idle=True, heartbeat_s=0.3, stalled_after_s=1.5)

    return until_idle


def begin(session: Session, settings: Settings, folder: Path) -> int:
    release = releases.register(session, folder, settings.release_dir)
    scores.begin(session, release)
    return release.id


def count(session: Session, what: Any) -> int:
    return session.scalar(select(func.count()).select_from(what)) or 0


def jobs(session: Session, status: str) -> int:
    return (
        session.scalar(
            text("SELECT count(*) FROM procrastinate_jobs WHERE status::text = :status"),
            {"status": status},
        )
        or 0
    )


def published(session: Session, release_id: int) -> list[int]:
    """Photos in the cells of each zoom."""
    rows = session.execute(
        select(func.sum(cell_total.c.n))
        .where(cell_total.c.release_id == release_id)
        .group_by(cell_total.c.z)
    )
    return [n for (n,) in rows]


def assert_scored_once(session: Session, release_id: int, photos: int) -> None:
    """Each photo has its row, and is in the totals of every zoom once."""
    assert count(session, score) == photos
    assert published(session, release_id) == [photos] * len(CELL_ZOOMS)
    assert totals.check(session) == []
    assert count(session, Pending) == 0
    assert queue.live_jobs(session) == 0
    assert jobs(session, "doing") == 0
    assert jobs(session, "failed") == 0


def test_a_release_goes_from_registered_over_its_frozen_scale_to_ready(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 16)
    monkeypatch.setattr(scores.reference_photos, "__defaults__", (40, None))
    with sessions.begin() as session:
        ids = add_photos(session, files, 60)
        release_id = begin(session, settings, release_folder)
    work()
    with sessions.begin() as session:
        release = session.get_one(Release, release_id)
        assert release.state == "ready"
        assert release.published_at is not None
        assert_scored_once(session, release_id, 60)
        assert count(session, ReferenceOutput) == 0
        frozen = session.scalars(select(Scale).where(Scale.release_id == release_id)).all()
        assert {scale.attribute for scale in frozen} == set(KEYS)
        assert {len(scale.raw_outputs) for scale in frozen} == {40}
        rows = session.execute(select(score).order_by(score.c.photo_id)).mappings().all()
    assert [row["photo_id"] for row in rows] == ids
    by_key = {scale.attribute: sorted(scale.raw_outputs) for scale in frozen}
    for row in rows:
        for key in KEYS:
            raw, raws = row[f"raw_{key}"], by_key[key]
            below = sum(other < raw for other in raws)
            equal = sum(other == raw for other in raws)
            assert abs(row[f"score_{key}"] - 1000 * (below + equal / 2) / 40) <= 0.5


def test_a_score_is_what_the_network_says_of_the_original(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    from model.releases.release import load
    from model.scoring.scorer import Scorer

    with sessions.begin() as session:
        ids = add_photos(session, files, 5)
        begin(session, settings, release_folder)
        keys = {photo.id: photo.storage_key for photo in session.scalars(select(Photo))}
    work()
    scorer = Scorer(load(release_folder), "cpu")
    expected = {
        result.id: result.raw
        for result in scorer.score((id, files.original(str(keys[id]))) for id in ids)
    }
    with sessions.begin() as session:
        rows = session.execute(select(score)).mappings().all()
    assert len(rows) == 5
    for row in rows:
        raw = expected[row["photo_id"]]
        assert raw is not None
        for key in KEYS:
            assert row[f"raw_{key}"] == pytest.approx(raw[key], abs=1e-5)


def test_new_photos_are_scored_by_a_release_that_is_ready(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    with sessions.begin() as session:
        add_photos(session, files, 12)
        release_id = begin(session, settings, release_folder)
    work()
    with sessions.begin() as session:
        before = session.scalars(select(Scale.raw_outputs).order_by(Scale.attribute)).all()
        add_photos(session, files, 7, first=100)
    work()
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 19)
        after = session.scalars(select(Scale.raw_outputs).order_by(Scale.attribute)).all()
    assert before == after, "new photos never move the scale"


def test_photos_that_come_during_the_first_pass_are_not_forgotten(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.worker.errors.SCALE_WAIT_S", 1)
    with sessions.begin() as session:
        add_photos(session, files, 10)
        release_id = begin(session, settings, release_folder)
    with sessions.begin() as session:
        add_photos(session, files, 5, first=50)
        session.execute(
            text("UPDATE procrastinate_jobs SET priority = 5 WHERE task_name = 'score_photos'")
        )
    work()
    with sessions.begin() as session:
        assert session.get_one(Release, release_id).state == "ready"
        assert_scored_once(session, release_id, 15)
        assert {len(raws) for raws in session.scalars(select(Scale.raw_outputs))} == {10}


def test_a_photo_that_cannot_be_read_fails_alone(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    with sessions.begin() as session:
        ids = add_photos(session, files, 10)
        keys = session.scalars(select(Photo.storage_key).order_by(Photo.id)).all()
        files.original(str(keys[0])).write_bytes(jpeg(0)[:900])
        files.original(str(keys[1])).unlink()
        release_id = begin(session, settings, release_folder)
    work()
    with sessions.begin() as session:
        assert session.scalars(select(score.c.photo_id)).all() == ids[2:]
        assert session.get_one(Release, release_id).state == "ready"
        assert totals.check(session) == []


def test_a_photo_deleted_meanwhile_is_passed_over(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    with sessions.begin() as session:
        ids = add_photos(session, files, 10)
        release_id = begin(session, settings, release_folder)
    with sessions.begin() as session:
        delete.delete(session, ids[:3], files)
    work()
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 7)
        assert session.get_one(Release, release_id).state == "ready"


def test_a_release_whose_folder_is_gone_is_said_so_and_nothing_is_tried_again(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with sessions.begin() as session:
        add_photos(session, files, 3)
        release_id = begin(session, settings, release_folder)
    shutil.rmtree(settings.release_dir / "first")
    with pytest.raises(worker.ScoringFailed, match="1 scoring job"):
        work()
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert any("Release first cannot be loaded" in line for line in said)
    with sessions.begin() as session:
        assert jobs(session, "failed") == 1
        attempts = session.scalar(text("SELECT max(attempts) FROM procrastinate_jobs"))
        assert attempts == 1
        assert session.get_one(Release, release_id).state == "scoring"


def test_a_photo_store_that_is_not_mounted_is_waited_for(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    with sessions.begin() as session:
        add_photos(session, files, 4)
        release_id = begin(session, settings, release_folder)
    elsewhere = settings.data_dir / "elsewhere"
    settings.photo_dir.rename(elsewhere)
    process = start_worker(settings, sessions)
    try:
        wait_for(lambda: attempts_of_jobs(sessions) >= 1)
        elsewhere.rename(settings.photo_dir)
        wait_for(lambda: state_of(sessions, release_id) == "ready")
    finally:
        stop(process)
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 4)


def start_worker(settings: Settings, sessions: SessionFactory) -> subprocess.Popen[str]:
    with sessions() as session:
        url = session.get_bind().url.render_as_string(hide_password=False)  # type: ignore[union-attr]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(settings.data_dir), url],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
        stderr=subprocess.PIPE,
    )


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> str:
    process.send_signal(number)
    return process.communicate(timeout=60)[1]


def wait_for(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def attempts_of_jobs(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return session.scalar(text("SELECT max(attempts) FROM procrastinate_jobs")) or 0


def state_of(sessions: SessionFactory, release_id: int) -> str:
    with sessions.begin() as session:
        return session.get_one(Release, release_id).state


def test_workers_killed_in_the_middle_lose_nothing_and_score_nothing_twice(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    generator = random.Random(seed)
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 20)
    with sessions.begin() as session:
        add_photos(session, files, 240)
        release_id = begin(session, settings, release_folder)
    killed_while_working = 0
    for _ in range(3):
        before = written(sessions)
        process = start_worker(settings, sessions)
        wait_for(lambda before=before: written(sessions) > before)  # type: ignore[misc]
        time.sleep(generator.uniform(0, 0.2))
        stop(process, signal.SIGKILL)
        killed_while_working += running(sessions) > 0
    assert killed_while_working > 0, "no kill hit a job: the test shows nothing"
    work()
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 240)
        assert session.get_one(Release, release_id).state == "ready"


def written(sessions: SessionFactory) -> int:
    """Rows of outputs and scores so far."""
    with sessions.begin() as session:
        return count(session, ReferenceOutput) + count(session, score)


def running(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return queue.running_jobs(session)


def test_two_workers_share_a_queue_and_score_nothing_twice(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 8)
    with sessions.begin() as session:
        add_photos(session, files, 160)
        release_id = begin(session, settings, release_folder)
    processes = [start_worker(settings, sessions) for _ in range(2)]
    try:
        wait_for(lambda: state_of(sessions, release_id) == "ready")
        with sessions.begin() as session:
            assert queue.live_workers(session) == 2
    finally:
        logs = [stop(process) for process in processes]
    assert all("photos in" in log for log in logs), "one worker did everything"
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 160)
        assert queue.live_workers(session) == 0, "a worker that is stopped says goodbye"


def test_a_worker_that_is_asked_to_stop_gives_its_job_back_at_once(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    with sessions.begin() as session:
        add_photos(session, files, 500)
        release_id = begin(session, settings, release_folder)
    process = start_worker(settings, sessions)
    wait_for(lambda: running(sessions) > 0)
    assert process.stderr is not None
    for line in process.stderr:
        assert "given up" not in line
        if "loaded release" in line:
            break
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert time.monotonic() - start < 10
    with sessions.begin() as session:
        assert jobs(session, "doing") == 0
        assert queue.live_jobs(session) > 0
        assert queue.live_workers(session) == 0
    work()
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 500)


def test_a_database_that_drops_its_connections_is_waited_for(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    clean_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 10)
    with sessions.begin() as session:
        add_photos(session, files, 200)
        release_id = begin(session, settings, release_folder)
    process = start_worker(settings, sessions)
    try:
        for _ in range(5):
            wait_for(lambda: running(sessions) > 0 or state_of(sessions, release_id) == "ready")
            with sessions.begin() as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND usename = current_user"
                        " AND pid <> pg_backend_pid()"
                    )
                )
            time.sleep(0.5)
        wait_for(lambda: state_of(sessions, release_id) == "ready", timeout_s=90)
        assert process.poll() is None, "the worker ended with its connections"
    finally:
        stop(process)
    with sessions.begin() as session:
        assert_scored_once(session, release_id, 200)


def test_a_worker_that_waits_for_its_database_ends_when_it_is_told_to(
    sessions: SessionFactory, settings: Settings, server_url: str
) -> None:
    process = start_worker(settings, sessions)
    wait_for(lambda: live_workers(sessions) == 1)
    with sessions.begin() as session:
        name = session.scalars(text("SELECT current_database()")).one()
    away = make_engine(server_url)
    with away.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{name}' AND usename = current_user"
            )
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "does not answer" in line:
                break
        try:
            process.send_signal(signal.SIGTERM)
            start = time.monotonic()
            assert process.wait(timeout=30) == 0
            assert time.monotonic() - start < 15, "whoever manages services kills it soon"
        finally:
            process.kill()
            process.stderr.close()
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    away.dispose()


def live_workers(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return queue.live_workers(session)


def test_a_worker_that_was_taken_for_dead_begins_again(
    sessions: SessionFactory, settings: Settings, files: PhotoFiles, release_folder: Path
) -> None:
    with sessions.begin() as session:
        add_photos(session, files, 3)
        release_id = begin(session, settings, release_folder)
    frozen = start_worker(settings, sessions)
    try:
        wait_for(lambda: state_of(sessions, release_id) == "ready")
        struck = listed_workers(sessions)
        frozen.send_signal(signal.SIGSTOP)
        # As long as it is taken for dead after; then another one strikes it off the list.
        time.sleep(2)
        other = start_worker(settings, sessions)
        wait_for(lambda: len(listed_workers(sessions) - struck) == 1)
        stop(other)
        assert listed_workers(sessions) == set()
        with sessions.begin() as session:
            add_photos(session, files, 2, first=10)
        frozen.send_signal(signal.SIGCONT)
        wait_for(lambda: live_jobs(sessions) == 0)
    finally:
        frozen.send_signal(signal.SIGCONT)
        said = stop(frozen)
    assert frozen.returncode == 0
    assert "taken for dead" in said
    with sessions.begin() as session:
        totals.publish(session)
        assert_scored_once(session, release_id, 5)


def listed_workers(sessions: SessionFactory) -> set[int]:
    with sessions.begin() as session:
        return set(session.scalars(text("SELECT id FROM procrastinate_workers")))


def live_jobs(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return queue.live_jobs(session)


def test_the_start_says_what_is_wrong_with_the_database(
    settings: Settings, server_url: str, tmp_path: Path
) -> None:
    with pytest.raises(NotMigrated):
        worker.run(settings, server_url, until_idle=True)
    with pytest.raises(DatabaseAway):
        worker.run(settings, f"postgresql://mirada@/mirada?host={tmp_path}", until_idle=True)


def test_publishing_waits_30_s_while_jobs_are_left(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    release_folder: Path,
    work: Callable[[], None],
) -> None:
    with sessions.begin() as session:
        add_photos(session, files, 6)
        release_id = begin(session, settings, release_folder)
    work()
    with sessions.begin() as session:
        more = add_photos(session, files, 2, first=20)
        raws = dict.fromkeys(KEYS, 0.0)
        scores.write(session, release_id, {more[0]: raws})
    assert publish_due(sessions) is True
    with sessions.begin() as session:
        assert count(session, Pending) == 1, "the job of the other photo is still to come"
        release = session.get_one(Release, release_id)
        release.published_at = datetime.now(UTC) - timedelta(seconds=31)
    assert publish_due(sessions) is False
    with sessions.begin() as session:
        assert count(session, Pending) == 0
        assert published(session, release_id) == [7] * len(CELL_ZOOMS)


def test_files_of_lost_transactions_are_swept_but_not_another_databases_store(
    sessions: SessionFactory, files: PhotoFiles, caplog: pytest.LogCaptureFixture
) -> None:
    assert sweep_files(sessions, files) == 0
    assert not files.root.exists(), "a store that is not mounted is not made"
    with sessions.begin() as session:
        add_photos(session, files, 3)
    lost = [files.write(jpeg(n), None) for n in range(50)]
    assert sweep_files(sessions, files) == 0, "they may belong to a transaction under way"
    long_ago = time.time() - 7200
    for path in files.root.glob("*/*"):
        os.utime(path, (long_ago, long_ago))
    one_more = files.write(jpeg(99), None)
    os.utime(files.original(one_more), (long_ago, long_ago))
    assert sweep_files(sessions, files) == 0
    assert "older copy of the store's database" in caplog.text
    files.delete([one_more])
    assert sweep_files(sessions, files) == 50
    assert not any(files.original(key).exists() for key in lost)
    assert len(list(files.root.glob("*/*.original"))) == 3


def test_a_worker_holds_no_torch_before_it_has_something_to_score() -> None:
    code = "import sys, app.worker; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["asyncio", "procrastinate.utils", "procrastinate.worker"])
def test_a_lost_database_leaves_no_trace_in_the_log_but_a_fault_does(
    name: str, sessions: SessionFactory, settings: Settings, work: Callable[[], None]
) -> None:
    work()
    logger = logging.getLogger(name)

    def is_said(cause: Exception) -> bool:
        try:
            raise ConnectorException from cause
        except ConnectorException as error:
            trace = (type(error), error, error.__traceback__)
        return bool(logger.filter(logger.makeRecord(name, 40, "", 0, "", (), trace)))

    assert not is_said(psycopg.OperationalError("the server closed the connection"))
    assert is_said(psycopg.ProgrammingError("there is no such column"))
