"""What an attacker tries who knows the addresses. Strangers and foreign sites: test_admin_access;
two admins who delete one batch: test_batches_removal.
"""

import csv
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app import accounts
from app.db import session_factory
from app.photos.files import PhotoFiles
from app.photos.store import MARK
from tests.rankers import jpeg
from tests.routes.conftest import OURS, browser_of

NEW = {"title": "Julio", "source": "Municipalidad", "licence": "CC BY 4.0", "blurred": True}
PLACE = {"lat": "-33.45", "lon": "-70.65"}


@pytest.fixture
def api(access_app: FastAPI, clean_engine: Engine) -> Iterator[TestClient]:
    with session_factory(clean_engine).begin() as session:
        accounts.create(session, "rosa")
        token = accounts.create_token(session, "rosa", "test", "upload", None)
    with browser_of(access_app) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
    if hasattr(access_app.state, "decoder"):
        access_app.state.decoder.close()


@pytest.fixture
def batch(api: TestClient) -> str:
    return f"/api/admin/batches/{api.post('/api/admin/batches', json=NEW).json()['id']}"


def send(api: TestClient, batch: str, data: bytes, path: str = "a.jpg") -> Any:
    given = {"path": path} | PLACE
    return api.post(f"{batch}/files", files={"file": ("a.jpg", data)}, data=given)


def huge_png(side_px: int) -> bytes:
    """A few hundred kilobytes that unfold into gigabytes of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(1 + side_px * 3) * 1000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (huge_png(30_000), "too-large"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', None),
        (b"<!doctype html><script>alert(1)</script>", None),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", None),
    ],
    ids=["a 30,000 x 30,000 PNG", "SVG", "HTML", "SVG with a mark"],
)
def test_what_is_no_photo_is_refused_and_kept_nowhere(
    api: TestClient, batch: str, access_app: FastAPI, data: bytes, reason: str | None
) -> None:
    answer = send(api, batch, data)
    assert (answer.status_code, answer.json()["reason"]) == (422, reason or "not-an-image")
    files: PhotoFiles = access_app.state.files
    assert list(files.root.glob("*/*.*")) == []


@pytest.mark.parametrize(
    "path", ["../../../etc/cron.d/x", "/etc/passwd", "..\\..\\x", "a/\x00/../b", "....//x", "C:\\x"]
)
def test_a_path_in_a_file_name_leads_nowhere(
    api: TestClient, batch: str, access_app: FastAPI, tmp_path: Path, path: str
) -> None:
    answer = send(api, batch, jpeg(1), path)
    assert answer.status_code == 202
    kept = answer.json()["path"]
    assert not kept.startswith(("/", "\\"))
    assert ".." not in kept.split("/")
    files: PhotoFiles = access_app.state.files
    written = {file for file in tmp_path.rglob("*.*") if file.is_file()}
    assert {file.parent.parent for file in written if file.name != MARK} == {files.root}


def test_formulas_in_names_are_text_in_the_download(api: TestClient, batch: str) -> None:
    names = ["=cmd|'/C calc'!A0", "+1+1.jpg", "-2.jpg", "@SUM(A1).jpg", " =1+1.jpg", 'a,"b".jpg']
    for number, name in enumerate(names):
        send(api, batch, jpeg(number), name)
    cells = {"path": "held.jpg", "lat": "=1+1", "lon": "@SUM(A1)"}
    held = api.post(f"{batch}/files", files={"file": ("a.jpg", jpeg(99))}, data=cells)
    assert held.json()["verdict"] == "held"
    manifest = "filename,lat,lon\nheld.jpg,=2+2,-70\n=3+3.jpg,1,1\n"
    placed = api.post(f"{batch}/manifest", files={"file": ("m.csv", manifest)}).json()
    assert [problem["reason"] for problem in placed["problems"]] == ["not-a-number"]
    answer = api.get(f"{batch}/files.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len(names) + 1
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@")), row
    assert rows[len(names) - 1]["path"] == names[-1]
    assert rows[1]["path"] == "'+1+1.jpg"
    assert api.get("/api/admin/batches/999/files.csv").status_code == 404


@pytest.mark.slow
def test_ten_thousand_attempts_to_sign_in_hash_a_hundred_passwords_at_most(
    access_app: FastAPI, password: str, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = 0
    verify = PasswordHash.verify_and_update

    def counting(self: PasswordHash, given: str | bytes, known: str | bytes) -> Any:
        nonlocal hashed
        hashed += 1
        return verify(self, given, known)

    monkeypatch.setattr(PasswordHash, "verify_and_update", counting)
    statuses = {403: 0, 429: 0}
    with browser_of(access_app) as browser:
        for number in range(10_000):
            form = {"name": "rosa", "password": f"guess {number}"}
            answer = browser.post("/admin/sign-in", data=form, headers=OURS)
            statuses[answer.status_code] += 1
        form = {"name": "rosa", "password": password}
        assert browser.post("/admin/sign-in", data=form, headers=OURS).status_code == 429
    assert hashed == statuses[403] <= 60
    assert statuses[429] == 10_000 - hashed
