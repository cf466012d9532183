"""Tools that a benchmark compares with or asks by, each in an environment of its own.

They have dependencies that Mirada does without, and are installed the first time they are needed.
"""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def folder(tool: str, *requirements: str) -> Path:
    """`.mirada/{tool}`, with the tool and the requirements in it.

    Raises CalledProcessError where they cannot be installed.
    """
    home = ROOT / ".mirada" / tool
    done = home / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, tool, *requirements], check=True)
        done.touch()
    return home


def version(home: Path, tool: str) -> str:
    asked = f"import importlib.metadata as m; print(m.version({tool!r}))"
    said = subprocess.run(
        [home / "bin" / "python", "-c", asked], check=True, capture_output=True, text=True
    )
    return said.stdout.strip()
