"""What steps cost: seconds, and the most memory that one process of them held."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# Not by what the system says of a child that has ended: that counts its parent's memory too.
LOOK_EVERY_S = 0.2


@dataclass
class Step:
    title: str
    seconds: float = 0.0
    peak_mb: float = 0.0


@dataclass
class Usage:
    """steps: in the order in which they began, the one that runs at the end."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.steps.append(Step(title))
        begun = time.monotonic()
        try:
            yield
        finally:
            self.steps[-1].seconds = time.monotonic() - begun

    def held(self, peak_mb: float) -> None:
        """Of a process of the step that runs."""
        self.steps[-1].peak_mb = max(self.steps[-1].peak_mb, peak_mb)

    def run(self, command: Sequence[str]) -> int:
        """The exit code of a command, which is waited for."""
        process = subprocess.Popen(command)
        try:
            while True:
                self.held(max(map(peak_mb, family(process.pid))))
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(LOOK_EVERY_S)
        except BaseException:
            process.terminate()
            process.wait()
            raise

    def lines(self, say: Callable[[str], None]) -> None:
        for step in self.steps:
            peak = f"{step.peak_mb:,.0f} MB" if step.peak_mb else ""
            say(f"{step.seconds:7.0f} s {peak:>10}  {step.title}")
        total = sum(step.seconds for step in self.steps)
        most = max(step.peak_mb for step in self.steps)
        say(f"{total:7.0f} s {most:7,.0f} MB  in all; memory is the most that one process held")


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        with suppress(OSError):  # ended meanwhile
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, task.read_text().split())
    return found


def peak_mb(pid: int) -> float:
    """The most memory that a running process has held; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
