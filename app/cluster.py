"""A PostGIS cluster of Mirada's own, for machines where nobody runs one.

It is made from the system's PostgreSQL by the first `ensure`, listens on a Unix socket only, and
goes on running until `stop`. PostgreSQL refuses to run as root; for root the cluster belongs to
the system account `postgres`. Who may connect is decided by the socket's folder, which only the
cluster's owner (and root) may enter; behind it there are no passwords.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.errors import SetupMissing

DATABASE = "mirada"
ROLE = "mirada"
PORT = "5432"
SOCKET = f".s.PGSQL.{PORT}"
START_TIMEOUT_S = 60
SHARED_FOLDER = Path("/var/lib/mirada")

INSTALL_HINT = (
    "On Debian or Ubuntu `make setup` installs it; elsewhere install PostgreSQL with PostGIS 3.1 "
    "or newer, or start one with `docker compose up`, or point MIRADA_DATABASE_URL to one."
)

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

# Whatever is in such a cluster is thrown away after a crash of the machine.
NOT_DURABLE = """
fsync = off
synchronous_commit = off
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


class ClusterFailed(SetupMissing):
    """PostgreSQL is installed, but the private cluster cannot be made, started or stopped."""

    code = "cluster-failed"


@dataclass(frozen=True)
class Status:
    """What `mirada db status` prints. `url` is there whether or not the cluster runs."""

    made: bool
    running: bool
    url: str
    folder: Path
    postgresql: str | None
    """The major version that made the cluster, None before the first `ensure`."""


@dataclass(frozen=True)
class _Place:
    """Where the cluster of one data folder lies and which account it belongs to."""

    pgdata: Path
    sockets: Path
    owner: pwd.struct_passwd

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={self.sockets}&port={PORT}"

    @property
    def made(self) -> bool:
        return (self.pgdata / "PG_VERSION").exists()

    @property
    def version(self) -> str | None:
        return (self.pgdata / "PG_VERSION").read_text().strip() if self.made else None

    def run(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Runs as the owner, in a folder that every account may enter, without PG* variables."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
        environment |= {"HOME": self.owner.pw_dir, "LC_ALL": "C.UTF-8"}
        privileged = os.geteuid() == 0
        return subprocess.run(
            [str(part) for part in command],
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment,
            user=self.owner.pw_uid if privileged else None,
            group=self.owner.pw_gid if privileged else None,
            extra_groups=[] if privileged else None,
            check=False,
        )


def ensure(data_dir: Path, *, durable: bool = True) -> str:
    """The URL of the running cluster of `data_dir`, which is made or started where it must be.

    Callers that come at the same time wait for the first. durable: False makes a new cluster
    fast and lets a crash of the machine destroy it; an existing cluster keeps what it has.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with _locked(data_dir):
        place = _place(data_dir.resolve())
        if not place.made:
            _make(place, durable=durable)
        if place.pgdata.parent == SHARED_FOLDER:
            _note(data_dir).write_text(f"The database of this folder lies in {place.pgdata}\n")
        binaries = _binaries_of(place)
        if not _wait_for_answer(place, binaries):
            _start(place, binaries)
        _provision(place, binaries)
        return place.url


def stop(data_dir: Path) -> bool:
    """Stops the cluster and waits for it; open sessions are cut off. False if none was running."""
    if not data_dir.is_dir():
        return False
    with _locked(data_dir):
        place = _place(data_dir.resolve())
        if not place.made or not _processes(place.pgdata):
            return False
        _stop(place, _binaries_of(place))
        return True


def status(data_dir: Path) -> Status:
    place = _place(data_dir.resolve())
    running = place.made and _answers(place, _binaries_of(place))
    return Status(place.made, running, place.url, place.pgdata, place.version)


def remove(data_dir: Path) -> None:
    """Stops the cluster of `data_dir` and deletes it with all its data."""
    stop(data_dir)
    place = _place(data_dir.resolve())
    for folder in (place.pgdata, _unfinished(place.pgdata), place.sockets):
        shutil.rmtree(folder, ignore_errors=True)
    _note(data_dir).unlink(missing_ok=True)


def find_binaries() -> Path:
    """The folder with `initdb` and `pg_ctl` of the newest PostgreSQL that has PostGIS."""
    found = [folder for folder in _candidates() if (folder / "initdb").exists()]
    if not found:
        raise SetupMissing(f"PostgreSQL is not installed. {INSTALL_HINT}")
    for folder in found:
        if _has_postgis(folder):
            return folder
    raise SetupMissing(f"PostgreSQL in {found[0]} has no PostGIS. {INSTALL_HINT}")


def _candidates() -> list[Path]:
    """Newest first: where Debian and Red Hat keep several versions side by side, then PATH."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    folders.sort(key=_version_in_path, reverse=True)
    on_path = shutil.which("initdb")
    return folders + ([Path(on_path).resolve().parent] if on_path else [])


def _version_in_path(binaries: Path) -> int:
    digits = "".join(c for c in binaries.parent.name if c.isdigit())
    return int(digits) if digits else 0


def _has_postgis(binaries: Path) -> bool:
    try:
        shared = subprocess.run(
            [binaries / "pg_config", "--sharedir"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return False
    return (Path(shared) / "extension" / "postgis.control").exists()


def _binaries_of(place: _Place) -> Path:
    """The binaries of the major version that made the cluster: no other may start it."""
    for folder in _candidates():
        if (folder / "postgres").exists() and _major(folder) == place.version:
            return folder
    raise SetupMissing(
        f"The database in {place.pgdata} was made by PostgreSQL {place.version}, which is no "
        f"longer installed. Install it again, or move the folder away to begin with a new one."
    )


def _major(binaries: Path) -> str:
    """As in the file PG_VERSION, "15" of "postgres (PostgreSQL) 15.18 (Debian …)"."""
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True)
    return said.stdout.split(") ", 1)[-1].split(".")[0].strip()


def _place(data_dir: Path) -> _Place:
    """data_dir: absolute and resolved, since names are derived from it."""
    if sys.platform != "linux":
        raise SetupMissing(f"A private database is made on Linux only. {INSTALL_HINT}")
    short = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    pgdata = data_dir / "postgres"
    if os.geteuid() == 0:
        owner = _account_for_root(pgdata)
        if not _may_enter(owner, pgdata):
            pgdata = SHARED_FOLDER / short
    else:
        owner = pwd.getpwuid(os.geteuid())
        _refuse_foreign(owner, pgdata)
    # A socket's path may hold about 100 characters, so it never lies below data_dir.
    return _Place(pgdata, Path("/tmp") / f"mirada-{short}", owner)


def _account_for_root(pgdata: Path) -> pwd.struct_passwd:
    """Who made the cluster, if that was somebody else than root; else `postgres`."""
    try:
        uid = pgdata.stat().st_uid
    except FileNotFoundError:
        uid = 0
    try:
        return pwd.getpwuid(uid) if uid != 0 else pwd.getpwnam("postgres")
    except KeyError:
        raise SetupMissing(
            f"There is no account `postgres` to run the database as. {INSTALL_HINT}"
        ) from None


def _refuse_foreign(owner: pwd.struct_passwd, pgdata: Path) -> None:
    folder = pgdata if pgdata.exists() else next(p for p in pgdata.parents if p.exists())
    if pgdata.exists() and pgdata.stat().st_uid == owner.pw_uid:
        return
    if pgdata.exists() or not os.access(folder, os.W_OK) or _note(pgdata.parent).exists():
        raise ClusterFailed(
            f"The database of {pgdata.parent} belongs to another account than {owner.pw_name}. "
            f"Run as root or as that account, or set MIRADA_DATA_DIR to a folder of your own."
        )


def _may_enter(owner: pwd.struct_passwd, pgdata: Path) -> bool:
    parent = next(folder for folder in pgdata.parents if folder.exists())
    tried = subprocess.run(
        ["test", "-x", parent], user=owner.pw_uid, group=owner.pw_gid, extra_groups=[], check=False
    )
    return tried.returncode == 0


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """The kernel lets go of the lock when its holder dies, so it is never stale."""
    descriptor = os.open(data_dir / "postgres.lock", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _note(data_dir: Path) -> Path:
    return data_dir / "postgres-is-elsewhere.txt"


def _unfinished(pgdata: Path) -> Path:
    return pgdata.with_name(pgdata.name + ".unfinished")


def _make(place: _Place, *, durable: bool) -> None:
    """Made beside its final place and renamed, so that a half-made cluster is never started."""
    binaries = find_binaries()
    unfinished = _unfinished(place.pgdata)
    shutil.rmtree(unfinished, ignore_errors=True)
    if place.pgdata.parent == SHARED_FOLDER:
        SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
        SHARED_FOLDER.chmod(0o755)
    unfinished.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(unfinished, place.owner.pw_uid, place.owner.pw_gid)
    done = place.run(
        binaries / "initdb",
        *("-D", unfinished, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"),
        *("--auth-local=trust", "--auth-host=reject"),
    )
    if done.returncode != 0:
        raise ClusterFailed(f"A database cannot be made in {place.pgdata}: {_said(done)}")
    with (unfinished / "postgresql.conf").open("a") as file:
        file.write(SETTINGS + ("" if durable else NOT_DURABLE))
    unfinished.rename(place.pgdata)


def _wait_for_answer(place: _Place, binaries: Path) -> bool:
    """False once it is certain that no process of the cluster is left, so that one may start.

    A server may be recovering from a crash; one that was killed leaves children behind, which
    notice it within a second or two; one whose socket somebody cleared away must be stopped.
    """
    begun = time.monotonic()
    while not _answers(place, binaries):
        if not _processes(place.pgdata):
            return False
        waited = time.monotonic() - begun
        if waited > START_TIMEOUT_S:
            raise ClusterFailed(
                f"The database in {place.pgdata} runs, but does not answer. Its log is in "
                f"{place.pgdata / 'log'}. Wait until it has recovered, or end it, and try again."
            )
        if waited > 5 and not (place.sockets / SOCKET).exists():
            _stop(place, binaries)
        time.sleep(0.1)
    return True


def _start(place: _Place, binaries: Path) -> None:
    _prepare_sockets(place)
    # After a crash another process may have the number that stands in this file.
    (place.pgdata / "postmaster.pid").unlink(missing_ok=True)
    options = f"-c unix_socket_directories={place.sockets} -c port={PORT}"
    done = place.run(
        *(binaries / "pg_ctl", "start", "-D", place.pgdata, "-w", "-t", str(START_TIMEOUT_S)),
        *("-l", place.pgdata / "start.log", "-o", options),
    )
    if done.returncode != 0:
        log = place.pgdata / "start.log"
        last_words = log.read_text(errors="replace").strip()[-2000:] if log.exists() else ""
        raise ClusterFailed(
            f"The database in {place.pgdata} does not start: {_said(done)}\n{last_words}\n"
            f"More is in {place.pgdata / 'log'}."
        )


def _stop(place: _Place, binaries: Path) -> None:
    done = place.run(
        *(binaries / "pg_ctl", "stop", "-D", place.pgdata, "-m", "fast", "-w"),
        *("-t", str(START_TIMEOUT_S)),
    )
    # pg_ctl fails where the server was killed and only its children are still there.
    deadline = time.monotonic() + 10
    while _processes(place.pgdata):
        if time.monotonic() > deadline:
            raise ClusterFailed(f"The database in {place.pgdata} does not stop: {_said(done)}")
        time.sleep(0.1)


def _prepare_sockets(place: _Place) -> None:
    """A folder that nobody else could have put there, since its name can be guessed."""
    privileged = os.geteuid() == 0
    try:
        place.sockets.mkdir(mode=0o700)
        if privileged:
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
    for left_over in place.sockets.glob(f"{SOCKET}*"):
        left_over.unlink()


def _answers(place: _Place, binaries: Path) -> bool:
    command = (binaries / "pg_isready", "-q", "-h", place.sockets, "-p", PORT, "-t", "5")
    return place.run(*command).returncode == 0


def _provision(place: _Place, binaries: Path) -> None:
    done = place.run(
        *(binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", place.sockets),
        *("-p", PORT, "-U", "postgres", "-d", "postgres", "-f", "-"),
        stdin=PROVISION,
    )
    if done.returncode != 0:
        raise ClusterFailed(f"The database in {place.pgdata} cannot be prepared: {_said(done)}")


def _processes(pgdata: Path) -> list[int]:
    """All processes of the cluster: the server and its children work in the data folder."""
    found = []
    folder = pgdata.resolve()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:  # of another account, or gone meanwhile
            continue
    return found


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}")[-2000:]
