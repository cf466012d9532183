"""Making, starting and stopping the server of one place."""

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

from app.cluster import binaries
from app.cluster.place import DATABASE, PORT, ROLE, SHARED_FOLDER, ClusterFailed, Place

START_TIMEOUT_S = 60

# For a machine of a few gigabytes that also trains and serves.
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 1GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
"""

# Whatever is in such a cluster may be lost when the machine crashes.
NOT_DURABLE = """
fsync = off
full_page_writes = off
"""

# Idempotent, so that a cluster whose first start was cut short is completed by the next one.
# The role is no superuser: Mirada must run on databases that others administer.
PROVISION = f"""
SELECT 'CREATE ROLE {ROLE} LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}')\\gexec
SELECT 'CREATE DATABASE {DATABASE} OWNER {ROLE}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')\\gexec
\\connect {DATABASE}
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
"""


def make(place: Place, *, durable: bool) -> None:
    """Made beside its final place and renamed, so that a half-made cluster is never started."""
    initdb = binaries.newest() / "initdb"
    if place.pgdata.parent == SHARED_FOLDER:
        SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
        SHARED_FOLDER.chmod(0o755)
    shutil.rmtree(place.unfinished, ignore_errors=True)
    place.unfinished.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(place.unfinished, place.owner.pw_uid, place.owner.pw_gid)
    done = place.run(
        *(initdb, "-D", place.unfinished, "--username=postgres", "--encoding=UTF8"),
        *("--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject"),
        *(() if durable else ("--no-sync",)),
    )
    if done.returncode != 0:
        raise ClusterFailed(f"A database cannot be made in {place.pgdata}: {_said(done)}")
    with (place.unfinished / "postgresql.conf").open("a") as file:
        file.write(SETTINGS if durable else SETTINGS + NOT_DURABLE)
    place.unfinished.rename(place.pgdata)


def wait_for_answer(place: Place) -> bool:
    """False once it is certain that no process of the cluster is left, so that one may start.

    A server may be recovering from a crash; one that was killed leaves children behind, which
    notice it within a second or two; one whose socket somebody cleared away must be stopped.
    """
    begun = time.monotonic()
    while not answers(place):
        if not processes(place):
            return False
        waited = time.monotonic() - begun
        if waited > START_TIMEOUT_S:
            raise ClusterFailed(
                f"The database in {place.pgdata} runs, but does not answer. Its log is in "
                f"{place.pgdata / 'log'}. Wait until it has recovered, or end it, and try again."
            )
        if waited > 5 and not place.socket.exists():
            stop(place)
        time.sleep(0.1)
    return True


def start(place: Place) -> None:
    """The caller knows that no process of the cluster is left."""
    _prepare_sockets(place)
    # After a crash another process may have the number that stands in this file.
    (place.pgdata / "postmaster.pid").unlink(missing_ok=True)
    options = f"-c unix_socket_directories={place.sockets} -c port={PORT}"
    done = place.run(
        *(_binary(place, "pg_ctl"), "start", "-D", place.pgdata, "-w", "-t", str(START_TIMEOUT_S)),
        *("-l", place.pgdata / "start.log", "-o", options),
    )
    if done.returncode != 0:
        log = place.pgdata / "start.log"
        last_words = log.read_text(errors="replace").strip()[-2000:] if log.exists() else ""
        raise ClusterFailed(
            f"The database in {place.pgdata} does not start: {_said(done)}\n{last_words}\n"
            f"More is in {place.pgdata / 'log'}."
        )


def provision(place: Place) -> None:
    """Role, database and extension, where they are missing."""
    done = place.run(
        *(_binary(place, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", place.sockets),
        *("-p", PORT, "-U", "postgres", "-d", "postgres", "-f", "-"),
        stdin=PROVISION,
    )
    if done.returncode != 0:
        raise ClusterFailed(f"The database in {place.pgdata} cannot be prepared: {_said(done)}")


def stop(place: Place, *, mode: str = "fast") -> None:
    """mode: PostgreSQL's; "immediate" writes nothing, for a cluster that is to be deleted."""
    done = place.run(
        *(_binary(place, "pg_ctl"), "stop", "-D", place.pgdata, "-m", mode, "-w"),
        *("-t", str(START_TIMEOUT_S)),
    )
    # pg_ctl fails where the server was killed and only its children are still there.
    deadline = time.monotonic() + 10
    while processes(place):
        if time.monotonic() > deadline:
            raise ClusterFailed(f"The database in {place.pgdata} does not stop: {_said(done)}")
        time.sleep(0.1)


def answers(place: Place) -> bool:
    pg_isready = _binary(place, "pg_isready")
    return place.run(pg_isready, "-q", "-h", place.sockets, "-p", PORT, "-t", "5").returncode == 0


def processes(place: Place) -> list[int]:
    """All of the cluster: the server and its children work in the data folder."""
    found = []
    folder = place.pgdata.resolve()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:  # of another account, or gone meanwhile
            continue
    return found


def _binary(place: Place, name: str) -> Path:
    return binaries.of_version(place.version, place.pgdata) / name


def _prepare_sockets(place: Place) -> None:
    """A folder that nobody else could have put there, since its name can be guessed."""
    try:
        place.sockets.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(place.sockets, place.owner.pw_uid, place.owner.pw_gid)
    except FileExistsError:
        pass
    there = place.sockets.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != place.owner.pw_uid:
        raise ClusterFailed(
            f"{place.sockets} belongs to another account, but the database's socket must lie "
            f"there. Remove it and try again."
        )
    place.sockets.chmod(0o700)
    for left_over in place.sockets.glob(f"{place.socket.name}*"):
        left_over.unlink()


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}")[-2000:]
