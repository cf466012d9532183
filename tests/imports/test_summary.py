"""What an import says of itself."""

import csv
from pathlib import Path

import pytest

from app.imports.summary import NAMED_ROWS, Summary


def test_a_summary_in_words() -> None:
    summary = Summary("photos", accepted=3, duplicates=1, notes=["something"])
    summary.reject("line 2", "empty", "The file is empty.")
    summary.reject("line 3", "truncated", "It is cut off.")
    summary.reject("line 4", "empty", "The file is empty.")
    assert summary.lines() == [
        "photos: 3 accepted, 1 duplicate, 3 rejected",
        "  rejected, empty: 2",
        "  rejected, truncated: 1",
        "  line 2: The file is empty.",
        "  line 3: It is cut off.",
        "  line 4: The file is empty.",
        "  note: something",
    ]


def test_many_rejected_rows_are_in_the_file_only(tmp_path: Path) -> None:
    summary = Summary("scores")
    for line in range(NAMED_ROWS + 5):
        summary.reject(f"line {line}", "bad", "why", {"a": "ñ", f"b{line % 2}": "=1+1\n2"})
    table = tmp_path / "table.csv"
    table.touch()
    summary.write_rejected(table)
    assert "  … and 5 more" in summary.lines()
    assert f"  all rejected rows: {tmp_path / 'table.rejected.csv'}" in summary.lines()
    with (tmp_path / "table.rejected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == NAMED_ROWS + 5
    assert rows[1] == {
        "rejected_where": "line 1",
        "rejected_code": "bad",
        "rejected_reason": "why",
        "a": "ñ",
        "b0": "",
        "b1": "=1+1\n2",
    }


def test_nothing_rejected_is_no_file(tmp_path: Path) -> None:
    summary = Summary("scores", accepted=1)
    summary.write_rejected(tmp_path / "table.csv")
    assert summary.rejected_file is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is taken by a folder, which no account may overwrite with a file."""
    here, there = tmp_path / "here", tmp_path / "there"
    (there / "table.rejected.csv").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    summary = Summary("scores")
    summary.reject("line 2", "bad", "why")
    summary.write_rejected(there / "table.csv")
    assert summary.rejected_file == here / "table.rejected.csv"
    monkeypatch.chdir(there)
    summary.write_rejected(there / "table.csv")
    assert summary.notes == ["the file of the rejected rows could not be written anywhere"]
