"""Folders of photos as people have them: good files, bad files, files that are not there."""

import csv
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.db import SessionFactory
from app.errors import BadFile
from app.images import derive
from app.imports import decoding
from app.imports import photos as importing
from app.imports.summary import Summary
from app.photos.files import PhotoFiles
from app.photos.store import THUMBNAIL
from app.tables import Photo, RefusedPhoto
from tests.builders import make_layer, make_release, square
from tests.imports import bomb
from tests.imports.conftest import SANTIAGO, WriteTable, jpeg

LAT, LON = SANTIAGO
GPS = ExifTags.GPS


def with_gps(seed: int, lat: float = LAT, lon: float = LON, **more: Any) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            GPS.GPSLatitude: (abs(lat), 0.0, 0.0),
            GPS.GPSLatitudeRef: "S" if lat < 0 else "N",
            GPS.GPSLongitude: (abs(lon), 0.0, 0.0),
            GPS.GPSLongitudeRef: "W" if lon < 0 else "E",
        }
        | {getattr(GPS, name): value for name, value in more.items()}
    )
    return jpeg(seed, exif=exif)


@pytest.fixture
def run(factory: SessionFactory, files: PhotoFiles, folder: Path) -> Any:
    def run(manifest: Path | None = None, **options: Any) -> Summary:
        return importing.run(factory, files, folder, manifest, processes=1, **options)

    return run


def photos(session: Session) -> Sequence[Photo]:
    return session.scalars(select(Photo).order_by(Photo.source_key)).all()


def on_disk(files: PhotoFiles) -> int:
    return len(list(files.root.glob("*/*")))


def verdicts(summary: Summary) -> dict[str, str]:
    return {each.where: each.code for each in summary.rejected}


def test_a_manifest_says_where_when_and_whose(
    session: Session, files: PhotoFiles, folder: Path, write_table: WriteTable, run: Any
) -> None:
    (folder / "north").mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    (folder / "north" / "ñ.jpg").write_bytes(jpeg(2))
    manifest = write_table(
        "filename,lat,lon,captured_at,heading_deg,source,licence,attribution,speed",
        ["a.jpg", LAT, LON, "2019-12-29T13:35:13.170+08:00", "-90", "", "", "", "3"],
        ["north/ñ.jpg", LAT, LON, "2019-12-29", "", "Ñuñoa 2", "CC0", "A. B.", "3"],
    )
    summary = run(manifest, licence="CC BY 4.0", attribution="Somebody")
    assert (summary.accepted, summary.duplicates, summary.rejected) == (2, 0, [])
    assert summary.notes == [
        "columns that mean nothing here: speed",
        "1 capture times without a zone were read as UTC",
    ]
    one, other = photos(session)
    assert (one.source, one.source_key) == ("street", "a.jpg")
    assert (one.licence, one.attribution, one.heading_deg) == ("CC BY 4.0", "Somebody", 270)
    assert one.captured_at == datetime(2019, 12, 29, 5, 35, 13, 170_000, tzinfo=UTC)
    assert (one.width_px, one.height_px) == (160, 120)
    assert (other.source, other.source_key) == ("nunoa-2", "north/ñ.jpg")
    assert (other.licence, other.attribution) == ("CC0", "A. B.")
    assert on_disk(files) == 6
    key = one.storage_key or ""
    assert files.original(key).read_bytes() == jpeg(1)
    assert files.path(key, THUMBNAIL).read_bytes() == derive(jpeg(1)).thumbnail


def test_without_a_manifest_the_files_speak(
    session: Session, folder: Path, run: Any, tmp_path: Path
) -> None:
    (folder / "a.jpg").write_bytes(with_gps(1, GPSImgDirection=45.0))
    (folder / "b.jpg").write_bytes(jpeg(2))
    (folder / "c.jpg").write_text("I am text")
    (folder / "d.gif").write_bytes(b"GIF89a")
    (folder / "notes.txt").write_text("x")
    (folder / ".DS_Store").write_text("x")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "e.jpg").write_bytes(with_gps(3))
    summary = run(source="Mi Ciudad")
    assert summary.accepted == 1
    assert verdicts(summary) == {
        "b.jpg": "no-position",
        "c.jpg": "not-an-image",
        "d.gif": "unsupported-kind",
    }
    assert summary.notes == ["files that are no pictures were passed over: 1 .txt"]
    (photo,) = photos(session)
    assert (photo.source, photo.source_key, photo.heading_deg) == ("mi-ciudad", "a.jpg", 45)
    assert summary.rejected_file == tmp_path / "street" / "photos.rejected.csv"


def test_every_problem_is_named_and_the_rest_goes_on(
    session: Session, files: PhotoFiles, folder: Path, write_table: WriteTable, run: Any
) -> None:
    """The order of the lines is that of the list; line 1 is the header."""
    for number, name in enumerate(("good", "twice", "swapped", "nan", "exif", "heading"), start=1):
        (folder / f"{name}.jpg").write_bytes(with_gps(number) if name == "exif" else jpeg(number))
    (folder / "copy.jpg").write_bytes(jpeg(1))
    (folder / "text.jpg").write_text("filename,lat,lon")
    (folder / "cut.jpg").write_bytes(jpeg(9)[:-900])
    (folder / "empty.jpg").touch()
    (folder / "unnamed.jpg").write_bytes(jpeg(10))
    (folder / "nowhere.jpg").write_bytes(jpeg(11))
    (folder.parent / "outside.jpg").write_bytes(jpeg(12))
    manifest = write_table(
        "filename,lat,lon,heading_deg",
        ["good.jpg", LAT, LON, "10"],
        ["twice.jpg", LAT, LON, ""],
        ["twice.jpg", LAT, LON + 1, ""],
        ["swapped.jpg", LON, LAT, ""],
        ["nan.jpg", "nan", LON, ""],
        ["exif.jpg", "", "", ""],
        ["heading.jpg", LAT, LON, "north"],
        ["copy.jpg", LAT, LON, ""],
        ["text.jpg", LAT, LON, ""],
        ["cut.jpg", LAT, LON, ""],
        ["empty.jpg", LAT, LON, ""],
        ["nowhere.jpg", "", "", ""],
        ["gone.jpg", LAT, LON, ""],
        ["../outside.jpg", LAT, LON, ""],
        ["/etc/passwd", LAT, LON, ""],
        ["=1+1", LAT, LON, ""],
        ["", LAT, LON, ""],
        ["short.jpg", LAT],
    )
    summary = run(manifest)
    assert verdicts(summary) == {
        "line 4": "second-row",
        "line 5": "swapped-position",
        "line 6": "not-a-number",
        "line 8": "not-a-number",
        "line 10": "not-an-image",
        "line 11": "truncated",
        "line 12": "empty",
        "line 13": "no-position",
        "line 14": "file-missing",
        "line 15": "outside-folder",
        "line 16": "outside-folder",
        "line 17": "file-missing",
        "line 18": "bad-row",
        "line 19": "file-missing",
        "unnamed.jpg": "not-in-manifest",
    }
    assert summary.accepted == 3
    assert summary.duplicates == 1
    names = {photo.source_key for photo in photos(session)}
    assert {"twice.jpg", "exif.jpg"} < names
    assert len(names & {"good.jpg", "copy.jpg"}) == 1
    assert on_disk(files) == 9
    assert "the same picture is there under another name" in " ".join(summary.notes)


def test_rejected_rows_can_be_put_right_and_imported(
    session: Session, folder: Path, write_table: WriteTable, run: Any
) -> None:
    for number, name in enumerate(("a", "b"), start=1):
        (folder / f"{name}.jpg").write_bytes(jpeg(number))
    manifest = write_table("filename,lat,lon", ["a.jpg", LAT, LON], ["b.jpg", "-33,44", "-70,65"])
    summary = run(manifest)
    assert summary.rejected_file == manifest.with_name("table.rejected.csv")
    with summary.rejected_file.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["rejected_where"] == "line 3"
    assert row["rejected_code"] == "not-a-number"
    assert "decimals are written with a point" in row["rejected_reason"]
    text = summary.rejected_file.read_text(encoding="utf-8")
    summary.rejected_file.write_text(text.replace('"-33,44","-70,65"', f"{LAT},{LON}"))
    again = run(summary.rejected_file)
    assert again.accepted == 1
    assert verdicts(again) == {"a.jpg": "not-in-manifest"}
    assert len(photos(session)) == 2


def test_a_second_run_doubles_nothing_and_decodes_nothing(
    session: Session,
    files: PhotoFiles,
    folder: Path,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(with_gps(number))
    first = run()
    before = sorted(path.name for path in files.root.glob("*/*"))
    decoded: list[object] = []
    whole = decoding.Decoder.run

    def counted(self: decoding.Decoder, given: Sequence[Any]) -> Any:
        decoded.extend(given)
        return whole(self, given)

    monkeypatch.setattr(decoding.Decoder, "run", counted)
    second = run()
    assert (first.accepted, second.accepted, second.duplicates) == (3, 0, 3)
    assert second.rejected == []
    assert decoded == []
    assert sorted(path.name for path in files.root.glob("*/*")) == before
    assert len(photos(session)) == 3


def test_another_picture_under_a_taken_name_is_not_a_duplicate(
    session: Session, files: PhotoFiles, folder: Path, run: Any
) -> None:
    (folder / "a.jpg").write_bytes(with_gps(1))
    run()
    (folder / "a.jpg").write_bytes(with_gps(2))
    summary = run()
    assert verdicts(summary) == {"a.jpg": "name-taken"}
    assert "--source" in summary.rejected[0].message
    assert run(source="another").accepted == 1
    assert len(photos(session)) == 2
    assert on_disk(files) == 6


def test_what_was_taken_down_stays_away(
    session: Session, files: PhotoFiles, folder: Path, run: Any
) -> None:
    (folder / "a.jpg").write_bytes(with_gps(1))
    sha256 = hashlib.sha256(with_gps(1)).digest()
    session.add(RefusedPhoto(sha256=sha256, reason="a person asked"))
    session.commit()
    summary = run()
    assert verdicts(summary) == {"a.jpg": "taken-down"}
    assert on_disk(files) == 0


def test_photos_elsewhere_are_counted_and_every_release_scores_all(
    session: Session, folder: Path, run: Any
) -> None:
    make_layer(session, "city", {"city": square(LON - 0.1, LAT - 0.1, 0.2)})
    release = make_release(session, kind="rankers")
    session.commit()
    (folder / "here.jpg").write_bytes(with_gps(1))
    (folder / "wuhan.jpg").write_bytes(with_gps(2, 30.5, 114.4))
    summary = run()
    assert summary.accepted == 2
    assert any(note.startswith("1 lie outside the city") for note in summary.notes)
    queued = session.execute(text("SELECT args FROM procrastinate_jobs")).scalars().all()
    assert [sorted(args["photo_ids"]) for args in queued] == [
        sorted(photo.id for photo in photos(session))
    ]
    assert queued[0]["release_id"] == release.id


def test_a_folder_or_manifest_that_is_none(
    folder: Path, write_table: WriteTable, run: Any, factory: SessionFactory, files: PhotoFiles
) -> None:
    with pytest.raises(BadFile, match="is not there"):
        importing.run(factory, files, folder / "gone")
    with pytest.raises(BadFile, match="is a file, not a folder"):
        importing.run(factory, files, write_table("a,b", [1, 2]))
    with pytest.raises(BadFile, match="is no manifest of photos: the column filename, lon"):
        run(write_table("photo,lat", ["a.jpg", 1]))
    with pytest.raises(BadFile, match="There is no file"):
        run(folder / "gone.csv")


def test_an_empty_folder_is_no_error(folder: Path, run: Any) -> None:
    assert run().lines() == ["photos: 0 accepted, 0 duplicate, 0 rejected"]


@pytest.mark.parametrize("when", ["while decoding", "while storing"])
def test_a_failure_half_way_leaves_no_half(
    session: Session,
    files: PhotoFiles,
    folder: Path,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    monkeypatch.setattr(importing, "PORTION", 2)
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(with_gps(number))
    owner, name = (decoding.Decoder, "run") if when == "while decoding" else (importing, "insert")
    whole, calls = getattr(owner, name), []

    def fails_the_second_time(*arguments: Any, **options: Any) -> Any:
        result = whole(*arguments, **options)
        calls.append(result)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return result

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fails_the_second_time)
        with pytest.raises(OSError, match="No space left"):
            run()
    assert len(calls) == 2
    assert session.scalar(select(func.count()).select_from(Photo)) == 0
    assert on_disk(files) == 0
    assert run().accepted == 6
    assert on_disk(files) == 18


def test_a_file_that_ends_the_decoder_takes_no_other_along(
    files: PhotoFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is killed whenever it has opened that one file."""
    monkeypatch.setattr(decoding, "decode", bomb.decode)
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(jpeg(number))
    (folder / "1.jpg").write_text("bomb")
    with decoding.Decoder(files, processes=2) as decoder:
        outcomes = decoder.run([(folder / f"{n}.jpg", f"{n:032x}") for n in range(4)])
        after = decoder.run([(folder / "3.jpg", f"{9:032x}")])
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds == ["Decoded", "Refusal", "Decoded", "Decoded"]
    assert isinstance(after[0], decoding.Decoded)


@pytest.mark.slow
def test_real_street_photos_come_in_whole(
    session: Session, factory: SessionFactory, files: PhotoFiles, shared_data: Path
) -> None:
    """All 576, some 1 s apart from the next; twice, and nothing doubles."""
    street = shared_data / "street_photos"
    make_layer(session, "city", {"city": square(LON - 0.1, LAT - 0.1, 0.2)})
    session.commit()
    first = importing.run(factory, files, street / "photos", street / "manifest.csv")
    assert (first.accepted, first.duplicates, first.rejected) == (576, 0, [])
    assert any(note.startswith("576 lie outside the city") for note in first.notes)
    assert on_disk(files) == 3 * 576
    second = importing.run(factory, files, street / "photos", street / "manifest.csv")
    assert (second.accepted, second.duplicates, second.rejected) == (0, 576, [])
    sources = session.execute(select(Photo.source, func.count()).group_by(Photo.source)).all()
    assert [tuple(row) for row in sources] == [("street_photos", 576)]
    photo = session.scalar(select(Photo).where(Photo.source_key == "13_35_13_170.jpg"))
    assert photo is not None
    assert photo.captured_at == datetime(2019, 12, 29, 5, 35, 13, 170_000, tzinfo=UTC)
