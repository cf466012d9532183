"""`release.json`: what a release says of itself. No torch here, so the web can read it."""

import hashlib
import json
import re
from pathlib import Path, PurePath
from typing import Any

from model.errors import ReleaseError

FILE = "release.json"
FORMAT = "mirada-release"
VERSION = 1

Manifest = dict[str, Any]

# Key → the type that JSON gives it; what `describe` promises to be there.
KEYS: dict[str, type] = {
    "name": str,
    "created_at": str,
    "attributes": list,
    "preprocessing": dict,
    "trunk": dict,
    "heads": dict,
    "training": dict,
    "splits": dict,
    "votes": dict,
    "metrics": dict,
    "data": dict,
    "versions": dict,
    "licence": str,
    "demo": bool,
    "notes": list,
}

# What newer releases have beside them: what the card draws, and small copies of its photos.
OPTIONAL: dict[str, type] = {"portraits": dict, "examples": dict}

_EXAMPLE = re.compile(r"examples/[0-9]{3,}\.jpg")


def describe(folder: Path) -> Manifest:
    """The checked `release.json` of a release folder, or ReleaseError.

    Its weights are not read; `check_files` compares them with their hashes.
    """
    path = folder / FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ReleaseError(f"{folder} is no release: it holds no {FILE}.") from None
    except ValueError as error:
        raise ReleaseError(f"{path} is damaged ({error}); copy the release again.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), str):
        raise ReleaseError(f"{path} does not describe a release of Mirada.")
    _check_format(path, manifest["format"])
    for key, kind in KEYS.items():
        if not isinstance(manifest.get(key), kind):
            raise ReleaseError(f"{path} is damaged: {key} is missing or of the wrong kind.")
    for key, kind in OPTIONAL.items():
        if key in manifest and not isinstance(manifest[key], kind):
            raise ReleaseError(f"{path} is damaged: {key} is of the wrong kind.")
    _check_networks(path, manifest)
    _check_examples(path, manifest)
    return manifest


def _check_format(path: Path, text: str) -> None:
    name, _, version = text.partition("/")
    if name != FORMAT or not version.isdecimal():
        raise ReleaseError(f"{path} has the format {text!r}, which is not a release of Mirada.")
    if int(version) > VERSION:
        raise ReleaseError(
            f"{path} has the format {text}, but this program reads up to {FORMAT}/{VERSION}; "
            "update Mirada."
        )


def _check_networks(path: Path, manifest: Manifest) -> None:
    attributes, trunks = manifest["attributes"], manifest["trunk"]
    if not attributes or sorted(attributes) != sorted(manifest["heads"]):
        raise ReleaseError(f"{path} is damaged: its attributes are not those of its heads.")
    for part in [*trunks.values(), *manifest["heads"].values()]:
        if not isinstance(part, dict) or not _plain_name(part.get("file")):
            raise ReleaseError(f"{path} is damaged: it names no file, or one outside its folder.")
    for attribute, head in manifest["heads"].items():
        if head.get("trunk") not in trunks:
            raise ReleaseError(f"{path} is damaged: the trunk of {attribute} is missing.")


def _check_examples(path: Path, manifest: Manifest) -> None:
    for part in manifest.get("examples", {}).values():
        file = part.get("file") if isinstance(part, dict) else None
        if not isinstance(file, str) or not _EXAMPLE.fullmatch(file):
            raise ReleaseError(f"{path} is damaged: an example has no file in its examples/.")


def _plain_name(file: object) -> bool:
    return isinstance(file, str) and PurePath(file).name == file


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file that the manifest names with its SHA-256."""
    networks = [*manifest["trunk"].values(), *manifest["heads"].values()]
    for part in [*networks, manifest["splits"], *manifest.get("examples", {}).values()]:
        path = folder / part["file"]
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise ReleaseError(f"{path} is missing; copy the release again.") from None
        if digest != part.get("sha256"):
            raise ReleaseError(
                f"{path} is not the file that {FILE} names (its SHA-256 differs); "
                "copy the release again."
            )


def write(folder: Path, manifest: Manifest) -> None:
    text = json.dumps(
        {"format": f"{FORMAT}/{VERSION}", **manifest}, indent=2, ensure_ascii=False, allow_nan=False
    )
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
