"""The photo store on a real disk, and what its sweep leaves alone."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.images import Derived, Metadata
from app.photos import files as module
from app.photos.files import PhotoFiles
from app.tables import Batch, Upload
from tests.builders import make_photo

DERIVED = Derived(b"display", b"thumbnail", 640, 480, Metadata())


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "photos")


def on_disk(files: PhotoFiles) -> set[str]:
    return {path.name for path in files.root.glob("*/*")}


def make_old(files: PhotoFiles, key: str, age_s: float = 7200) -> None:
    then = time.time() - age_s
    for path in files.root.glob(f"*/{key}*"):
        os.utime(path, (then, then))


@pytest.mark.parametrize("sync", [True, False])
def test_three_files_under_one_random_name(files: PhotoFiles, sync: bool) -> None:
    key, other = files.write(b"o", DERIVED, sync=sync), files.write(b"o", DERIVED, sync=sync)
    files.flush()
    assert key != other
    assert files.original(key).read_bytes() == b"o"
    assert files.display(key).read_bytes() == b"display"
    assert files.thumbnail(key).read_bytes() == b"thumbnail"
    assert files.original(key).parent.name == key[:2]
    assert len(on_disk(files)) == 6


def test_an_original_may_wait_alone(files: PhotoFiles) -> None:
    key = files.write(b"held", None)
    assert on_disk(files) == {f"{key}.original"}


def test_a_write_that_fails_leaves_nothing(
    files: PhotoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = module._write
    written: list[Path] = []

    def full_disk(path: Path, content: bytes, sync: bool) -> None:
        if len(written) == 2:
            module._part(path).write_bytes(content[:2])
            raise OSError(28, "No space left on device")
        written.append(path)
        whole(path, content, sync)

    monkeypatch.setattr(module, "_write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        files.write(b"o", DERIVED)
    assert len(written) == 2
    assert on_disk(files) == set()


def test_deleting_twice_is_no_error(files: PhotoFiles) -> None:
    key, kept = files.write(b"o", DERIVED), files.write(b"o", DERIVED)
    files.delete([key])
    files.delete([key])
    assert {name.split(".")[0] for name in on_disk(files)} == {kept}


def test_the_sweep_takes_old_orphans_only(session: Session, files: PhotoFiles) -> None:
    of_photo, of_upload, orphan, young = (files.write(b"o", DERIVED) for _ in range(4))
    make_photo(session, -70.6, -33.4, storage_key=of_photo)
    batch = Batch(title="b", source="s", licence="l")
    session.add(batch)
    session.flush()
    session.add(
        Upload(batch_id=batch.id, path="a", sha256=b"1", verdict="held", storage_key=of_upload)
    )
    session.flush()
    for key in (of_photo, of_upload, orphan):
        make_old(files, key)
    stray = files.root / "00" / f"{'0' * 32}.display.jpg.part"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"half")
    os.utime(stray, (0, 0))
    foreign = files.original(orphan).with_name("notes.txt")
    foreign.write_text("mine")
    os.utime(foreign, (0, 0))

    assert files.sweep(session) == 2
    names = {name.split(".")[0] for name in on_disk(files)}
    assert names == {of_photo, of_upload, young, "notes"}
    assert files.sweep(session) == 0


def test_a_key_with_one_young_file_is_not_old(session: Session, files: PhotoFiles) -> None:
    key = files.write(b"o", DERIVED)
    make_old(files, key)
    os.utime(files.thumbnail(key))
    assert files.sweep(session) == 0


def test_nothing_is_swept_while_an_import_writes(session: Session, files: PhotoFiles) -> None:
    key = files.write(b"o", DERIVED)
    make_old(files, key)
    with files.writing(), files.writing():
        assert files.sweep(session) == 0
    assert files.sweep(session) == 1


def test_an_empty_store_is_swept_too(session: Session, files: PhotoFiles) -> None:
    assert files.sweep(session) == 0
