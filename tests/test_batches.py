"""Uploads and their verdicts, on a real database, a real disk and real decoders."""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import ExifTags, Image
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import batches, queue, scores, totals
from app.attributes import KEYS
from app.batches import BatchClosed, BatchIn, Decoder, File, Placement, UploadOut
from app.batches.placing import matches
from app.db import SessionFactory
from app.errors import BatchNotFound, DatabaseAway, RejectedFile
from app.images import MAX_BYTES, derive
from app.photos import delete
from app.photos.files import PhotoFiles
from app.photos.store import DISPLAY, THUMBNAIL
from app.photos.sweeping import sweep
from app.tables import Batch, Photo, Upload
from app.worker.upkeep import publish_due
from tests.builders import make_layer, make_release, square
from tests.rankers import jpeg

LAT, LON = -33.45, -70.65


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


class Uploading:
    """A batch, and what a client does with it."""

    def __init__(self, sessions: SessionFactory, files: PhotoFiles, decoder: Decoder) -> None:
        self.sessions = sessions
        self.files = files
        self.decoder = decoder
        with sessions.begin() as session:
            self.batch_id = batches.create(session, BATCH).id

    def send(self, data: bytes, path: str = "a.jpg", **given: Any) -> UploadOut:
        place = {"lat": LAT, "lon": LON} | given
        file = File(path, data, **place)
        return batches.receive(self.sessions, self.files, self.decoder, self.batch_id, file)

    def place(self, *placements: Placement) -> int:
        return batches.place(self.sessions, self.files, self.decoder, self.batch_id, placements)

    def keys(self) -> set[str]:
        """Those that photos and held files have."""
        with self.sessions.begin() as session:
            keys = select(Photo.storage_key).union(select(Upload.storage_key))
            return {key for key in session.scalars(keys) if key is not None}

    def on_disk(self) -> set[str]:
        """Keys of originals."""
        return {path.name.split(".")[0] for path in self.files.root.glob("*/*.original")}


BATCH = BatchIn(title="Julio", source="Municipalidad", licence="CC BY 4.0", blurred=True)


@pytest.fixture
def uploading(sessions: SessionFactory, files: PhotoFiles, decoder: Decoder) -> Uploading:
    return Uploading(sessions, files, decoder)


def with_gps(data: bytes, lat: float, lon: float) -> bytes:
    image = Image.open(io.BytesIO(data))
    exif = image.getexif()
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "S" if lat < 0 else "N",
        ExifTags.GPS.GPSLatitude: (abs(lat), 0.0, 0.0),
        ExifTags.GPS.GPSLongitudeRef: "W" if lon < 0 else "E",
        ExifTags.GPS.GPSLongitude: (abs(lon), 0.0, 0.0),
    }
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def count(session: Session, what: Any) -> int:
    return session.scalar(select(func.count()).select_from(what)) or 0


def jobs(session: Session) -> list[tuple[list[int], bool]]:
    """Photos of each job, and whether it may run now."""
    rows = session.execute(
        text(
            "SELECT args -> 'photo_ids', coalesce(scheduled_at <= now(), true)"
            " FROM procrastinate_jobs WHERE task_name = 'score_photos' ORDER BY id"
        )
    )
    return [(ids, ready) for ids, ready in rows]


def test_an_accepted_file_becomes_a_photo_with_its_files(uploading: Uploading) -> None:
    captured = datetime(2025, 7, 1, 12, tzinfo=UTC)
    answer = uploading.send(jpeg(1), "calle/uno.jpg", heading_deg=90.0, captured_at=captured)
    assert (answer.verdict, answer.reason, answer.warnings) == ("accepted", None, [])
    assert answer.path == "calle/uno.jpg"
    with uploading.sessions.begin() as session:
        photo = session.get_one(Photo, answer.photo_id)
        assert (photo.source, photo.licence) == ("Municipalidad", "CC BY 4.0")
        assert (photo.heading_deg, photo.captured_at) == (90, captured)
        assert (photo.width_px, photo.height_px) == (160, 120)
        assert photo.batch_id == uploading.batch_id
        assert photo.images_public
        key = str(photo.storage_key)
    assert uploading.files.original(key).read_bytes() == jpeg(1)
    assert uploading.files.path(key, THUMBNAIL).exists()
    assert uploading.files.path(key, DISPLAY).exists()


def test_images_of_a_batch_that_is_not_blurred_are_not_public(
    uploading: Uploading, sessions: SessionFactory
) -> None:
    with sessions.begin() as session:
        new = BATCH.model_copy(update={"blurred": False})
        uploading.batch_id = batches.create(session, new).id
    answer = uploading.send(jpeg(1))
    with sessions.begin() as session:
        assert not session.get_one(Photo, answer.photo_id).images_public


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"this is text" * 100, "not-an-image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not-an-image"),
        (b"<html><script>alert(1)</script></html>", "not-an-image"),
        (jpeg(1)[:-800], "truncated"),
        (b"GIF89a" + bytes(100), "unsupported-kind"),
        (jpeg(1, 20, 20), "too-small"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), "too-large"),
    ],
)
def test_a_file_that_is_no_photo_is_rejected_and_its_row_kept(
    uploading: Uploading, data: bytes, reason: str
) -> None:
    answer = uploading.send(data, "wrong.jpg")
    assert (answer.verdict, answer.reason, answer.photo_id) == ("rejected", reason, None)
    assert answer.message
    with uploading.sessions.begin() as session:
        assert count(session, Photo) == 0
        assert [row.reason for row in session.scalars(select(Upload))] == [reason]
    assert uploading.on_disk() == set()


def test_a_card_that_says_no_imagery_is_rejected(uploading: Uploading) -> None:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (228, 227, 223)).save(out, "JPEG")
    assert uploading.send(out.getvalue()).reason == "no-imagery"


def test_the_same_file_again_gets_its_first_answer(uploading: Uploading) -> None:
    first = [
        uploading.send(jpeg(1)),
        uploading.send(jpeg(2)[:300], "b.jpg"),
        uploading.send(jpeg(3), "c.jpg", lat=None, lon=None),
    ]
    assert [answer.verdict for answer in first] == ["accepted", "rejected", "held"]
    again = [
        uploading.send(jpeg(1), lat=1.0),
        uploading.send(jpeg(2)[:300], "b.jpg"),
        uploading.send(jpeg(3), "c.jpg"),
    ]
    assert again == first
    with uploading.sessions.begin() as session:
        assert count(session, Upload) == 3
        assert count(session, Photo) == 1
    assert len(uploading.on_disk()) == 2


def test_the_same_bytes_under_another_name_are_a_duplicate(
    uploading: Uploading, sessions: SessionFactory, files: PhotoFiles, decoder: Decoder
) -> None:
    first = uploading.send(jpeg(1))
    second = uploading.send(jpeg(1), "b.jpg")
    other_batch = Uploading(sessions, files, decoder).send(jpeg(1))
    for answer in (second, other_batch):
        assert (answer.verdict, answer.reason) == ("duplicate", "duplicate")
        assert answer.photo_id == first.photo_id
    assert len(uploading.on_disk()) == 1


def test_a_file_that_waits_for_its_place_is_a_duplicate_too(uploading: Uploading) -> None:
    uploading.send(jpeg(1), lat=None, lon=None)
    answer = uploading.send(jpeg(1), "b.jpg")
    assert (answer.verdict, answer.photo_id) == ("duplicate", None)
    assert "a.jpg" in str(answer.message)


def test_a_photo_that_was_taken_down_is_refused(uploading: Uploading) -> None:
    first = uploading.send(jpeg(1))
    with uploading.sessions.begin() as session:
        delete.delete(session, [first.photo_id or 0], uploading.files, refuse=True)
    answer = uploading.send(jpeg(1), "again.jpg")
    assert (answer.verdict, answer.reason) == ("rejected", "taken-down")
    assert uploading.on_disk() == set()


def test_a_file_at_many_hands_at_once_is_taken_once(uploading: Uploading) -> None:
    answers: list[UploadOut] = []

    def send(path: str) -> None:
        answers.append(uploading.send(jpeg(1), path))

    threads = [threading.Thread(target=send, args=(f"{n % 4}.jpg",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    with uploading.sessions.begin() as session:
        rows = session.scalars(select(Upload)).all()
        assert sorted(row.verdict for row in rows) == ["accepted"] + ["duplicate"] * 3
        assert count(session, Photo) == 1
    assert len(uploading.on_disk()) == 1


def test_a_file_says_itself_where_it_is_unless_a_form_does(uploading: Uploading) -> None:
    own = uploading.send(with_gps(jpeg(1), -33.5, -70.6), lat=None, lon=None)
    given = uploading.send(with_gps(jpeg(2), -33.5, -70.6), "b.jpg")
    with uploading.sessions.begin() as session:
        places = [
            session.execute(
                select(func.ST_Y(Photo.location), func.ST_X(Photo.location)).where(
                    Photo.id == answer.photo_id
                )
            ).one()
            for answer in (own, given)
        ]
    assert tuple(places[0]) == pytest.approx((-33.5, -70.6))
    assert tuple(places[1]) == pytest.approx((LAT, LON))


def test_a_position_that_is_none_is_held_with_its_reason(uploading: Uploading) -> None:
    problem = ("impossible-position", "lat 133 is no place.")
    given = uploading.send(jpeg(1), lat=None, lon=None, problem=problem)
    own = uploading.send(with_gps(jpeg(2), 89.0, 10.0), "b.jpg", lat=None, lon=None)
    assert (given.verdict, given.reason) == ("held", "impossible-position")
    assert (own.verdict, own.reason) == ("held", "impossible-position")


def test_warnings_of_accepted_photos(uploading: Uploading, sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        totals.lock_exclusive(session)
        make_layer(session, "comuna", {"1": square(-71, -34, 1)})
    inside = uploading.send(jpeg(1))
    outside = uploading.send(jpeg(2), "b.jpg", lat=48.1, lon=11.5)
    future = uploading.send(jpeg(3), "c.jpg", captured_at=datetime(2999, 1, 1, tzinfo=UTC))
    assert [answer.verdict for answer in (inside, outside, future)] == ["accepted"] * 3
    assert (inside.warnings, outside.warnings) == ([], ["outside-areas"])
    assert future.warnings == ["future"]


def test_held_photos_are_placed_by_a_manifest_that_comes_later(uploading: Uploading) -> None:
    for seed, path in enumerate(["x/a.jpg", "y/a.jpg", "x/b.jpg", "c.jpg"]):
        assert uploading.send(jpeg(seed), path, lat=None, lon=None).verdict == "held"
    before = uploading.on_disk()
    placed = uploading.place(
        Placement("x/a.jpg", LAT, LON, heading_deg=45.0),
        Placement("b.jpg", LAT + 0.01, LON),
        Placement("a.jpg", 0.5, 0.5),
        Placement("nowhere.jpg", LAT, LON),
    )
    assert placed == 2, "a.jpg alone could be either of two"
    with uploading.sessions.begin() as session:
        rows = {row.path: row for row in session.scalars(select(Upload))}
        assert {path: row.verdict for path, row in rows.items()} == {
            "x/a.jpg": "accepted",
            "y/a.jpg": "held",
            "x/b.jpg": "accepted",
            "c.jpg": "held",
        }
        photo = session.get_one(Photo, rows["x/a.jpg"].photo_id)
        assert photo.heading_deg == 45
        assert rows["x/a.jpg"].storage_key is None
        assert uploading.files.path(str(photo.storage_key), THUMBNAIL).exists()
    after = uploading.on_disk()
    assert len(after) == 4
    assert len(after & before) == 2, "what is still held keeps its file"
    assert uploading.place(Placement("x/a.jpg", LAT, LON)) == 0


@pytest.mark.parametrize(
    ("paths", "rows", "expected"),
    [
        (["x/a.jpg", "y/a.jpg"], ["x/a.jpg"], {"x/a.jpg": 0}),
        (["x/a.jpg", "y/a.jpg"], ["a.jpg"], {}),
        (["x/a.jpg", "b.jpg"], ["a.jpg", "fotos/b.jpg"], {"x/a.jpg": 0, "b.jpg": 1}),
        (["a.jpg"], ["x/a.jpg", "y/a.jpg"], {}),
        (["a.jpg"], ["a.jpg", "a.jpg"], {"a.jpg": 0}),
        (["aa.jpg"], ["a.jpg"], {}),
        (["x/a.jpg"], ["x\\a.jpg"], {"x/a.jpg": 0}),
    ],
)
def test_which_row_of_a_manifest_is_for_which_file(
    paths: list[str], rows: list[str], expected: dict[str, int]
) -> None:
    placements = [Placement(name, float(n), 0.0) for n, name in enumerate(rows)]
    found = matches(paths, placements)
    assert {path: placement.lat for path, placement in found.items()} == expected


def test_a_held_photo_that_came_otherwise_meanwhile_becomes_a_duplicate(
    uploading: Uploading, sessions: SessionFactory, files: PhotoFiles
) -> None:
    uploading.send(jpeg(1), "held.jpg", lat=None, lon=None)
    with sessions.begin() as session:
        from app.photos.insert import NewPhoto, insert

        derived = derive(jpeg(1))
        sha256 = session.scalars(select(Upload.sha256)).one()
        key = files.write(jpeg(1), derived)
        photo_id = insert(
            session, [NewPhoto("s", "k", LAT, LON, sha256=sha256, storage_key=key)]
        ).ids[0]
    assert uploading.place(Placement("held.jpg", LAT, LON)) == 0
    with sessions.begin() as session:
        row = session.scalars(select(Upload)).one()
        assert (row.verdict, row.photo_id, row.storage_key) == ("duplicate", photo_id, None)
    assert uploading.on_disk() == {key}


def test_scoring_starts_when_256_photos_came_or_the_batch_is_complete(
    uploading: Uploading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PHOTOS_PER_JOB", 4)
    with uploading.sessions.begin() as session:
        make_release(session, kind="rankers", state="ready")
        make_release(session, kind="imported", state="ready")
        make_release(session, kind="rankers", state="registered")
    ids = [uploading.send(jpeg(n), f"{n}.jpg").photo_id for n in range(6)]
    with uploading.sessions.begin() as session:
        assert jobs(session) == [(ids[:4], True), (ids[4:], False)]
        batch = batches.complete(session, uploading.batch_id)
        assert batch.state == "scoring"
    with uploading.sessions.begin() as session:
        assert jobs(session) == [(ids[:4], True), (ids[4:], True)]
        batches.complete(session, uploading.batch_id)
        batches.score(session, uploading.batch_id)
        assert len(jobs(session)) == 2, "nothing is queued twice"


def test_the_score_button_starts_what_came_and_leaves_the_batch_open(
    uploading: Uploading,
) -> None:
    with uploading.sessions.begin() as session:
        make_release(session, kind="rankers", state="ready")
    first = uploading.send(jpeg(1)).photo_id
    with uploading.sessions.begin() as session:
        assert batches.score(session, uploading.batch_id).state == "open"
    second = uploading.send(jpeg(2), "b.jpg").photo_id
    with uploading.sessions.begin() as session:
        assert jobs(session) == [([first], True), ([second], False)]


def test_a_complete_batch_takes_no_more_files_but_places_what_it_holds(
    uploading: Uploading,
) -> None:
    with uploading.sessions.begin() as session:
        make_release(session, kind="rankers", state="ready")
    first = uploading.send(jpeg(1), lat=None, lon=None)
    with uploading.sessions.begin() as session:
        batches.complete(session, uploading.batch_id)
    with pytest.raises(BatchClosed, match="takes no more files"):
        uploading.send(jpeg(2), "b.jpg")
    assert uploading.send(jpeg(1), lat=None, lon=None) == first
    publish_due(uploading.sessions)
    with uploading.sessions.begin() as session:
        assert batches.get(session, uploading.batch_id).state == "done"
    assert uploading.place(Placement("a.jpg", LAT, LON)) == 1
    with uploading.sessions.begin() as session:
        assert batches.get(session, uploading.batch_id).state == "scoring"
        assert [ready for _, ready in jobs(session)] == [True]


def test_a_batch_that_is_not_there(uploading: Uploading) -> None:
    uploading.batch_id = 999
    with pytest.raises(BatchNotFound, match="999"):
        uploading.send(jpeg(1))
    with pytest.raises(BatchNotFound):
        uploading.place(Placement("a.jpg", LAT, LON))
    with uploading.sessions.begin() as session, pytest.raises(BatchNotFound):
        batches.progress(session, 999)


def test_progress_counts_files_and_scores(uploading: Uploading) -> None:
    with uploading.sessions.begin() as session:
        release = make_release(session, "ranked", kind="rankers", state="ready", active=True)
        scores.keep_scale(session, release.id, {1: dict.fromkeys(KEYS, 0.0)})
    ids = [uploading.send(jpeg(n), f"{n}.jpg").photo_id or 0 for n in range(4)]
    uploading.send(jpeg(0), "twice.jpg")
    uploading.send(jpeg(9), "held.jpg", lat=None, lon=None)
    uploading.send(b"no", "bad.jpg")
    with uploading.sessions.begin() as session:
        scores.write(session, release.id, {ids[0]: dict.fromkeys(KEYS, 1.0)})
        batches.mark_unreadable(session, {ids[1]: "It is damaged."})
        batches.give_up(session, ids[1:3], "The release is gone.")
    with uploading.sessions.begin() as session:
        progress = batches.progress(session, uploading.batch_id)
        assert progress.counts.model_dump() == {
            "files": 7,
            "accepted": 4,
            "held": 1,
            "duplicate": 1,
            "rejected": 1,
            "scored": 1,
            "unreadable": 1,
            "failed": 1,
        }
        assert progress.counts.waiting == 1
        assert (progress.release, progress.jobs, progress.workers) == ("ranked", 1, 0)
        assert not progress.published
        assert progress.bbox == pytest.approx((LON, LAT, LON, LAT))
        assert batches.listing(session)[0].counts == progress.counts
        rows = batches.uploads(session, uploading.batch_id)
        assert [row.scored for row in rows] == [True] + [False] * 6
        assert batches.uploads(session, uploading.batch_id, after=rows[4].id) == rows[5:]
    with uploading.sessions.begin() as session:
        totals.publish(session)
        assert batches.progress(session, uploading.batch_id).published


def test_older_batches_stand_on_further_pages(session: Session) -> None:
    ids = [batches.create(session, BATCH).id for _ in range(5)]
    first = [batch.id for batch in batches.listing(session, limit=2)]
    assert first == [ids[4], ids[3]]
    assert [batch.id for batch in batches.listing(session, before=first[-1])] == ids[2::-1]
    assert batches.listing(session, before=ids[0]) == []


def test_a_photo_that_was_deleted_is_no_longer_waited_for(uploading: Uploading) -> None:
    photo_id = uploading.send(jpeg(1)).photo_id or 0
    uploading.send(jpeg(1), "twice.jpg")
    with uploading.sessions.begin() as session:
        batches.mark_unreadable(session, {photo_id: "It is damaged."})
        reasons = session.scalars(select(Upload.reason).order_by(Upload.id)).all()
        assert reasons == ["unreadable", "duplicate"], "the duplicate keeps its own"
        delete.delete(session, [photo_id], uploading.files)
    with uploading.sessions.begin() as session:
        counts = batches.progress(session, uploading.batch_id).counts
        assert (counts.files, counts.accepted, counts.waiting) == (2, 0, 0)


def test_retrying_queues_what_was_given_up(uploading: Uploading) -> None:
    with uploading.sessions.begin() as session:
        make_release(session, kind="rankers", state="ready")
    ids = [uploading.send(jpeg(n), f"{n}.jpg").photo_id or 0 for n in range(3)]
    with uploading.sessions.begin() as session:
        batches.complete(session, uploading.batch_id)
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
        batches.give_up(session, ids[:2], "The release is gone.")
        batches.mark_unreadable(session, {ids[2]: "It is damaged."})
    with uploading.sessions.begin() as session:
        batches.score(session, uploading.batch_id)
        assert queue.batch_jobs(session, uploading.batch_id).live == 0
        batches.retry(session, uploading.batch_id)
    with uploading.sessions.begin() as session:
        assert jobs(session) == [(ids, True)]
        assert queue.batch_jobs(session, uploading.batch_id).failed == 0
        assert all(row.reason is None for row in session.scalars(select(Upload)))


def test_a_batch_is_done_when_none_of_its_jobs_is_left(uploading: Uploading) -> None:
    with uploading.sessions.begin() as session:
        make_release(session, kind="rankers", state="ready")
    uploading.send(jpeg(1))
    with uploading.sessions.begin() as session:
        batches.complete(session, uploading.batch_id)
    publish_due(uploading.sessions)
    with uploading.sessions.begin() as session:
        assert session.get_one(Batch, uploading.batch_id).state == "scoring"
        session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'score_photos'"))
    publish_due(uploading.sessions)
    with uploading.sessions.begin() as session:
        assert session.get_one(Batch, uploading.batch_id).state == "done"


@pytest.mark.parametrize(
    "changed",
    [{"title": ""}, {"title": " "}, {"source": "x" * 201}, {"licence": "a\nb"}, {"more": 1}],
)
def test_what_a_batch_cannot_be_called(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        BatchIn(**(BATCH.model_dump() | changed))


def test_the_decoder_answers_as_decoding_here_does(decoder: Decoder) -> None:
    assert decoder.derive(jpeg(1)) == derive(jpeg(1))
    with pytest.raises(RejectedFile) as refused:
        decoder.derive(b"no picture")
    assert refused.value.reason == "not-an-image"


@pytest.fixture(scope="module")
def large_png() -> bytes:
    """47 megapixels in a small file."""
    out = io.BytesIO()
    gradient = Image.linear_gradient("L").resize((6900, 6900)).convert("RGB")
    gradient.save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.mark.parametrize("limit", [{"memory_bytes": 480 * 2**20}, {"timeout_s": 0.25}])
def test_a_picture_that_takes_too_much_ends_only_its_own_verdict(
    large_png: bytes, limit: dict[str, Any]
) -> None:
    decoder = Decoder(processes=1, **limit)
    try:
        with pytest.raises(RejectedFile) as refused:
            decoder.derive(large_png)
        assert refused.value.reason == "too-large"
        assert decoder.derive(jpeg(1)) == derive(jpeg(1))
    finally:
        decoder.close()


def test_a_bomb_of_900_megapixels_is_too_large(decoder: Decoder) -> None:
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
    with pytest.raises(RejectedFile) as refused:
        decoder.derive(out.getvalue())
    assert refused.value.reason == "too-large"


def test_an_upload_whose_transaction_fails_leaves_no_file(
    uploading: Uploading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise RuntimeError("the database is lost")

    monkeypatch.setattr("app.batches.receiving.insert", broken)
    with pytest.raises(RuntimeError):
        uploading.send(jpeg(1))
    assert uploading.on_disk() == set()
    monkeypatch.undo()
    assert uploading.send(jpeg(1)).verdict == "accepted"


class LostAnswer:
    """A database that commits, and is lost before it says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
        self._left = nth
        self._commit = psycopg.Connection.commit
        monkeypatch.setattr(psycopg.Connection, "commit", lambda connection: self(connection))

    def __call__(self, connection: Any) -> None:
        self._commit(connection)
        self._left -= 1
        if self._left == 0:
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_photo_that_was_committed_keeps_its_files_though_the_answer_was_lost(
    uploading: Uploading, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # Whose the store is, the photo: what is known of the file is read without a commit.
        LostAnswer(patch, nth=2)
        with pytest.raises(DatabaseAway):
            uploading.send(jpeg(1))
    assert uploading.on_disk() == uploading.keys() != set()
    assert uploading.send(jpeg(1)).verdict == "accepted", "it gets the answer that was lost"


def test_a_photo_that_was_placed_keeps_its_files_though_the_answer_was_lost(
    uploading: Uploading, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploading.send(jpeg(1), lat=None, lon=None)
    with monkeypatch.context() as patch:
        # What is held, then its key, then the photo.
        LostAnswer(patch, nth=3)
        with pytest.raises(DatabaseAway):
            uploading.place(Placement("a.jpg", LAT, LON))
    assert len(uploading.keys()) == 1
    assert uploading.keys() < uploading.on_disk(), "the held file is left to the sweep"
    with uploading.sessions.begin() as session:
        assert sweep(session, uploading.files, older_than_s=-1) == 1
    assert uploading.on_disk() == uploading.keys()


DECODE = """
import sys
from app.batches.decoding import Decoder
if __name__ == "__main__":
    decoder = Decoder()
    decoder.derive(sys.stdin.buffer.read())
    print(*(process.pid for process in decoder._pool._processes.values()), flush=True)
    sys.stdin.buffer.read()
    import time
    time.sleep(600)
"""


def test_decoders_end_with_a_web_process_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "decode.py"
    script.write_text(DECODE)
    process = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        process.stdin.write(jpeg(1))
        process.stdin.close()
        pids = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
        process.wait()
    assert pids
    deadline = time.monotonic() + 10
    while not all(is_dead(pid) for pid in pids):
        assert time.monotonic() < deadline, "a decoder outlives the process that it works for"
        time.sleep(0.05)


def is_dead(pid: int) -> bool:
    """Ended, and perhaps waiting for somebody to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
