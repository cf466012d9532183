"""The import rule of the project holds, and would be missed."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAY_REACH_TORCH = {"cli", "cli_model", "worker"}
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint()"


def parts_of_app() -> set[str]:
    """Modules and packages directly in app/."""
    found = {file.stem for file in (ROOT / "app").glob("*.py") if file.stem != "__init__"}
    return found | {file.parent.name for file in (ROOT / "app").glob("*/__init__.py")}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_go_down_the_page_only() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_escapes_the_torch_contract() -> None:
    [contract] = [
        contract
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["id"] == "no-torch-in-app"
    ]
    listed = {name.removeprefix("app.") for name in contract["source_modules"]}
    assert listed == parts_of_app() - MAY_REACH_TORCH


@pytest.fixture
def copied_project(tmp_path: Path) -> Path:
    for name in ("app", "model"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.csv")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("app/errors.py", "import app.db", "app.errors is not allowed to import app.db"),
        ("app/photos/__init__.py", "import app.scores", "app.photos is not allowed to import"),
        ("app/helpers.py", "", "helpers"),
        ("app/schemas.py", "import torch", "app.schemas is not allowed to import torch"),
        ("app/db.py", "def f():\n    import torch", "app.routes is not allowed to import torch"),
        ("app/exports/__init__.py", "import model", "app.exports is not allowed to import model"),
        ("model/__init__.py", "import app.attributes", "model is not allowed to import app"),
        ("model/__init__.py", "import sqlalchemy", "model is not allowed to import sqlalchemy"),
    ],
)
def test_the_contracts_catch(copied_project: Path, file: str, line: str, complaint: str) -> None:
    """What an import rule does not see, it does not forbid: each kind of breach is tried."""
    with (copied_project / file).open("a") as module:
        module.write(f"\n{line}\n")
    done = lint_imports(copied_project)
    assert done.returncode == 1
    assert complaint in " ".join(done.stdout.split())


def test_the_web_process_never_holds_torch() -> None:
    script = "import sys, app.main; sys.exit('torch' in sys.modules or 'model' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
