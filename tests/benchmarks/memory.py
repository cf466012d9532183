"""How much memory processes hold, over time."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.web import Meanwhile

EVERY_S = 1.0


class Memory(Meanwhile):
    """MB of each group of processes, every second; what several share is counted once.

    Without the database's shared buffers, which fill up to the size that its settings give them.

    groups: what gives the ids of the processes, which may come and go.
    """

    def __init__(self, groups: Mapping[str, Callable[[], list[int]]]) -> None:
        super().__init__()
        self._groups = groups
        self.samples: list[tuple[float, dict[str, float]]] = []

    def go_on(self) -> None:
        while not self.over.is_set():
            at = time.perf_counter()
            held = {name: sum(map(_mb, pids())) for name, pids in self._groups.items()}
            self.samples.append((at, held))
            self.over.wait(EVERY_S)

    def peak(self, name: str, begin: float, end: float) -> float:
        """The largest between two moments."""
        return max((held[name] for at, held in self.samples if begin <= at <= end), default=0.0)


def _mb(pid: int) -> float:
    """Of memory that n processes share, the nth part; 0 for a process that is gone."""
    try:
        with Path(f"/proc/{pid}/smaps_rollup").open() as file:
            held = {line.split()[0]: int(line.split()[1]) / 1024 for line in file if "Pss" in line}
            return held["Pss:"] - held["Pss_Shmem:"]
    except (OSError, KeyError):
        return 0.0
