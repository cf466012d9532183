"""A process that is killed, and started again by who watches over it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_S = 30.0


class Process:
    """done: whether an exit with 0 is the end; without it, it is started again however it ended.

    log: of all its lives. kills: those of `kill`; ends: those that it came to by itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        ends: bool = False,
    ) -> None:
        self.name = name
        self.kills = 0
        self.own_ends: list[int] = []
        self.done = False
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._ends = ends
        self._log = folder / f"{name}.log"
        self._running: subprocess.Popen[bytes] | None = None
        self._again_at = 0.0

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def tend(self) -> None:
        """Starts it where it is not running and may."""
        if self.done or self.alive:
            return
        if self._running is not None:
            status = self._running.returncode
            self._running = None
            if self._ends and status == 0:
                self.done = True
                return
            if status != -signal.SIGKILL:
                self.own_ends.append(status)
                self._again_at = time.monotonic() + 1
        if time.monotonic() >= self._again_at:
            with self._log.open("ab") as log:
                self._running = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )

    def kill(self, down_s: float) -> bool:
        """With -9; whether there was something to kill. It comes back after so many seconds."""
        if self._running is None or self._running.poll() is not None:
            return False
        self._running.kill()
        self._running.wait()
        self.kills += 1
        self._again_at = time.monotonic() + down_s
        return True

    def stop(self) -> int | None:
        """Asks it to end; its exit status. Kills it and raises TimeoutExpired where it does not."""
        if self._running is None:
            return None
        self.done = True
        self._running.terminate()
        try:
            return self._running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
            raise

    def said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def with_variable(name: str, value: str) -> list[int]:
    """Processes of this machine that have the variable in their environment, dead ones left out."""
    wanted = f"{name}={value}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]
