"""Which of the system's PostgreSQL installations makes and runs a cluster."""

import shutil
import subprocess
from pathlib import Path

from app.errors import SetupMissing

INSTALL_HINT = (
    "On Debian or Ubuntu `make setup` installs it; elsewhere install PostgreSQL with PostGIS 3.1 "
    "or newer, or start one with `docker compose up`, or point MIRADA_DATABASE_URL to one."
)


def newest() -> Path:
    """The folder with `initdb` and `pg_ctl` of the newest PostgreSQL that has PostGIS."""
    found = [folder for folder in _candidates() if (folder / "initdb").exists()]
    if not found:
        raise SetupMissing(f"PostgreSQL is not installed. {INSTALL_HINT}")
    for folder in found:
        if _has_postgis(folder):
            return folder
    raise SetupMissing(f"PostgreSQL in {found[0]} has no PostGIS. {INSTALL_HINT}")


def of_version(version: str, pgdata: Path) -> Path:
    """The binaries of the major version that made the cluster in `pgdata`: no other may run it."""
    for folder in _candidates():
        if (folder / "postgres").exists() and _major(folder) == version:
            return folder
    raise SetupMissing(
        f"The database in {pgdata} was made by PostgreSQL {version}, which is no longer "
        f"installed. Install it again, or move the folder away to begin with a new database."
    )


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
        said = subprocess.run(
            [binaries / "pg_config", "--sharedir"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return (Path(said.stdout.strip()) / "extension" / "postgis.control").exists()


def _major(binaries: Path) -> str:
    """As in the file PG_VERSION: "15" of "postgres (PostgreSQL) 15.18 (Debian …)"."""
    said = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return said.stdout.split(") ", 1)[-1].split(".")[0].strip()
