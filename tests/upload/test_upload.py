"""`mirada upload` against a real server."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.cli.upload import api
from app.db import SessionFactory
from app.tables import Upload
from tests.rankers import jpeg
from tests.upload.conftest import Asgi, Command, Server

Rows = Callable[[], list[tuple[str, str, str | None]]]
Batches = Callable[[], list[tuple[str, str]]]


def write(folder: Path, number: int, first: int = 0) -> Path:
    """Photos in two folders, and a manifest with the place of each."""
    lines = ["filename,lat,lon"]
    for index in range(number):
        path = folder / ("a" if index % 2 else "b") / f"{index:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(first + index))
        lines.append(f"{path.relative_to(folder)},{-33.45 + index * 0.001},-70.65")
    (folder / "manifest.csv").write_text("\n".join(lines))
    return folder


def test_a_folder_is_sent_once_with_a_verdict_for_each_file(
    mirada: Command, server: Server, rows: Rows, batches: Batches, tmp_path: Path
) -> None:
    folder = write(tmp_path / "julio", 6)
    (folder / "copy.jpg").write_bytes(jpeg(0))
    with (folder / "manifest.csv").open("a") as file:
        file.write("\ncopy.jpg,-33.45,-70.65\n")
    (folder / "cut.jpg").write_bytes(jpeg(50)[:900])
    (folder / "nowhere.jpg").write_bytes(jpeg(51))
    (folder / "notes.txt").write_text("nothing")
    (folder / ".DS_Store").write_bytes(b"\0")
    table = tmp_path / "out.csv"
    ended = mirada(folder, "--verdicts", table)
    assert ended.code == 0, ended.err
    assert batches() == [("julio", "scoring")]
    found = {path: (verdict, reason) for path, verdict, reason in rows()}
    assert found["cut.jpg"] == ("rejected", "truncated")
    assert found["nowhere.jpg"] == ("held", "no-position")
    assert sorted(verdict for verdict, _ in found.values()) == [
        *["accepted"] * 6,
        "duplicate",
        "held",
        "rejected",
    ]
    assert "9 photos have a verdict: 9 sent now" in ended.out
    assert "\n  1 duplicate\n  1 rejected, truncated\n" in ended.out
    assert "1 not-sent, no-photo" in ended.out
    assert "1 not-sent, system-file" in ended.out
    assert "cut.jpg  rejected  truncated  The file is cut off or damaged." in ended.out
    with table.open(encoding="utf-8-sig") as file:
        written = {row["path"]: row for row in csv.DictReader(file)}
    assert len(written) == 11
    assert written["cut.jpg"]["reason"] == "truncated"
    assert written["notes.txt"]["verdict"] == "not-sent"

    again = mirada(folder)
    assert again.code == 0
    assert "0 sent now, 9 had arrived before" in again.out
    assert len(server.files_asked) == 9
    assert batches() == [("julio", "scoring")]


def test_a_new_photo_of_a_batch_that_is_complete_goes_to_another_one(
    mirada: Command, server: Server, rows: Rows, batches: Batches, tmp_path: Path
) -> None:
    folder = write(tmp_path / "julio", 2)
    assert mirada(folder).code == 0
    write(folder, 3)
    assert mirada(folder).code == 0
    assert len(server.files_asked) == 3
    assert batches() == [("julio", "scoring"), ("julio", "scoring")]
    assert [verdict for _, verdict, _ in rows()] == ["accepted"] * 3


def test_an_open_batch_is_gone_on_with_and_other_terms_are_another_batch(
    mirada: Command, batches: Batches, tmp_path: Path
) -> None:
    folder = write(tmp_path / "julio", 2)
    assert mirada(folder, "--no-complete").code == 0
    going_on = mirada(folder)
    assert "Going on with batch 1 «julio»" in going_on.err
    assert batches() == [("julio", "scoring")]
    write(folder, 4)
    mirada(folder, "--no-complete", "--title", "Agosto", "--blurred", "--attribution", "Rosa")
    numbered = mirada(folder, "--batch", 2, terms=False)
    assert numbered.code == 0
    assert batches() == [("julio", "scoring"), ("Agosto", "scoring")]


def test_answers_that_are_lost_are_asked_for_again(
    mirada: Command, server: Server, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "pause_s", lambda attempt, retry_after_s=0: 0.01)

    async def fault(number: int, app: Asgi, scope: Any, receive: Any, send: Any) -> None:
        if number % 3 == 1:
            # It arrives, but the answer breaks off.
            async def lose(message: Any) -> None:
                if message["type"] == "http.response.body":
                    raise ConnectionResetError

            await app(scope, receive, lose)
        elif number % 3 == 2:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"away"})
        else:
            await app(scope, receive, send)

    server.fault = fault
    assert mirada(write(tmp_path / "julio", 8)).code == 0
    assert [verdict for _, verdict, _ in rows()] == ["accepted"] * 8
    assert len(server.files_asked) > 8


def test_a_file_that_cannot_be_read_is_said_and_the_others_go(
    mirada: Command, rows: Rows, batches: Batches, tmp_path: Path
) -> None:
    folder = write(tmp_path / "julio", 2)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "elsewhere").mkdir()
    (folder / "more").symlink_to(tmp_path / "elsewhere")
    ended = mirada(folder)
    assert ended.code == 1
    shown = " ".join(ended.out.split())
    assert "gone.jpg not-sent unreadable It is no file, or a link that leads nowhere." in shown
    assert "more not-sent link" in shown
    assert len(rows()) == 2
    assert batches() == [("julio", "scoring")]


def test_a_photo_that_was_held_too_long_is_sent_to_another_batch(
    mirada: Command, sessions: SessionFactory, rows: Rows, tmp_path: Path
) -> None:
    folder = tmp_path / "julio"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    assert mirada(folder).code == 0
    with sessions.begin() as session:
        session.execute(update(Upload).values(verdict="rejected", reason="expired"))
    (tmp_path / "m.csv").write_text("filename,lat,lon\na.jpg,-33.45,-70.65\n")
    assert mirada(folder, "--manifest", tmp_path / "m.csv").code == 0
    assert rows() == [("a.jpg", "rejected", "expired"), ("a.jpg", "accepted", None)]


def test_held_photos_of_a_batch_that_is_complete_are_placed_by_a_manifest(
    mirada: Command, server: Server, rows: Rows, tmp_path: Path
) -> None:
    folder = tmp_path / "julio"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    assert mirada(folder).code == 0
    assert rows() == [("a.jpg", "held", "no-position")]
    (folder / "m.csv").write_text("filename,lat,lon\na.jpg,-33.45,-70.65\nb.jpg,x,1\n")
    ended = mirada(folder)
    assert ended.code == 0
    assert "m.csv: 1 rows, 1 with problems" in ended.err
    assert "line 3, b.jpg" in ended.err
    assert rows() == [("a.jpg", "accepted", None)]
    assert len(server.files_asked) == 1


def test_a_table_among_the_photos_that_is_no_manifest_is_passed_over(
    mirada: Command, rows: Rows, tmp_path: Path
) -> None:
    folder = write(tmp_path / "julio", 2)
    (folder / "votes.csv").write_text("left,right\n1,2\n")
    ended = mirada(folder)
    assert ended.code == 0
    assert "votes.csv is no manifest" in ended.err
    assert len(rows()) == 2
    named = mirada(folder, "--manifest", folder / "votes.csv")
    assert named.code == 1
    assert "votes.csv is no manifest" in named.err


def test_the_table_of_verdicts_runs_nothing_in_a_spreadsheet(
    mirada: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "julio"
    folder.mkdir()
    (folder / "=1+1.jpg").write_bytes(jpeg(1))
    (folder / "@x.txt").write_text("x")
    table = tmp_path / "out.csv"
    assert mirada(folder, "--verdicts", table).code == 0
    with table.open(encoding="utf-8-sig") as file:
        assert [row["path"] for row in csv.DictReader(file)] == ["'=1+1.jpg", "'@x.txt"]
