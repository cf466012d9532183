"""What an attacker puts into a zip, and what becomes of it and of the photos beside it."""

import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from app.cli.upload.archive import Archive
from app.cli.upload.found import Unreadable
from app.errors import BadFile
from app.images import MAX_BYTES
from tests.rankers import jpeg
from tests.upload import zips
from tests.upload.conftest import Command, Server

Rows = Callable[[], list[tuple[str, str, str | None]]]
MANIFEST = b"filename,lat,lon\na.jpg,-33.45,-70.65\nb.jpg,-33.46,-70.65\n"


class Opened:
    """photos: bytes by path. unread: reasons by path. left: reasons of what is not even read."""

    def __init__(self, folder: Path, data: bytes, **bounds: int) -> None:
        path = folder / "photos.zip"
        path.write_bytes(data)
        archive = Archive(path, **bounds)
        found = archive.look()
        self.photos: dict[str, bytes] = {}
        self.unread: dict[str, str] = {}
        for entry in found.photos:
            try:
                self.photos[entry.path] = entry.read(MAX_BYTES)
            except Unreadable as error:
                self.unread[entry.path] = error.reason
        self.left = {left.path: left.reason for left in found.left}
        self.manifests = [entry.path for entry in found.manifests]
        archive.close()


def test_every_member_is_sorted_and_none_is_missing(tmp_path: Path) -> None:
    members = {
        "fotos/": b"",
        "fotos/a.jpg": jpeg(1),
        "fotos\\b.PNG": b"b",
        "fotos/c.heic": b"c",
        "m.csv": MANIFEST,
        "notes.txt": b"n",
        "__MACOSX/fotos/._a.jpg": b"x",
        "fotos/.DS_Store": b"x",
        "Thumbs.db": b"x",
        "more.zip": zips.packed({"d.jpg": jpeg(2)}),
        "more.tar.gz": b"x",
    }
    opened = Opened(tmp_path, zips.packed(members))
    assert opened.photos == {
        "fotos/a.jpg": jpeg(1),
        "fotos/b.PNG": b"b",
        "fotos/c.heic": b"c",
    }
    assert opened.manifests == ["m.csv"]
    assert opened.left == {
        "notes.txt": "no-photo",
        "__MACOSX/fotos/._a.jpg": "system-file",
        "fotos/.DS_Store": "system-file",
        "Thumbs.db": "system-file",
        "more.zip": "nested-archive",
        "more.tar.gz": "nested-archive",
    }


def test_a_bomb_is_left_before_it_is_unpacked(tmp_path: Path) -> None:
    data = zips.bomb()
    assert len(data) < 110_000
    path = tmp_path / "bomb.zip"
    path.write_bytes(data)
    archive = Archive(path)
    [entry] = archive.look().photos
    tracemalloc.start()
    with pytest.raises(Unreadable, match="more than 100 times") as refused:
        entry.read(MAX_BYTES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    archive.close()
    assert refused.value.reason == "bomb"
    assert peak < 30 * zips.MIB


@pytest.mark.parametrize("claimed", [1000, 0, 0xFFFF0000])
def test_a_bomb_that_lies_about_its_size_unpacks_no_further(tmp_path: Path, claimed: int) -> None:
    data = zips.lying(zips.bomb(), zips.SIZE, claimed)
    tracemalloc.start()
    opened = Opened(tmp_path, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert opened.photos == {}
    assert opened.unread["bomb.jpg"] in ("bomb", "damaged")
    assert peak < 30 * zips.MIB


@pytest.mark.parametrize(
    ("field", "value"),
    [(zips.SIZE, 10), (zips.SIZE, 10**9), (zips.PACKED, 10)],
    ids=["smaller", "larger", "packed smaller"],
)
def test_lies_about_sizes_cost_the_member_only(
    tmp_path: Path, field: tuple[int, int], value: int
) -> None:
    honest = zips.packed({"a.jpg": jpeg(1), "b.jpg": jpeg(2)})
    opened = Opened(tmp_path, zips.lying(honest, field, value))
    assert opened.photos == {"b.jpg": jpeg(2)}
    assert opened.unread == {"a.jpg": "damaged"}


def test_a_member_that_claims_its_neighbours_bytes_gets_none_of_them(tmp_path: Path) -> None:
    honest = zips.packed({"a.jpg": jpeg(1), "b.jpg": jpeg(2)})
    opened = Opened(tmp_path, zips.lying(honest, zips.PACKED, 2**31))
    assert opened.photos == {"a.jpg": jpeg(1), "b.jpg": jpeg(2)}


def test_what_all_members_unpack_to_is_bounded(tmp_path: Path) -> None:
    data = zips.packed({f"{n}.jpg": jpeg(n) for n in range(4)})
    sizes = [len(jpeg(n)) for n in range(4)]
    opened = Opened(tmp_path, data, max_total=sizes[0] + sizes[1])
    assert list(opened.photos) == ["0.jpg", "1.jpg"]
    assert set(opened.unread.values()) == {"archive-too-large"}


def test_a_member_beyond_the_limit_is_cut_for_the_server_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(zips.packed({"a.jpg": jpeg(1)}))
    archive = Archive(path)
    [entry] = archive.look().photos
    assert entry.read(1000) == jpeg(1)[:1001]
    archive.close()


def test_an_encrypted_member_and_a_strange_compression_are_left(tmp_path: Path) -> None:
    honest = zips.packed({"a.jpg": jpeg(1), "b.jpg": jpeg(2)})
    encrypted = Opened(tmp_path, zips.lying(honest, zips.FLAGS, 1))
    assert (encrypted.unread, list(encrypted.photos)) == ({"a.jpg": "encrypted"}, ["b.jpg"])
    strange = Opened(tmp_path, zips.lying(honest, zips.METHOD, zipfile.ZIP_LZMA))
    assert strange.unread == {"a.jpg": "unsupported-compression"}


@pytest.mark.parametrize("data", [b"", b"no zip", zips.packed({"a.jpg": b"x" * 999})[:-10]])
def test_what_is_no_zip_is_said_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(data)
    with pytest.raises(BadFile, match=r"photos\.zip is no zip"):
        Archive(path)


def test_a_zip_with_all_of_it_sends_its_photos_and_nothing_lands_outside(
    mirada: Command, server: Server, rows: Rows, tmp_path: Path
) -> None:
    members = {
        "a.jpg": jpeg(1),
        "../../../b.jpg": jpeg(2),
        "/abs/c.jpg": jpeg(3),
        "C:\\d.jpg": jpeg(4),
        "cut.jpg": jpeg(5)[:900],
        "inner.zip": zips.packed({"x.jpg": jpeg(6)}),
        "bomb.jpg": bytes(20 * zips.MIB),
        "m.csv": MANIFEST,
    }
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "julio.zip"
    path.write_bytes(zips.packed(members))
    before = set(tmp_path.rglob("*"))
    ended = mirada(path)
    assert ended.code == 1
    assert rows() == [
        ("C:/d.jpg", "held", "no-position"),
        ("a.jpg", "accepted", None),
        ("abs/c.jpg", "held", "no-position"),
        ("b.jpg", "accepted", None),
        ("cut.jpg", "rejected", "truncated"),
    ]
    shown = " ".join(ended.out.split())
    assert "bomb.jpg not-sent bomb It unpacks to more than 100 times its size" in shown
    assert "inner.zip not-sent nested-archive" in shown
    new = {file for file in set(tmp_path.rglob("*")) - before if file.is_file()}
    assert all(file.is_relative_to(tmp_path / "data") for file in new)
    assert len(server.files_asked) == 5
    again = mirada(path)
    assert again.code == 1
    assert len(server.files_asked) == 5


def test_a_link_in_a_zip_is_not_followed(mirada: Command, rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "links.zip"
    path.write_bytes(zips.with_link("passwd.jpg", "/etc/passwd"))
    opened = Opened(tmp_path, path.read_bytes())
    assert (opened.photos, opened.left) == ({}, {"passwd.jpg": "link"})
    ended = mirada(path)
    assert ended.code == 1
    assert "holds no photos" in ended.err
    assert rows() == []


def test_the_server_opens_no_archive_and_keeps_the_row(
    server: Server, token: str, rows: Rows
) -> None:
    new = {"title": "Zip", "source": "Municipalidad", "licence": "CC0"}
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:
        batch = client.post("/api/admin/batches", json=new).json()["id"]
        data = zips.packed({"a.jpg": jpeg(1)})
        for name in ("photos.zip", "photos.jpg"):
            answer = client.post(f"/api/admin/batches/{batch}/files", files={"file": (name, data)})
            assert answer.status_code == 422
            assert answer.json()["reason"] == "not-an-image"
    assert rows() == [
        ("photos.jpg", "rejected", "not-an-image"),
        ("photos.zip", "rejected", "not-an-image"),
    ]
