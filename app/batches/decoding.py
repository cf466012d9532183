"""Uploaded files decoded in two processes of their own, with a bound on memory and time.

A file that makes its process run away ends that process and gets a verdict; the web goes on.
"""

import multiprocessing
import os
import resource
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from app.errors import RejectedFile
from app.images import Derived, derive

PROCESSES = 2
MEMORY_BYTES = 2 * 1024**3
TIMEOUT_S = 30

Refusal = tuple[str, str]
"""Reason and message of a RejectedFile, which does not survive the way between processes."""

TOO_MUCH: Refusal = ("too-large", "The picture takes too much memory to read.")


class Decoder:
    """`app.images.derive` elsewhere. The processes start with the first file."""

    def __init__(
        self,
        processes: int = PROCESSES,
        memory_bytes: int = MEMORY_BYTES,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._processes = processes
        self._limits = (memory_bytes, timeout_s)
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        # Forked from a process that has no threads and no database connections.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])

    def derive(self, data: bytes) -> Derived:
        """Raises RejectedFile as `app.images.derive`, and `too-large` for a file beyond the bounds.

        A process that dies takes the others' files with it, so a file is tried again alone.
        """
        pool = self._running()
        try:
            outcome = pool.submit(_derive, data, self._limits[1]).result()
        except BrokenProcessPool:
            self._replace(pool)
            outcome = self._alone(data)
        if isinstance(outcome, Derived):
            return outcome
        raise RejectedFile(*outcome)

    def _alone(self, data: bytes) -> Derived | Refusal:
        memory_bytes, timeout_s = self._limits
        with self._new_pool(1) as pool:
            try:
                return pool.submit(_derive, data, timeout_s).result()
            except BrokenProcessPool:
                return (
                    "too-large",
                    f"The picture takes more than {timeout_s} s or {memory_bytes // 2**20} MB "
                    "to read.",
                )

    def close(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = self._new_pool(self._processes)
            return self._pool

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False)

    def _new_pool(self, processes: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            processes,
            mp_context=self._context,
            initializer=_bound,
            initargs=(self._limits[0],),
        )


def _bound(memory_bytes: int) -> None:
    """Interrupts are left to the parent, which ends its children itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _end_with_parent() -> None:
    """A web process that is killed ends nothing, and its children would wait for files for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _derive(data: bytes, timeout_s: float) -> Derived | Refusal:
    """The alarm's default is to end the process: no decoder can hold on to it."""
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        return derive(data)
    except RejectedFile as refused:
        if isinstance(refused.__cause__, MemoryError):
            return TOO_MUCH
        return refused.reason, str(refused)
    except MemoryError:
        return TOO_MUCH
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
