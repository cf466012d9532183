"""Near-duplicates, held photos that nobody places, and a sentence for every code there is."""

import ast
import csv
import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select, update

from app import batches
from app.batches import BatchIn, Decoder, File, Placement, UploadOut, verdict_table
from app.batches.reasons import REASONS, WARNINGS
from app.db import SessionFactory
from app.errors import PhotoStoreAway
from app.photos import delete
from app.photos.files import PhotoFiles
from app.tables import Photo, Upload
from app.worker.upkeep import drop_held

ROOT = Path(__file__).parents[1]
LAT, LON = -33.45, -70.65


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


class Sending:
    def __init__(self, sessions: SessionFactory, files: PhotoFiles, decoder: Decoder) -> None:
        self.sessions, self.files, self.decoder = sessions, files, decoder
        with sessions.begin() as session:
            self.batch = batches.create(session, BatchIn(title="a", source="b", licence="c")).id

    def __call__(self, picture: Image.Image, path: str, **given: Any) -> UploadOut:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=given.pop("quality", 85))
        file = File(path, out.getvalue(), **({"lat": LAT, "lon": LON} | given))
        return batches.receive(self.sessions, self.files, self.decoder, self.batch, file)

    def place(self, *placements: Placement) -> int:
        return batches.place(self.sessions, self.files, self.decoder, self.batch, placements)

    def rows(self) -> dict[str, Upload]:
        with self.sessions.begin() as session:
            return {row.path: row for row in session.scalars(select(Upload))}


@pytest.fixture
def send(sessions: SessionFactory, files: PhotoFiles, decoder: Decoder) -> Sending:
    return Sending(sessions, files, decoder)


def picture(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    blocks = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC)


def test_a_copy_is_accepted_with_a_warning_that_names_the_photo(send: Sending) -> None:
    first = send(picture(1), "a.jpg", heading_deg=90.0)
    smaller = send(picture(1, (240, 180)), "b.jpg", heading_deg=92.0)
    assert (first.verdict, first.warnings, first.resembles) == ("accepted", [], None)
    assert (smaller.verdict, smaller.warnings) == ("accepted", ["near-duplicate"])
    assert smaller.resembles == first.photo_id
    for index, other in enumerate(
        [{"heading_deg": 270.0}, {"heading_deg": 90.0, "lat": LAT + 0.0001}, {}]
    ):
        warned = send(picture(1), f"{index}.jpg", quality=60 + index, **other)
        assert (warned.verdict, warned.warnings) == ("accepted", []), other
    assert send(picture(2), "c.jpg", heading_deg=90.0).warnings == []
    again = send(picture(1, (240, 180)), "b.jpg", heading_deg=92.0)
    assert again == smaller, "sent again, it gets its first answer"


def test_a_held_copy_is_warned_of_when_it_is_placed(send: Sending) -> None:
    first = send(picture(1), "a.jpg")
    assert send(picture(1), "b.jpg", quality=50, lat=None, lon=None).verdict == "held"
    assert send.place(Placement("b.jpg", LAT, LON)) == 1
    row = send.rows()["b.jpg"]
    assert (row.verdict, row.warnings) == ("accepted", ["near-duplicate"])
    assert row.resembles == first.photo_id


def test_the_download_names_the_photo_until_it_is_deleted(send: Sending) -> None:
    first = send(picture(1), "a.jpg")
    send(picture(1), "b.jpg", quality=50)

    def told() -> dict[str, str]:
        text = b"".join(verdict_table.lines(send.sessions, send.batch)).decode("utf-8-sig")
        return {row["path"]: row for row in csv.DictReader(io.StringIO(text))}["b.jpg"]

    assert (told()["warnings"], told()["resembles"]) == ("near-duplicate", str(first.photo_id))
    assert first.photo_id is not None
    with send.sessions.begin() as session:
        delete.delete(session, [first.photo_id], send.files)
    assert (told()["warnings"], told()["resembles"]) == ("near-duplicate", "")


def make_older(sessions: SessionFactory, days: float, *paths: str) -> None:
    with sessions.begin() as session:
        session.execute(
            update(Upload)
            .where(Upload.path.in_(paths))
            .values(created_at=func.now() - timedelta(days=days))
        )


def test_held_photos_are_dropped_after_thirty_days(
    send: Sending, sessions: SessionFactory, files: PhotoFiles
) -> None:
    for seed, path in enumerate(["old.jpg", "young.jpg", "placed.jpg"]):
        send(picture(seed), path, lat=None, lon=None)
    send.place(Placement("placed.jpg", LAT, LON))
    make_older(sessions, 30.01, "old.jpg", "placed.jpg")
    make_older(sessions, 29.99, "young.jpg")
    old_key = send.rows()["old.jpg"].storage_key
    assert old_key is not None
    assert drop_held(sessions, files) == 1
    rows = send.rows()
    assert {path: row.verdict for path, row in rows.items()} == {
        "old.jpg": "rejected",
        "young.jpg": "held",
        "placed.jpg": "accepted",
    }
    dropped = rows["old.jpg"]
    assert (dropped.reason, dropped.storage_key) == ("expired", None)
    assert dropped.message is not None
    assert "30 days" in dropped.message
    assert not files.original(old_key).exists()
    assert len(list(files.root.glob("*/*.original"))) == 2
    assert drop_held(sessions, files) == 0
    assert send.place(Placement("old.jpg", LAT, LON)) == 0, "it is too late"


def test_dropping_goes_on_where_the_store_failed(
    send: Sending, sessions: SessionFactory, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of what is dropped already are orphans, which the sweep takes."""
    send(picture(1), "a.jpg", lat=None, lon=None)
    make_older(sessions, 31, "a.jpg")

    def away(self: PhotoFiles, names: object) -> None:
        raise PhotoStoreAway("The store is away.")

    with monkeypatch.context() as broken:
        broken.setattr(PhotoFiles, "_remove", away)
        with pytest.raises(PhotoStoreAway):
            drop_held(sessions, files)
    assert send.rows()["a.jpg"].reason == "expired"
    assert drop_held(sessions, files) == 0


def test_two_admins_who_place_one_photo_make_one_photo(
    send: Sending, sessions: SessionFactory, files: PhotoFiles
) -> None:
    """Both have decoded and written before either of them commits."""
    for seed in range(3):
        send(picture(seed), f"{seed}.jpg", lat=None, lon=None)
    both = threading.Barrier(2)
    whole = PhotoFiles.write

    def together(self: PhotoFiles, *arguments: Any, **options: Any) -> str:
        key = whole(self, *arguments, **options)
        both.wait(timeout=30)
        return key

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as admins:
        patch.setattr(PhotoFiles, "write", together)
        places = [[Placement(f"{n}.jpg", lat, LON) for n in range(3)] for lat in (LAT, LAT + 1)]
        placed = [future.result() for future in [admins.submit(send.place, *p) for p in places]]
    assert sum(placed) == 3
    with sessions.begin() as session:
        keys = set(session.scalars(select(Photo.storage_key)))
    assert len(keys) == 3
    assert {path.name.split(".")[0] for path in files.root.glob("*/*")} == keys
    assert {row.verdict for row in send.rows().values()} == {"accepted"}


def test_one_that_is_being_placed_is_not_dropped(
    send: Sending, sessions: SessionFactory, files: PhotoFiles
) -> None:
    send(picture(1), "a.jpg", lat=None, lon=None)
    make_older(sessions, 31, "a.jpg")
    with sessions.begin() as session:
        session.execute(select(Upload).with_for_update())
        assert drop_held(sessions, files) == 0
    assert drop_held(sessions, files) == 1


def test_a_held_photo_that_is_dropped_while_it_is_placed_becomes_no_photo(
    send: Sending, sessions: SessionFactory, files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(picture(1), "a.jpg", lat=None, lon=None)
    make_older(sessions, 31, "a.jpg")
    whole = PhotoFiles.write

    def dropped_meanwhile(self: PhotoFiles, *arguments: Any, **options: Any) -> str:
        assert drop_held(sessions, files) == 1
        return whole(self, *arguments, **options)

    monkeypatch.setattr(PhotoFiles, "write", dropped_meanwhile)
    assert send.place(Placement("a.jpg", LAT, LON)) == 0
    assert send.rows()["a.jpg"].reason == "expired"
    with sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Photo)) == 0
    assert list(files.root.glob("*/*.original")) == []


PROMISED = {
    "held: no position": "reason.no-position",
    "duplicate: the same bytes": "reason.duplicate",
    "duplicate: same place, direction and look": "warning.near-duplicate",
    "taken down before": "reason.taken-down",
    "not an image": "reason.not-an-image",
    "unsupported kind": "reason.unsupported-kind",
    "truncated": "reason.truncated",
    "too large": "reason.too-large",
    "too small": "reason.too-small",
    "a grey “no imagery” card": "reason.no-imagery",
    "position impossible": "reason.impossible-position",
    "outside every area": "warning.outside-areas",
    "capture time in the future": "warning.future",
    "held for too long": "reason.expired",
}


def rejections() -> set[str]:
    """The codes that `app/` raises, read from its source."""
    found = set()
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if name == "RejectedFile" and isinstance(node, ast.Call):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


@pytest.mark.parametrize("lang", ["es", "en"])
def test_every_code_has_a_sentence(lang: str) -> None:
    texts = json.loads((ROOT / f"static/src/admin/texts/{lang}.json").read_text())
    codes = {*(f"reason.{code}" for code in REASONS), *(f"warning.{code}" for code in WARNINGS)}
    assert {what: key for what, key in PROMISED.items() if key not in codes} == {}
    assert sorted(key for key in codes if len(texts.get(key, "")) < 10) == []
    assert len(rejections()) >= 7
    assert rejections() <= set(REASONS)
