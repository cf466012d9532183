import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from model.errors import ModelError
from model.scoring import parts as module
from model.scoring.parts import Parts, Row

SCHEMA = pa.schema([("photo", pa.string()), ("safety", pa.float64())])
ONE = {"release": "one", "photos": "/photos"}


def rows(*photos: str) -> list[Row]:
    return [{"photo": photo, "safety": len(photo) / 3} for photo in photos]


def photos(parts: Parts) -> list[str]:
    return [row["photo"] for row in parts.rows()]


def test_rows_of_several_runs_come_sorted(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    for run in ([rows("b", "d"), rows("e")], [rows("a", "c"), rows("f")], []):
        with Parts(folder, SCHEMA, ONE) as parts:
            for part in run:
                parts.add(part)
    with Parts(folder, SCHEMA, ONE) as parts:
        assert list(parts.rows()) == rows(*"abcdef")
        assert photos(parts) == list("abcdef")
        parts.remove()
    assert not folder.exists()


def test_an_error_keeps_what_was_finished(tmp_path: Path) -> None:
    folder = tmp_path / "parts"

    def fail(photos: list[Row]) -> None:
        with Parts(folder, SCHEMA, ONE) as parts:
            if photos:
                parts.add(photos)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail([])
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="power cut"):
        fail(rows("a"))
    with Parts(folder, SCHEMA, ONE) as parts:
        assert photos(parts) == ["a"]


def test_a_file_that_was_not_finished_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parts"

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    with Parts(folder, SCHEMA, ONE) as parts:
        parts.add(rows("a"))
        monkeypatch.setattr("os.fsync", fails)
        with pytest.raises(ModelError, match=r"cannot be written \(No space left on device\)"):
            parts.add(rows("b"))
        monkeypatch.undo()
        assert photos(parts) == ["a"]
        parts.add(rows("b"))
    with Parts(folder, SCHEMA, ONE) as parts:
        assert photos(parts) == ["a", "b"]


def test_refuses_to_go_on_with_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    other = {**ONE, "release": "two"}
    with Parts(folder, SCHEMA, ONE) as parts:
        parts.add(rows("a"))
    with (
        pytest.raises(ModelError, match="release one, photos /photos"),
        Parts(folder, SCHEMA, other),
    ):
        pass
    with Parts(folder, SCHEMA, ONE) as parts:
        assert photos(parts) == ["a"]
        parts.remove()
    with Parts(folder, SCHEMA, other) as parts:
        assert photos(parts) == []


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    code = """
import sys, pyarrow as pa
from pathlib import Path
from model.scoring.parts import Parts
with Parts(Path(sys.argv[1]), pa.schema([("photo", pa.string())]), {"release": "one"}) as parts:
    parts.add([{"photo": "a"}])
    print("in", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(module.__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in\n"
        with (
            pytest.raises(ModelError, match="Another process is at work"),
            Parts(folder, SCHEMA, ONE),
        ):
            pass
        child.kill()
    with Parts(folder, SCHEMA, {"release": "one"}) as parts:
        assert photos(parts) == ["a"]


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ModelError, match=r"parts cannot be written \(Not a directory\)"),
        Parts(tmp_path / "file" / "parts", SCHEMA, ONE),
    ):
        pass
