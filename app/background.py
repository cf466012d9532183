"""Processes that outlive the command which started them: the demo's web app and its worker.

Each has a file `<data_dir>/run/<name>.pid` that the process itself keeps locked as long as it
lives, so a number that the system has given to another process since is never mistaken for it.
"""

import fcntl
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

STOP_WAIT_S = 30.0


def start(name: str, command: Sequence[str], data_dir: Path) -> int:
    """The pid of the running process of that name, started now unless it is alive already.

    What it prints is appended to `<data_dir>/logs/<name>.log`.
    """
    run, logs = data_dir / "run", data_dir / "logs"
    run.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    with (run / f"{name}.pid").open("a+") as pid_file, log_file(name, data_dir).open("ab") as log:
        try:
            fcntl.flock(pid_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(pid_file.name)
        os.set_inheritable(pid_file.fileno(), True)
        pid = os.posix_spawnp(
            command[0],
            list(command),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            setsid=True,
        )
        pid_file.truncate(0)
        pid_file.write(str(pid))
        return pid


def running(name: str, data_dir: Path) -> int | None:
    """The pid of the process of that name, None where it is not alive."""
    path = data_dir / "run" / f"{name}.pid"
    if not path.exists():
        return None
    with path.open() as pid_file:
        try:
            fcntl.flock(pid_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(path)
    return None


def stop(name: str, data_dir: Path) -> bool:
    """Asks the process and its children to end, and after 30 s ends them; False for none alive."""
    pid = running(name, data_dir)
    if pid is None:
        return False
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WAIT_S
    while running(name, data_dir) is not None:
        if time.monotonic() > deadline:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.1)
    (data_dir / "run" / f"{name}.pid").unlink(missing_ok=True)
    return True


def log_file(name: str, data_dir: Path) -> Path:
    return data_dir / "logs" / f"{name}.log"


def _pid(path: str | Path) -> int:
    """The number in the file; its writer may be between taking the lock and writing."""
    for _ in range(50):
        text = Path(path).read_text().strip()
        if text:
            return int(text)
        time.sleep(0.1)
    raise RuntimeError(f"{path} is locked by a process but holds no number; remove it by hand")


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
