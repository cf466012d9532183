"""A release on disk: `release.json`, one safetensors file per trunk and head, and the split.

It may hold `examples/`, small copies of photos for its card.

Nothing in it is ever unpickled.
"""

import csv
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from torch import nn

from model.errors import ConfigError, ReleaseError, WeightsError
from model.networks.head import Head
from model.networks.trunks import bare_trunk, check_size
from model.photos.images import Preprocessing
from model.releases import manifest as manifests
from model.releases.manifest import Manifest

SPLITS_FILE = "splits.csv"
EXAMPLES_FOLDER = "examples"


@dataclass(frozen=True)
class Release:
    """Networks in evaluation mode on the CPU.

    trunks: name → network; heads: attribute → head, in the order of the attributes; trunk_of:
    attribute → name of the trunk that feeds its head.
    """

    folder: Path
    manifest: Manifest
    preprocessing: Preprocessing
    trunks: dict[str, nn.Module]
    heads: dict[str, Head]
    trunk_of: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(self.heads)

    def split(self) -> dict[str, str]:
        """Photo key → part of the photos that the release was trained, chosen or tested on."""
        return {row["photo"]: row["part"] for row in self._split_rows()}

    def parts_of(self, sha256: Mapping[str, str]) -> dict[str, str]:
        """Photo key → part, of those photos that the release knows by key or by their bytes.

        sha256: photo key → hash of its file. Older releases know photos by key only.
        """
        rows = self._split_rows()
        by_bytes = {row["sha256"]: row["part"] for row in rows if row.get("sha256")}
        by_key = {row["photo"]: row["part"] for row in rows}
        found = {key: by_key.get(key, by_bytes.get(own)) for key, own in sha256.items()}
        return {key: part for key, part in found.items() if part is not None}

    def _split_rows(self) -> list[dict[str, str]]:
        with (self.folder / SPLITS_FILE).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def save(
    folder: Path,
    *,
    trunks: Mapping[str, tuple[Mapping[str, Any], nn.Module]],
    heads: Mapping[str, tuple[str, Head]],
    preprocessing: Mapping[str, Any],
    split: Mapping[str, str],
    sha256: Mapping[str, str],
    manifest: Manifest,
    examples: Mapping[str, bytes] | None = None,
) -> None:
    """Write the folder, which must not exist; it appears whole or not at all.

    trunks: name → (its description, network). heads: attribute → (name of its trunk, head).
    split: photo key → part. sha256: photo key → hash of its file.
    manifest: all other keys of `release.json`; `splits` gets its file added.
    examples: photo key → JPEG.
    """
    refuse_existing(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        trunk_parts = {
            name: {**description, **_write_weights(building, f"trunk-{name}", trunk)}
            for name, (description, trunk) in trunks.items()
        }
        head_parts = {
            key: {"trunk": trunk, **_shape(head), **_write_weights(building, f"head-{key}", head)}
            for key, (trunk, head) in heads.items()
        }
        splits = {**manifest["splits"], **_write_split(building, split, sha256)}
        manifests.write(
            building,
            {
                **manifest,
                "attributes": list(heads),
                "preprocessing": dict(preprocessing),
                "trunk": trunk_parts,
                "heads": head_parts,
                "splits": splits,
                **({"examples": _write_examples(building, examples)} if examples else {}),
            },
        )
        building.chmod(0o755)
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def refuse_existing(folder: Path) -> None:
    if folder.exists():
        raise ReleaseError(f"{folder} exists; delete it, or choose another folder to write to.")


def _shape(head: Head) -> dict[str, Any]:
    first, dropout = head[0], head[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(dropout, nn.Dropout)
    return {
        "inputs": first.in_features,
        "hidden": first.out_features,
        "dropout": dropout.p,
    }


def _write_weights(folder: Path, name: str, module: nn.Module) -> dict[str, str]:
    file = f"{name}.safetensors"
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in module.state_dict().items()}
    safetensors.torch.save_file(state, folder / file)
    # Others read a release too: a web server, a worker.
    (folder / file).chmod(0o644)
    return {"file": file, "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest()}


def _write_split(
    folder: Path, split: Mapping[str, str], sha256: Mapping[str, str]
) -> dict[str, str]:
    path = folder / SPLITS_FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["photo", "part", "sha256"])
        writer.writerows((key, part, sha256.get(key, "")) for key, part in sorted(split.items()))
    return {"file": SPLITS_FILE, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _write_examples(folder: Path, examples: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Numbered, since a photo key may be no name of a file."""
    (folder / EXAMPLES_FOLDER).mkdir()
    written = {}
    for number, (key, content) in enumerate(sorted(examples.items()), start=1):
        file = f"{EXAMPLES_FOLDER}/{number:03}.jpg"
        (folder / file).write_bytes(content)
        written[key] = {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
    return written


def load(folder: Path) -> Release:
    """Read a release; ReleaseError where it is corrupt, foreign, or of a newer format."""
    manifest = manifests.describe(folder)
    manifests.check_files(folder, manifest)
    try:
        preprocessing = TypeAdapter(Preprocessing).validate_python(manifest["preprocessing"])
    except ValidationError as error:
        raise ReleaseError(f"The preprocessing of {folder} is not understood: {error}") from None
    for part in manifest["trunk"].values():
        _check_size(folder, part, preprocessing)
    trunks = {name: _trunk(folder, part) for name, part in manifest["trunk"].items()}
    heads = {key: _head(folder, manifest["heads"][key]) for key in manifest["attributes"]}
    trunk_of = {key: str(manifest["heads"][key]["trunk"]) for key in heads}
    return Release(folder, manifest, preprocessing, trunks, heads, trunk_of)


def _check_size(folder: Path, part: Mapping[str, Any], seen: Preprocessing) -> None:
    """Said here, since it would only fail when the first photo is scored."""
    try:
        check_size(str(part.get("network")), seen.height, seen.width)
    except (ConfigError, WeightsError) as error:
        raise ReleaseError(f"{folder} cannot be loaded. {error}") from None


def _trunk(folder: Path, part: Mapping[str, Any]) -> nn.Module:
    try:
        trunk = bare_trunk(str(part.get("network")), str(part.get("pooling")))
    except WeightsError as error:
        raise ReleaseError(f"{folder} cannot be loaded. {error}") from None
    return _with_weights(trunk, folder / part["file"])


def _head(folder: Path, part: Mapping[str, Any]) -> Head:
    try:
        head = Head(part["inputs"], part["hidden"], part["dropout"])
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise ReleaseError(f"{folder / manifests.FILE} is damaged: a head has no shape.") from None
    _with_weights(head, folder / part["file"])
    return head


def _with_weights(module: nn.Module, path: Path) -> nn.Module:
    try:
        state = safetensors.torch.load_file(path)
        module.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        raise ReleaseError(f"{path} does not fit the network it is for: {error}") from None
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise ReleaseError(f"{path} holds weights that are not finite; train the release again.")
    return module.eval()
