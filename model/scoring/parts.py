"""What a long run has finished, in files that outlive it."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from heapq import merge
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from model.errors import ModelError

Row = dict[str, Any]


class Parts(AbstractContextManager["Parts"]):
    """A folder of rows, known by their `photo`, that go on from run to run until it is removed.

    identity: what all rows must have in common; ModelError where the folder was begun with
    another one, or while another process has it. Within a run rows come sorted by `photo`.
    """

    def __init__(self, folder: Path, schema: pa.Schema, identity: Mapping[str, str]) -> None:
        self.folder = folder
        self._schema = schema
        self._identity = dict(identity)
        self._lock = FileLock(folder / "lock", timeout=0)

    def __enter__(self) -> "Parts":
        with _writing(self.folder):
            self.folder.mkdir(exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise ModelError(
                f"Another process is at work in {self.folder}; wait for it, or write elsewhere."
            ) from None
        try:
            self._check()
        except BaseException:
            self._lock.release()
            raise
        runs = [int(path.stem.split("-")[0]) for path in self._files()]
        self._run, self._number = max(runs, default=-1) + 1, 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Keeps the folder where something was finished in it."""
        if not self._files():
            self.remove()
        self._lock.release()

    def _check(self) -> None:
        note = self.folder / "run.json"
        if not self._files():
            _write(note, json.dumps(self._identity, indent=2).encode())
            return
        begun = json.loads(note.read_text())
        if begun != self._identity:
            of = ", ".join(f"{key} {value}" for key, value in begun.items())
            raise ModelError(
                f"{self.folder} holds what an unfinished run wrote: {of}. "
                "Finish that run, or delete the folder to begin anew, or write elsewhere."
            )

    def add(self, rows: list[Row]) -> None:
        """A file more, whole or not at all."""
        buffer = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(rows, self._schema), buffer)
        path = self.folder / f"{self._run:06}-{self._number:06}.parquet"
        _write(path, buffer.getvalue().to_pybytes())
        self._number += 1

    def rows(self) -> Iterator[Row]:
        """All rows that were added by all runs, sorted by `photo`; one file a run in memory."""
        runs: dict[str, list[Path]] = {}
        for path in self._files():
            runs.setdefault(path.stem.split("-")[0], []).append(path)
        return merge(*map(_rows, runs.values()), key=itemgetter("photo"))

    def remove(self) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*-*.parquet"))


def _rows(files: list[Path]) -> Iterator[Row]:
    for path in files:
        with pq.ParquetFile(path) as file:
            rows = file.read().to_pylist()
        yield from rows


def _write(path: Path, content: bytes) -> None:
    """The file has its name only when all of it is on the disk."""
    unfinished = path.with_name(path.name + ".unfinished")
    with _writing(path):
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written ({error.strerror}); make room or choose another place, "
            "and start again."
        ) from error
