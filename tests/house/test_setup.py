"""`make` and the setup: quick when there is nothing to do, clear when it cannot go on."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERYDAY_TOOLS = (
    *("bash", "env", "cat", "sed", "cut", "ls", "sort", "grep", "head", "sha256sum"),
    *("dirname", "rm", "xargs", "tail"),
)


@pytest.mark.parametrize("extra", ["web", "worker", "dev"])
def test_a_second_setup_takes_seconds(extra: str) -> None:
    begun = time.monotonic()
    done = subprocess.run([ROOT / ".ci" / "setup", extra], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert time.monotonic() - begun < 10


@pytest.fixture
def poor_machine(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A clone, and a PATH with the everyday tools but no Node, no apt-get and no sudo."""
    clone = tmp_path / "clone"
    (clone / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "setup", clone / ".ci")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in EVERYDAY_TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    return clone, {"PATH": str(tools), "HOME": str(tmp_path)}


def test_where_nothing_can_be_installed_it_says_what_to_install(
    poor_machine: tuple[Path, dict[str, str]],
) -> None:
    clone, environment = poor_machine
    done = subprocess.run(
        [clone / ".ci" / "setup"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for word in ("Python 3.11", "Node.js 18", "apt-get install", "python3-venv", "docker compose"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (clone / ".venv").exists()


def test_an_older_python_is_passed_over_and_then_named(
    poor_machine: tuple[Path, dict[str, str]],
) -> None:
    clone, environment = poor_machine
    old = Path(environment["PATH"]) / "python3"
    old.write_text("#!/usr/bin/env bash\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        [clone / ".ci" / "setup", "web"],
        env=environment | {"MIRADA_DATABASE_URL": "postgresql://elsewhere/mirada"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "PostgreSQL" not in done.stderr.split("Install it")[0]


def test_an_unknown_extra_is_refused() -> None:
    done = subprocess.run([ROOT / ".ci" / "setup", "gpu"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "assets|web|worker|dev" in done.stderr


def test_the_scripts_are_valid_and_executable() -> None:
    for name in ("setup", "run"):
        file = ROOT / ".ci" / name
        assert os.access(file, os.X_OK)
        subprocess.run(["bash", "-n", file], check=True)


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "-C", ROOT], capture_output=True, text=True, check=True
    ).stdout.split()
    targets = {"setup", "demo", "test", "check", "bench", "serve", "worker", "migrate", "assets"}
    assert targets | {"clean", "screenshots", "lock", "stop"} <= set(listed)
