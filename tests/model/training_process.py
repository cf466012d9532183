"""`python -m tests.model.training_process VOTES PHOTOS OUT CONFIG`: trains, and tells each step."""

import os
import subprocess
import sys
from pathlib import Path

from model.config import load
from model.training import make

ROOT = Path(__file__).parents[2]


def start(*arguments: object, launcher: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """One thread a process: the cores of the machine are busy with other tests."""
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", __name__, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def _tell(stage: str, done: int, total: int) -> None:
    print(stage, done, total, flush=True)


def _notice(sentence: str) -> None:
    print("notice:", sentence, flush=True)


if __name__ == "__main__":
    votes, photos, out, config = map(Path, sys.argv[1:])
    make(votes, photos, out, load(config), name="told", progress=_tell, notice=_notice)
