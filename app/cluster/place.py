"""Where the cluster of a data folder lies, and which account it belongs to."""

import hashlib
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from app.cluster.binaries import INSTALL_HINT
from app.errors import SetupMissing

DATABASE = "mirada"
ROLE = "mirada"
PORT = "5432"
SHARED_FOLDER = Path("/var/lib/mirada")


class ClusterFailed(SetupMissing):
    """PostgreSQL is installed, but the private cluster cannot be made, started or stopped."""

    code = "cluster-failed"


@dataclass(frozen=True)
class Place:
    """pgdata: PostgreSQL's own data folder. sockets: a folder with a short path for its socket."""

    pgdata: Path
    sockets: Path
    owner: pwd.struct_passwd

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{ROLE}@/{DATABASE}?host={self.sockets}&port={PORT}"

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}"

    @property
    def unfinished(self) -> Path:
        return self.pgdata.with_name(self.pgdata.name + ".unfinished")

    @property
    def made(self) -> bool:
        return _made(self.pgdata)

    @property
    def version(self) -> str:
        return (self.pgdata / "PG_VERSION").read_text().strip()

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


def of(data_dir: Path) -> Place:
    if sys.platform != "linux":
        raise SetupMissing(f"A private database is made on Linux only. {INSTALL_HINT}")
    data_dir = data_dir.resolve()
    short = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    inside = data_dir / "postgres"
    if os.geteuid() == 0:
        owner = _account_for_root(inside)
        pgdata = _reachable(owner, inside, SHARED_FOLDER / short)
    else:
        owner = pwd.getpwuid(os.geteuid())
        pgdata = inside
        _refuse_foreign(owner, inside)
    # A socket's path may hold about 100 characters, so it never lies below data_dir.
    return Place(pgdata, Path("/tmp") / f"mirada-{short}", owner)


def note(data_dir: Path) -> Path:
    """The file in `data_dir` that names the cluster's folder where it had to lie elsewhere."""
    return data_dir / "postgres-is-elsewhere.txt"


def _made(pgdata: Path) -> bool:
    return (pgdata / "PG_VERSION").exists()


def _account_for_root(inside: Path) -> pwd.struct_passwd:
    """Who made the cluster, if that was somebody else than root; else `postgres`."""
    try:
        uid = inside.stat().st_uid
    except FileNotFoundError:
        uid = 0
    try:
        return pwd.getpwuid(uid) if uid != 0 else pwd.getpwnam("postgres")
    except KeyError:
        raise SetupMissing(
            f"There is no account `postgres` to run the database as. {INSTALL_HINT}"
        ) from None


def _reachable(owner: pwd.struct_passwd, inside: Path, outside: Path) -> Path:
    """`inside` where the owner may go there, else `outside`; a cluster that exists is kept."""
    if _made(outside):
        return outside
    if _may_enter(owner, inside):
        return inside
    if _made(inside):
        raise ClusterFailed(
            f"The account {owner.pw_name} may no longer enter {inside}, where the database lies. "
            f"Let it pass with `chmod o+x` on the folders above."
        )
    left_behind = note(inside.parent)
    if left_behind.exists() and Path(left_behind.read_text().strip()) != outside:
        raise ClusterFailed(
            f"{inside.parent} was moved or copied; its database is still where {left_behind} "
            f"says. Move that folder to {outside} to keep the database, or delete "
            f"{left_behind.name} to begin with a new one."
        )
    return outside


def _may_enter(owner: pwd.struct_passwd, inside: Path) -> bool:
    parent = next(folder for folder in inside.parents if folder.exists())
    tried = subprocess.run(
        ["test", "-x", parent], user=owner.pw_uid, group=owner.pw_gid, extra_groups=[], check=False
    )
    return tried.returncode == 0


def _refuse_foreign(owner: pwd.struct_passwd, inside: Path) -> None:
    there = next(folder for folder in (inside, *inside.parents) if folder.exists())
    mine = there.stat().st_uid == owner.pw_uid if there == inside else os.access(there, os.W_OK)
    if not mine or note(inside.parent).exists():
        raise ClusterFailed(
            f"The database of {inside.parent} belongs to another account than {owner.pw_name}. "
            f"Run as root or as that account, or set MIRADA_DATA_DIR to a folder of your own."
        )
