"""Taking back: nothing is left, nothing comes again, whatever dies or runs beside it."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import batches, queue, scores, totals, worker
from app.attributes import KEYS
from app.batches import BatchClosed, BatchIn, Decoder, File, NothingToCancel, Placement, removal
from app.batches.removal import photos_left
from app.db import SessionFactory
from app.errors import BatchNotFound
from app.photos import delete as photos
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import Batch, Photo, RefusedPhoto, Release, Upload, cell_total, score
from tests.builders import make_photo, make_release
from tests.conftest import ROOT
from tests.rankers import jpeg

BATCH = BatchIn(title="Julio", source="Municipalidad", licence="CC BY 4.0", blurred=True)
SCALE = dict.fromkeys(KEYS, np.linspace(0.0, 1.0, 101))


@pytest.fixture
def receive(sessions: SessionFactory, files: PhotoFiles) -> Iterator["Receive"]:
    decoder = Decoder(processes=1)
    yield Receive(sessions, files, decoder)
    decoder.close()


class Receive:
    """What a client sends, and where it went."""

    def __init__(self, sessions: SessionFactory, files: PhotoFiles, decoder: Decoder) -> None:
        self.sessions, self.files, self.decoder = sessions, files, decoder

    def __call__(
        self, batch_id: int, data: bytes, path: str = "a.jpg", *, held: bool = False
    ) -> batches.UploadOut:
        place = {} if held else {"lat": -33.45, "lon": -70.65}
        file = File(path, data, **place)  # type: ignore[arg-type]
        return batches.receive(self.sessions, self.files, self.decoder, batch_id, file)


def make_batch(sessions: SessionFactory) -> int:
    with sessions.begin() as session:
        return batches.create(session, BATCH).id


def keys_on_disk(files: PhotoFiles) -> set[str]:
    return {path.name.split(".")[0] for path in files.root.glob("*/*.*")}


def count(sessions: SessionFactory, what: object) -> int:
    with sessions() as session:
        return session.scalars(select(func.count()).select_from(what)).one()  # type: ignore[arg-type]


def filled(sessions: SessionFactory, files: PhotoFiles, number: int, scored: bool = True) -> int:
    """A batch of photos whose files are not really pictures; every photo has its verdict."""
    batch_id = make_batch(sessions)
    draw = random.Random(number)
    with sessions.begin() as session:
        for index in range(number):
            key = files.write(b"%d" % index, None, sync=False)
            lon, lat = draw.gauss(-70.6, 0.05), draw.gauss(-33.4, 0.05)
            photo = make_photo(session, lon, lat, storage_key=key, batch_id=batch_id)
            session.add(
                Upload(
                    batch_id=batch_id,
                    path=f"{index}.jpg",
                    sha256=photo.sha256,
                    verdict="accepted",
                    photo_id=photo.id,
                )
            )
        if scored:
            release = make_release(session, active=True)
            write(session, release.id, list(session.scalars(select(Photo.id))))
            totals.publish(session)
    return batch_id


def write(session: Session, release_id: int, ids: list[int]) -> None:
    raws = {photo_id: dict.fromkeys(KEYS, (photo_id % 100) / 100) for photo_id in ids}
    scores.write(session, release_id, raws, SCALE)


def begin(sessions: SessionFactory, batch_id: int, *, refuse: bool = True) -> None:
    with sessions.begin() as session:
        batches.begin_deletion(session, batch_id, refuse=refuse)


def assert_nothing_left(sessions: SessionFactory, files: PhotoFiles) -> None:
    for table in (Batch, Photo, Upload, score, cell_total):
        assert count(sessions, table) == 0, table
    assert keys_on_disk(files) == set()
    with sessions.begin() as session:
        totals.publish(session)
        assert totals.check(session) == []


def test_cancelling_takes_what_waits_and_leaves_what_runs_and_what_was_scored(
    sessions: SessionFactory, files: PhotoFiles, receive: Receive
) -> None:
    batch_id = filled(sessions, files, 600)
    held = receive(batch_id, jpeg(1), held=True)
    with sessions.begin() as session:
        make_release(session, "ranked", kind="rankers")
        batches.complete(session, batch_id)
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :first"),
            {"first": session.scalar(text("SELECT min(id) FROM procrastinate_jobs"))},
        )
        assert queue.batch_jobs(session, batch_id).live == 3
    for _ in range(2):
        with sessions.begin() as session:
            assert batches.cancel(session, batch_id).state == "cancelled"
    with sessions.begin() as session:
        assert queue.batch_jobs(session, batch_id).live == 1
        assert batches.was_taken_back(session, batch_id)
    assert count(sessions, score) == 600
    with pytest.raises(BatchClosed):
        receive(batch_id, jpeg(2))
    with pytest.raises(BatchClosed):
        batches.place(
            sessions, files, receive.decoder, batch_id, [Placement(held.path, -33.4, -70.6)]
        )
    for act in (batches.score, batches.retry):
        with sessions.begin() as session, pytest.raises(BatchClosed):
            act(session, batch_id)
    with sessions.begin() as session:
        assert batches.complete(session, batch_id).state == "cancelled"


def test_what_is_done_cannot_be_cancelled(sessions: SessionFactory) -> None:
    batch_id = make_batch(sessions)
    with sessions.begin() as session:
        batches.complete(session, batch_id)
        batches.settle(session, [batch_id])
    with sessions.begin() as session, pytest.raises(NothingToCancel):
        batches.cancel(session, batch_id)
    with sessions.begin() as session, pytest.raises(BatchNotFound):
        batches.cancel(session, batch_id + 1)


def test_a_batch_goes_with_all_that_came_of_it_and_its_bytes_stay_refused(
    sessions: SessionFactory, files: PhotoFiles, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 2)
    doomed, other = make_batch(sessions), make_batch(sessions)
    for number in range(5):
        receive(doomed, jpeg(number), f"{number}.jpg")
    receive(doomed, jpeg(5), "held.jpg", held=True)
    receive(doomed, b"text", "text.jpg")
    kept = receive(other, jpeg(6))
    assert receive(other, jpeg(0), "again.jpg").verdict == "duplicate"
    assert receive(other, jpeg(5), "again-held.jpg").verdict == "duplicate"
    with sessions.begin() as session:
        release = make_release(session, active=True)
        write(session, release.id, list(session.scalars(select(Photo.id))))
        totals.publish(session)
        before = release.version
    begin(sessions, doomed, refuse=True)
    assert batches.delete(sessions, files, doomed)
    with sessions.begin() as session:
        assert session.scalars(select(Batch.id)).all() == [other]
        assert session.scalars(select(Photo.id)).all() == [kept.photo_id]
        assert set(session.scalars(select(Upload.batch_id))) == {other}
        assert session.scalars(select(score.c.photo_id)).all() == [kept.photo_id]
        assert set(session.scalars(select(cell_total.c.n))) == {1}
        assert session.scalars(select(Release.version)).one() > before
        assert totals.check(session) == []
    assert len(keys_on_disk(files)) == 1
    third = make_batch(sessions)
    for number in range(6):
        verdict = receive(third, jpeg(number), f"{number}.jpg")
        assert (verdict.verdict, verdict.reason) == ("rejected", "taken-down")
    # What was known of the same bytes elsewhere says so too.
    assert receive(other, jpeg(0), "again.jpg").reason == "taken-down"
    assert receive(third, b"text").reason == "not-an-image"


def test_a_batch_that_may_come_again_does(
    sessions: SessionFactory, files: PhotoFiles, receive: Receive
) -> None:
    batch_id = make_batch(sessions)
    receive(batch_id, jpeg(1))
    receive(batch_id, jpeg(2), "b.jpg", held=True)
    begin(sessions, batch_id, refuse=False)
    assert batches.delete(sessions, files, batch_id)
    assert_nothing_left(sessions, files)
    again = make_batch(sessions)
    assert receive(again, jpeg(1)).verdict == "accepted"
    assert receive(again, jpeg(2), "b.jpg").verdict == "accepted"


def test_one_photo_that_is_taken_down_answers_so_when_it_is_sent_again(
    sessions: SessionFactory, files: PhotoFiles, receive: Receive
) -> None:
    batch_id = make_batch(sessions)
    first = receive(batch_id, jpeg(1))
    receive(batch_id, jpeg(1), "b.jpg")
    assert first.photo_id is not None
    with sessions.begin() as session:
        photos.delete(session, [first.photo_id], files, refuse=True, reason="a neighbour asked")
    for path in ("a.jpg", "b.jpg", "c.jpg"):
        answer = receive(batch_id, jpeg(1), path)
        assert (answer.verdict, answer.reason) == ("rejected", "taken-down")
        assert "a neighbour asked" in (answer.message or "")
        assert answer.photo_id is None
    with sessions.begin() as session:
        counts = batches.progress(session, batch_id).counts
    assert (counts.files, counts.accepted, counts.rejected) == (3, 0, 3)


def test_a_batch_that_is_being_deleted_takes_nothing(
    sessions: SessionFactory, files: PhotoFiles, receive: Receive
) -> None:
    batch_id = filled(sessions, files, 3)
    receive(batch_id, jpeg(1), held=True)
    begin(sessions, batch_id)
    with pytest.raises(BatchClosed):
        receive(batch_id, jpeg(2))
    with pytest.raises(BatchClosed):
        batches.place(sessions, files, receive.decoder, batch_id, [])
    for act in (batches.score, batches.retry):
        with sessions.begin() as session, pytest.raises(BatchClosed):
            act(session, batch_id)
    with sessions.begin() as session, pytest.raises(NothingToCancel):
        batches.cancel(session, batch_id)
    with sessions.begin() as session:
        assert photos_left(session, batch_id) == 4
        assert batches.progress(session, batch_id).state == "deleting"


def test_nobody_deletes_the_files_of_a_batch_that_was_not_given_up(
    sessions: SessionFactory, files: PhotoFiles
) -> None:
    batch_id = filled(sessions, files, 3)
    with pytest.raises(RuntimeError, match="not begun"):
        batches.delete(sessions, files, batch_id)
    assert len(keys_on_disk(files)) == 3


@pytest.mark.parametrize("where", ["at the files", "at the rows"])
def test_a_deletion_that_broke_off_goes_on_without_an_orphan(
    sessions: SessionFactory, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 4)
    batch_id = filled(sessions, files, 10)
    begin(sessions, batch_id)
    with monkeypatch.context() as broken:

        def die(*args: object, **options: object) -> None:
            raise OSError("the power went")

        if where == "at the rows":
            broken.setattr(photos, "delete", die)
        else:
            broken.setattr(PhotoFiles, "delete", die)
        with pytest.raises(OSError, match="power"):
            batches.delete(sessions, files, batch_id)
    with sessions.begin() as session:
        known = set(session.scalars(select(Photo.storage_key)))
        assert totals.check(session) == []
    assert keys_on_disk(files) <= known, "no file without its row, at any time"
    assert batches.delete(sessions, files, batch_id)
    assert_nothing_left(sessions, files)
    assert count(sessions, RefusedPhoto) == 10


def test_a_deletion_stops_when_it_is_told_to(
    sessions: SessionFactory, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 4)
    batch_id = filled(sessions, files, 10)
    begin(sessions, batch_id)
    assert not batches.delete(sessions, files, batch_id, lambda: False)
    with sessions() as session:
        assert photos_left(session, batch_id) == 6
    assert batches.delete(sessions, files, batch_id)
    assert batches.delete(sessions, files, batch_id), "what is gone is gone"


def test_two_admins_delete_one_batch(
    sessions: SessionFactory, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 7)
    batch_id = filled(sessions, files, 100)
    together = threading.Barrier(2)

    def take_back(refuse: bool) -> bool:
        together.wait()
        begin(sessions, batch_id, refuse=refuse)
        return batches.delete(sessions, files, batch_id)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(take_back, [True, True])) == [True, True]
    assert_nothing_left(sessions, files)
    assert count(sessions, RefusedPhoto) == 100


def test_a_batch_goes_while_its_photos_are_scored_published_and_sent(
    sessions: SessionFactory, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 20)
    batch_id = filled(sessions, files, 300, scored=False)
    with sessions.begin() as session:
        release_id = make_release(session, active=True).id
        ids = list(session.scalars(select(Photo.id).order_by(Photo.id)))
    begun = threading.Event()
    gone = threading.Event()

    def score_all(seed: int) -> int:
        draw = random.Random(seed)
        written = 0
        while not gone.is_set():
            with sessions.begin() as session:
                write(session, release_id, draw.sample(ids, 40))
            written += 1
            begun.set()
        return written

    def publish() -> None:
        while not gone.is_set():
            with sessions.begin() as session:
                totals.publish(session)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(score_all, seed) for seed in range(3)]
        publisher = pool.submit(publish)
        try:
            assert begun.wait(20)
            begin(sessions, batch_id)
            assert batches.delete(sessions, files, batch_id)
        finally:
            gone.set()
        assert all(writer.result() > 0 for writer in writers)
        publisher.result()
    with sessions.begin() as session:
        totals.publish(session)
    assert_nothing_left(sessions, files)


def test_a_worker_ends_what_the_web_began(
    sessions: SessionFactory, files: PhotoFiles, settings: Settings, clean_database: str
) -> None:
    batch_id = filled(sessions, files, 5)
    begin(sessions, batch_id)
    begin(sessions, batch_id)
    worker.run(settings, clean_database, until_idle=True, heartbeat_s=0.3, stalled_after_s=1.5)
    assert_nothing_left(sessions, files)


def test_a_job_that_comes_back_scores_nothing_of_a_cancelled_batch(
    sessions: SessionFactory, files: PhotoFiles, settings: Settings, clean_database: str
) -> None:
    batch_id = filled(sessions, files, 5, scored=False)
    with sessions.begin() as session:
        # Its folder is missing, so a job that looked at the photos would be given up.
        release_id = make_release(session, "gone", kind="rankers").id
        scores.keep_scale(session, release_id, {1: dict.fromkeys(KEYS, 0.0)})
        batches.cancel(session, batch_id)
        ids = list(session.scalars(select(Photo.id)))
        queue.defer_scoring(session, release_id, ids, batch_id=batch_id)
        queue.start_batch(session, batch_id)
    worker.run(settings, clean_database, until_idle=True, heartbeat_s=0.3, stalled_after_s=1.5)
    with sessions() as session:
        assert queue.given_up_jobs(session) == 0
        assert queue.live_jobs(session) == 0
        assert session.scalars(select(Upload.reason).distinct()).all() == [None]


DELETE = """
import sys
from app.batches import removal
removal.AT_ONCE = 5
from app.cli import main
sys.argv = ["mirada", "batches", "delete", sys.argv[1], "--yes"]
main()
"""


@pytest.mark.slow
def test_a_deletion_that_is_killed_again_and_again_ends(
    sessions: SessionFactory, files: PhotoFiles, settings: Settings, clean_database: str
) -> None:
    batch_id = filled(sessions, files, 400)
    environment = os.environ | {
        "MIRADA_DATABASE_URL": clean_database,
        "MIRADA_DATA_DIR": str(settings.data_dir),
    }
    command = [sys.executable, "-c", DELETE, str(batch_id)]
    draw = random.Random(5)
    kills = 0
    for _ in range(5):
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        left = count(sessions, Photo)
        deadline = time.monotonic() + 60
        while count(sessions, Photo) == left and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(draw.random() * 0.05)
        process.kill()
        kills += process.wait() == -9
        with sessions.begin() as session:
            assert totals.check(session) == []
            known = set(session.scalars(select(Photo.storage_key)))
        assert keys_on_disk(files) <= known
    assert kills >= 2
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=60)
    assert_nothing_left(sessions, files)
    assert count(sessions, RefusedPhoto) == 400
