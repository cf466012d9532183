"""Every dependency is declared, pinned with its hash, and explained."""

import importlib.metadata
import json
import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def declared_python() -> dict[str, Requirement]:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    requirements = map(Requirement, chain(project["dependencies"], *extras))
    return {requirement.name: requirement for requirement in requirements}


def locked(name: str) -> dict[str, str]:
    text = (ROOT / f"requirements-{name}.lock").read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pins}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("web", ["build"]),
        ("worker", ["build", "worker"]),
        ("dev", ["build", "worker", "dev"]),
    ],
)
def test_the_lock_files_hold_what_pyproject_asks_for(lock: str, extras: list[str]) -> None:
    pins = locked(lock)
    project = PROJECT["project"]
    asked = list(project["dependencies"])
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    stale = [
        line
        for line in asked
        if canonicalize_name(Requirement(line).name) not in pins
        or not Requirement(line).specifier.contains(pins[canonicalize_name(Requirement(line).name)])
    ]
    assert stale == [], "run `make lock`"


def test_the_web_has_no_torch() -> None:
    assert not {"torch", "torchvision", "safetensors"} & locked("web").keys()


def test_an_extra_holds_the_ones_before_it() -> None:
    """`make setup` counts on it: an environment for dev is one for the web too."""
    web, worker, dev = locked("web"), locked("worker"), locked("dev")
    assert web.items() <= worker.items()
    assert worker.items() <= dev.items()


@pytest.mark.parametrize("name", ["web", "worker", "dev", "weights"])
def test_every_pin_has_a_hash(name: str) -> None:
    lines = (ROOT / f"requirements-{name}.lock").read_text().splitlines()
    pins = [i for i, line in enumerate(lines) if "==" in line and not line.startswith("#")]
    assert pins
    assert [lines[i] for i in pins if "--hash=sha256:" not in lines[i + 1]] == []


def test_package_lock_agrees_with_package_json() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert lock[""][kind] == package[kind]
    assert all("integrity" in entry for path, entry in lock.items() if path)


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| (\S+) \| (.+) \|$", page, re.MULTILINE)
    explained = {name for name, reason in rows if len(reason) > 3} - {"package", "Chromium"}
    package = json.loads((ROOT / "package.json").read_text())
    weights = locked("weights")
    declared = {*declared_python(), *package["dependencies"], *package["devDependencies"], *weights}
    assert explained == declared


def test_every_import_is_a_declared_dependency() -> None:
    """A package that comes only with another one may leave with it."""
    declared = {canonicalize_name(name) for name in declared_python()}
    owners = importlib.metadata.packages_distributions()
    undeclared: dict[str, str] = {}
    for file in [*ROOT.glob("app/**/*.py"), *ROOT.glob("model/**/*.py")]:
        for name in re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(), re.MULTILINE):
            packages = {canonicalize_name(owner) for owner in owners.get(name, [])}
            own = {"app", "model", "mirada"} & ({name} | packages)
            if packages and not own and not packages & declared:
                undeclared[name] = str(file.relative_to(ROOT))
    assert undeclared == {}
