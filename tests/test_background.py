import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import background

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    background.stop("sleeper", tmp_path)


def test_a_second_start_finds_the_first(data_dir: Path) -> None:
    first = background.start("sleeper", SLEEP, data_dir)
    assert background.start("sleeper", SLEEP, data_dir) == first
    assert background.running("sleeper", data_dir) == first


def test_stop_ends_it_and_says_whether_there_was_one(data_dir: Path) -> None:
    background.start("sleeper", SLEEP, data_dir)
    assert background.stop("sleeper", data_dir)
    assert background.running("sleeper", data_dir) is None
    assert not background.stop("sleeper", data_dir)


def test_what_it_prints_is_in_its_log(data_dir: Path) -> None:
    background.start("sleeper", SLEEP, data_dir)
    log = background.log_file("sleeper", data_dir)
    for _ in range(100):
        if log.read_text() == "up\n":
            break
        time.sleep(0.05)
    assert log.read_text() == "up\n"


def test_a_file_left_by_a_dead_process_is_no_process(data_dir: Path) -> None:
    (data_dir / "run").mkdir()
    (data_dir / "run" / "sleeper.pid").write_text("1")
    assert background.running("sleeper", data_dir) is None
    assert not background.stop("sleeper", data_dir)
