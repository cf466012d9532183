"""Many photo files decoded in processes of their own: one that crashes takes only itself along."""

import hashlib
import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import RejectedFile
from app.images import MAX_BYTES, Metadata, derive
from app.photos.store import PhotoStore

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photo whose files are in the store under `key`."""

    key: str
    sha256: bytes
    width_px: int
    height_px: int
    metadata: Metadata
    look: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is no photo: a reason of `app.images`, or `unreadable` for the disk's."""

    code: str
    message: str


Outcome = Decoded | Refusal


class Decoder:
    """Derives and writes photos into a store, a portion at a time, so that memory stays constant.

    Nothing is synced; `PhotoStore.flush` does that once for all.
    """

    def __init__(self, files: PhotoStore, processes: int = PROCESSES) -> None:
        self._files = files
        self._processes = processes
        # Forked from a process that has no threads and no database connections.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._pool = self._new_pool(processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, files: Sequence[tuple[Path, str]]) -> list[Outcome]:
        """The outcome of each (file, key for the store), in their order."""
        futures = [self._submit(self._pool, *file) for file in files]
        outcomes: list[Outcome] = []
        try:
            for future in futures:
                outcomes.append(future.result())
        except BrokenProcessPool:
            self._renew(1)
            outcomes += [self._alone(*file) for file in files[len(outcomes) :]]
            self._renew(self._processes)
        return outcomes

    def _alone(self, file: Path, key: str) -> Outcome:
        """One at a time, since any of those that were under way may have crashed the decoder."""
        try:
            return self._submit(self._pool, file, key).result()
        except BrokenProcessPool:
            self._renew(1)
            self._files.delete([key])
            return Refusal("truncated", "The file is damaged in a way that ends the decoder.")

    def _renew(self, processes: int) -> None:
        self._pool.shutdown(wait=True)
        self._pool = self._new_pool(processes)

    def _new_pool(self, processes: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            processes, mp_context=self._context, initializer=_leave_interrupts_to_the_parent
        )

    def _submit(self, pool: ProcessPoolExecutor, file: Path, key: str) -> "Future[Outcome]":
        try:
            return pool.submit(decode, file, key, self._files)
        except BrokenProcessPool as error:
            failed: Future[Outcome] = Future()
            failed.set_exception(error)
            return failed


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def decode(file: Path, key: str, files: PhotoStore) -> Outcome:
    """Runs in a child process; an error of the store itself, such as a full disk, is raised."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return Refusal("too-large", f"The file is larger than {MAX_BYTES // 2**20} MB.")
        data = file.read_bytes()
    except OSError as error:
        return Refusal("unreadable", f"The file cannot be read: {error.strerror}.")
    try:
        derived = derive(data)
    except RejectedFile as refused:
        return Refusal(refused.reason, str(refused))
    files.write(data, derived, key=key, sync=False)
    return Decoded(
        key,
        hashlib.sha256(data).digest(),
        derived.width_px,
        derived.height_px,
        derived.metadata,
        derived.look,
    )
