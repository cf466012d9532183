"""What a killed training leaves behind, so that the same command goes on from there."""

import hashlib
import io
import json
import os
import pickle
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from model.errors import ReleaseError

State = dict[str, Any]

# Writing states takes at most about a twentieth of the time, however large they are.
LEAST_PAUSE = 20


class Keeper:
    """The state of one fit, in a file that is always whole.

    seconds: between two states; 0 keeps one after each step. Without a path nothing is kept.
    """

    def __init__(self, path: Path | None, seconds: float) -> None:
        self.path = path
        self.seconds = seconds
        self._next = time.monotonic() + seconds

    def due(self) -> bool:
        return self.path is not None and time.monotonic() >= self._next

    def save(self, state: State) -> None:
        if self.path is None:
            return
        begun = time.monotonic()
        part = self.path.with_suffix(".part")
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        now = time.monotonic()
        pause = max(self.seconds, LEAST_PAUSE * (now - begun)) if self.seconds else 0.0
        self._next = now + pause

    def content(self) -> bytes | None:
        """The file as it is, for `read`."""
        if self.path is None or not self.path.exists():
            return None
        return self.path.read_bytes()


NOTHING_KEPT = Keeper(None, 0)


def read(content: bytes, device: torch.device) -> State:
    """Tensors, numbers and texts; anything else in it is refused, never run."""
    try:
        with warnings.catch_warnings():
            # Of a strange file torch warns before it refuses it; the refusal is enough.
            warnings.simplefilter("ignore", UserWarning)
            state: State = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ReleaseError(
            f"The state of an unfinished training is damaged ({error}); "
            "delete the folder .training-… beside the release and begin again."
        ) from None
    return state


def key_of(parts: Mapping[str, Any]) -> str:
    """What a training depends on, as one hash. parts: anything that JSON can say."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def folder_of(out: Path) -> Path:
    return out.with_name(f".training-{out.name}")


@contextmanager
def workplace(
    out: Path, key: str, leads: bool, notice: Callable[[str], None]
) -> Iterator[Path | None]:
    """The folder of states for the release `out`, to be deleted by `clear` when that is written.

    One left by a run with another key (other configuration, votes or photos) is emptied, and
    `notice` is told so. ReleaseError where another process works in it. leads: whether this
    process keeps states; others get None.
    """
    if not leads:
        yield None
        return
    folder = folder_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ReleaseError(
            f"Another process is training {out}; wait for it, or choose another folder."
        ) from None
    try:
        _begin(folder, key, notice)
        yield folder
    finally:
        lock.release()


def clear(out: Path) -> None:
    shutil.rmtree(folder_of(out), ignore_errors=True)


def _begin(folder: Path, key: str, notice: Callable[[str], None]) -> None:
    mark = folder / "key"
    before = mark.read_text() if mark.exists() else None
    states = [path for path in folder.iterdir() if path.suffix == ".state"]
    if before == key:
        if states:
            notice(f"Going on from the states that a run before this one left in {folder}.")
        return
    if before is not None:
        notice(
            f"The unfinished training in {folder} had another configuration, other votes, other "
            "photos or another kind of machine; beginning anew."
        )
    for path in folder.iterdir():
        if path.name != "lock":
            path.unlink()
    mark.write_text(key)
