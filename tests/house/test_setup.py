"""`make` and the setup: quick when there is nothing to do, clear when it cannot go on."""

import importlib.util
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERYDAY_TOOLS = (
    *("bash", "env", "cat", "sed", "cut", "ls", "sort", "grep", "head", "sha256sum"),
    *("dirname", "rm", "xargs", "tail", "comm"),
)


# Builds an editable install of a folder, as setuptools would, but needs nothing to be installed.
BACKEND = """
import os, zipfile

INFO = {
    "METADATA": "Metadata-Version: 2.1\\nName: mirada\\nVersion: 1\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "entry_points.txt": "[console_scripts]\\nmirada = app:main\\n",
}

def build_editable(folder, config_settings=None, metadata_directory=None):
    files = {"mirada.pth": os.getcwd()}
    files |= {f"mirada-1.dist-info/{name}": content for name, content in INFO.items()}
    files["mirada-1.dist-info/RECORD"] = "".join(f"{name},,\\n" for name in files)
    with zipfile.ZipFile(os.path.join(folder, "mirada-1-py3-none-any.whl"), "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return "mirada-1-py3-none-any.whl"
"""


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


def test_a_broken_environment_is_repaired(tmp_path: Path) -> None:
    """On a project without dependencies, so that nothing is downloaded."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "setup", tmp_path / ".ci")
    (tmp_path / "static" / "dist").mkdir(parents=True)
    (tmp_path / "static" / "dist" / "manifest.json").touch()
    (tmp_path / "requirements-web.lock").touch()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "backend.py").write_text(BACKEND)
    environment = os.environ | {"MIRADA_DATABASE_URL": "postgresql://elsewhere/mirada"}

    def setup() -> str:
        done = subprocess.run(
            [tmp_path / ".ci" / "setup", "web"], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        subprocess.run([tmp_path / ".venv" / "bin" / "python", "-c", "import app"], check=True)
        return done.stdout

    half_made = tmp_path / ".venv" / "bin"
    half_made.mkdir(parents=True)
    (half_made / "python").symlink_to("/nowhere/python")
    made = "Making the Python environment"
    assert made in setup()
    assert setup() == ""

    [packages] = (tmp_path / ".venv" / "lib").glob("python3*/site-packages")
    shutil.rmtree(packages / "mirada-1.dist-info")
    assert made in setup()
    assert setup() == ""

    (tmp_path / ".venv" / "mirada-web.stamp").unlink()
    again = setup()
    assert "Installing Python packages" in again
    assert made not in again


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


def test_make_runs_modules_that_exist() -> None:
    named = set(re.findall(r"-m ([a-z_.]+)", (ROOT / "Makefile").read_text()))
    assert named
    lost = [name for name in sorted(named) if importlib.util.find_spec(name) is None]
    assert lost == []
