"""The page, the command and the server mean the same bounds and names."""

import re
from pathlib import Path

from app.cli.upload import archive, found
from app.images import MAX_BYTES
from tests.conftest import ROOT

ADMIN = ROOT / "static" / "src" / "admin"


def said(file: Path, name: str) -> str:
    match = re.search(rf"const {name} = (.+);", file.read_text())
    assert match is not None, name
    return match[1]


def number(text: str) -> int:
    assert re.fullmatch(r"[\d *]+", text)
    value = eval(text)
    assert isinstance(value, int)
    return value


def test_the_page_counts_as_the_command_and_the_server_do() -> None:
    assert number(said(ADMIN / "dropping.js", "MAX_BYTES")) == MAX_BYTES
    assert number(said(ADMIN / "archive.js", "MAX_RATIO")) == archive.MAX_RATIO
    assert number(said(ADMIN / "archive.js", "MAX_TOTAL")) == archive.MAX_TOTAL


def test_the_page_takes_for_photos_and_archives_what_the_command_does() -> None:
    for constant, suffixes in {
        "PHOTO": found.PHOTO_SUFFIXES,
        "MANIFEST": found.MANIFEST_SUFFIXES,
        "ARCHIVE": found.ARCHIVE_SUFFIXES,
    }.items():
        pattern = re.compile(said(ADMIN / "dropping.js", constant).strip("/i"), re.IGNORECASE)
        assert all(pattern.search(f"a{suffix}") for suffix in suffixes), constant
        strange = [".txt", ".html", ".svg", ".mp4"]
        assert not any(pattern.search(f"a{suffix}") for suffix in strange), constant
