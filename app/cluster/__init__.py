"""A PostGIS cluster of Mirada's own, for machines where nobody runs one.

It is made from the system's PostgreSQL by the first `ensure`, listens on a Unix socket only, and
goes on running until `stop`. PostgreSQL refuses to run as root; for root the cluster belongs to
the system account `postgres`. Who may connect is decided by the socket's folder, which only the
cluster's owner (and root) may enter; behind it there are no passwords.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.cluster import place as places
from app.cluster import server
from app.cluster.place import DATABASE, SHARED_FOLDER, ClusterFailed

__all__ = ["DATABASE", "ClusterFailed", "Status", "ensure", "remove", "status", "stop"]


@dataclass(frozen=True)
class Status:
    """`url` is there whether or not the cluster runs; `postgresql` is the major version."""

    made: bool
    running: bool
    url: str
    folder: Path
    postgresql: str | None


def ensure(data_dir: Path, *, durable: bool = True) -> str:
    """The URL of the running cluster of `data_dir`, which is made or started where it must be.

    Callers that come at the same time wait for the first. durable: False makes a new cluster
    fast and lets a crash of the machine destroy it; an existing cluster keeps what it has.
    """
    place = places.of(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    with _locked(data_dir):
        if not place.made:
            server.make(place, durable=durable)
        if place.pgdata.parent == SHARED_FOLDER:
            places.note(data_dir).write_text(f"{place.pgdata}\n")
        if not server.wait_for_answer(place):
            server.start(place)
        server.provision(place)
    return place.url


def stop(data_dir: Path) -> bool:
    """Stops the cluster and waits for it; open sessions are cut off. False if none was running."""
    place = places.of(data_dir)
    if not place.made:
        return False
    with _locked(data_dir):
        if not server.processes(place):
            return False
        server.stop(place)
    return True


def status(data_dir: Path) -> Status:
    place = places.of(data_dir)
    if not place.made:
        return Status(False, False, place.url, place.pgdata, None)
    return Status(True, server.answers(place), place.url, place.pgdata, place.version)


def remove(data_dir: Path) -> None:
    """Stops the cluster of `data_dir` and deletes it with all its data."""
    place = places.of(data_dir)
    if not data_dir.is_dir():
        return
    with _locked(data_dir):
        if place.made and server.processes(place):
            server.stop(place, mode="immediate")
        for folder in (place.pgdata, place.unfinished, place.sockets):
            shutil.rmtree(folder, ignore_errors=True)
        places.note(data_dir).unlink(missing_ok=True)


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """The kernel lets go of the lock when its holder dies, so it is never stale."""
    descriptor = os.open(data_dir / "postgres.lock", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
