"""The folder of a release as training writes it, and its copy in the release store.

`release.json` and the weights are checked here without torch.
"""

import hashlib
import json
import re
import shutil
import uuid
from pathlib import Path, PurePath
from typing import Any

from app.attributes import KEYS
from app.errors import BadRelease
from app.releases.release import NAME

MANIFEST = "release.json"
FORMAT = "mirada-release"
FORMAT_VERSION = 1
_EXAMPLE = re.compile(r"examples/[0-9]{3,}\.jpg").fullmatch


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `release.json` says, after every file that it names was compared with its SHA-256."""
    path = folder / MANIFEST
    manifest = _read(folder)
    for key, kind in (("name", str), ("attributes", list), ("metrics", dict), ("heads", dict)):
        if not isinstance(manifest.get(key), kind):
            raise BadRelease(f"{path} is damaged: {key} is missing or of the wrong kind.")
    if NAME.fullmatch(manifest["name"]) is None:
        raise BadRelease(f"{path} has the name {manifest['name']!r}, which no release may have.")
    foreign = [key for key in manifest["attributes"] if key not in KEYS]
    if foreign or not manifest["attributes"]:
        raise BadRelease(
            f"{path} scores {', '.join(map(str, foreign)) or 'no attribute'}; Mirada knows "
            f"{', '.join(KEYS)}."
        )
    _check_files(folder, manifest)
    return manifest


def said_name(folder: Path) -> str:
    """The name in its `release.json`, which is all that was checked."""
    name = _read(folder).get("name")
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        raise BadRelease(f"{folder / MANIFEST} has the name {name!r}, which no release may have.")
    return name


def _read(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadRelease(f"{folder} is no release: it has no {MANIFEST}.") from None
    except (ValueError, OSError) as error:
        raise BadRelease(f"{path} cannot be read ({error}). Copy the release again.") from None
    if not isinstance(manifest, dict):
        raise BadRelease(f"{path} does not describe a release of Mirada.")
    _check_format(path, manifest.get("format"))
    return manifest


def _check_format(path: Path, written: object) -> None:
    name, _, version = str(written).partition("/")
    if name != FORMAT or not version.isdecimal():
        raise BadRelease(f"{path} does not describe a release of Mirada.")
    if int(version) > FORMAT_VERSION:
        raise BadRelease(
            f"{path} has the format {written}, but this Mirada reads up to "
            f"{FORMAT}/{FORMAT_VERSION}. Update Mirada."
        )


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    path = folder / MANIFEST
    trunks, heads = manifest.get("trunk"), manifest["heads"]
    if not isinstance(trunks, dict) or sorted(heads) != sorted(manifest["attributes"]):
        raise BadRelease(f"{path} is damaged: its networks are not those of its attributes.")
    examples = manifest.get("examples", {})
    if not isinstance(examples, dict):
        raise BadRelease(f"{path} is damaged: examples is of the wrong kind.")
    networks = [*trunks.values(), *heads.values()]
    for part in [*networks, manifest.get("splits"), *examples.values()]:
        file = part.get("file") if isinstance(part, dict) else None
        if not isinstance(file, str) or not (PurePath(file).name == file or _EXAMPLE(file)):
            raise BadRelease(f"{path} is damaged: it names no file, or one outside its folder.")
        try:
            with (folder / file).open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise BadRelease(f"{folder / file} cannot be read: {error.strerror}.") from None
        if digest != part.get("sha256"):
            raise BadRelease(
                f"{folder / file} is not the file that {MANIFEST} names (its SHA-256 differs). "
                f"Copy the release again."
            )


def copy(folder: Path, target: Path) -> None:
    """The target appears whole or not at all; one without a row is what a failure left behind."""
    if folder.resolve() == target.resolve():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        shutil.copytree(folder, building)
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise BadRelease(f"{folder} cannot be copied to {target}: {error}.") from error
