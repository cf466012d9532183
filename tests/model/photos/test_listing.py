import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from model.errors import PhotosError
from model.photos import folder as photos
from model.photos.listing import Listing


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"photo")


@pytest.mark.parametrize("in_memory", [1, 3, 50_000])
def test_photos_come_sorted_by_key_as_often_as_one_likes(tmp_path: Path, in_memory: int) -> None:
    folder = tmp_path / "photos"
    make(folder, "b.jpg", "z/a.JPEG", "a/c.png", "a/b/d.webp", "notes.txt", "é\n.jpg", "a,b.jpg")
    place_pulse = f"-33.4_-70.6_{'0' * 24}_Santiago.JPG"
    make(folder, place_pulse)
    listing = Listing(folder, tmp_path / "listing", in_memory)
    expected = {
        "0" * 24: place_pulse,
        "a": "z/a.JPEG",
        "a,b": "a,b.jpg",
        "b": "b.jpg",
        "c": "a/c.png",
        "d": "a/b/d.webp",
        "é\n": "é\n.jpg",
    }
    assert listing.number == 7
    for _ in range(2):
        assert list(listing) == [(key, folder / name) for key, name in expected.items()]
    assert [(key, path) for key, path in photos.index(folder).items()] == list(listing)


def test_two_photos_with_one_key_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "photos", "a.jpg", "m.jpg", "x/m.png", "z.jpg")
    for in_memory in (1, 50):
        with pytest.raises(PhotosError, match="same key m; keep one") as refused:
            Listing(tmp_path / "photos", tmp_path / "listing", in_memory)
        assert {"m.jpg", "m.png"} <= set(re.findall(r"\w+\.\w+", str(refused.value)))


def test_a_link_that_leads_nowhere_is_listed_and_one_to_a_folder_is_not(tmp_path: Path) -> None:
    make(tmp_path / "photos", "a.jpg")
    make(tmp_path / "elsewhere", "b.jpg")
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    (tmp_path / "photos" / "c.jpg").symlink_to(tmp_path / "elsewhere" / "b.jpg")
    keys = [key for key, _ in Listing(tmp_path / "photos", tmp_path / "listing")]
    assert keys == ["a", "c", "gone"]
    assert list(photos.index(tmp_path / "photos")) == ["a", "c"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text_gets_a_key_that_is(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    name = os.fsencode(tmp_path / "photos") + b"/\xd1u\xf1oa.jpg"
    with open(name, "wb"):
        pass
    ((key, path),) = Listing(tmp_path / "photos", tmp_path / "listing")
    assert key == r"\udcd1u\udcf1oa"
    assert os.fsencode(path) == name
    assert path.exists()


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(PhotosError, match="There is no folder"):
        Listing(tmp_path / "gone", tmp_path / "listing")
    make(tmp_path / "texts", "a.txt")
    with pytest.raises(PhotosError, match="holds no JPEG"):
        Listing(tmp_path / "texts", tmp_path / "listing")


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    make(tmp_path / "photos", "a.jpg", "b.jpg", "inner/c.jpg")
    walk = photos.walk(tmp_path / "photos")
    next(walk)
    shutil.rmtree(tmp_path / "photos" / "inner")
    with pytest.raises(PhotosError, match=r"inner cannot be read \(No such file or directory\)"):
        list(walk)
