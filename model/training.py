"""From votes and photos to a release."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import torch

from model import device as devices
from model import judging
from model import material as materials
from model import release as releases
from model.config import Config
from model.features import Features, Progress, Views, extract
from model.fitting import Fitted, Pairs, fit
from model.folding import for_inference
from model.head import Head
from model.material import Material
from model.networks import Trunk, pretrained_trunk
from model.portraits import examples, portraits
from model.weights import state_hash

TRUNK = "shared"


def quiet(stage: str, done: int, total: int) -> None:
    """The progress of whoever does not want to hear of it."""


def train(
    votes_csv: Path,
    photos_folder: Path,
    out: Path,
    config: Config,
    *,
    name: str,
    demo: bool = False,
    progress: Progress = quiet,
) -> releases.Release:
    """Train one ranker per attribute, judge them on new photos, and write the release `out`.

    progress: called with a stage (`features`, then each attribute), what is done, and of how
    much. The same votes, photos, configuration and kind of machine give the same release.
    """
    releases.refuse_existing(out)
    material = materials.split(
        materials.gather(votes_csv, photos_folder, config.votes), config.split
    )
    materials.refuse_too_few(material, votes_csv)
    trunk = _trunk(config)
    weights_hash = state_hash(trunk)
    features = _features(trunk, weights_hash, material, config, out, progress)
    material = materials.without(material, features.unreadable)
    materials.refuse_too_few(material, votes_csv)
    fitted = _fit(material, features, config, progress)
    heads = {key: one.head for key, one in fitted.items()}
    raw = raw_outputs(heads, features, list(features.row))
    shown = portraits(raw, material.split)
    releases.save(
        out,
        trunks={TRUNK: (_describe_trunk(config, weights_hash), trunk)},
        heads={key: (TRUNK, head) for key, head in heads.items()},
        preprocessing=asdict(config.preprocessing),
        split=material.split,
        examples=examples(shown, material.files) if config.release.examples else None,
        manifest={
            "name": name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "training": _describe_training(config, fitted),
            "splits": materials.describe_split(material, config.split),
            "votes": materials.describe(material),
            "metrics": judging.judge_split(material, raw, config, progress),
            "portraits": shown,
            "data": {
                "votes_sha256": hashlib.sha256(votes_csv.read_bytes()).hexdigest(),
                "photos_sha256": features.digest,
                "photos": len(features.row),
                "unreadable": features.unreadable,
                "rejected_rows": material.rejected,
            },
            "versions": _versions(),
            "licence": config.release.licence,
            "demo": demo,
            "notes": list(config.release.notes),
        },
    )
    return releases.load(out)


def _trunk(config: Config) -> Trunk:
    network = config.network
    return pretrained_trunk(network.trunk, network.weights, network.pooling).eval()


def _features(
    trunk: Trunk,
    weights_hash: str,
    material: Material,
    config: Config,
    out: Path,
    progress: Progress,
) -> Features:
    cache = Path(config.features.cache) if config.features.cache else out.parent / ".features"
    device = devices.choose()
    network = devices.Network(
        for_inference(trunk, device), config.preprocessing, device, config.features.batch
    )
    return extract(
        material.files,
        network,
        Views(config.preprocessing, config.views),
        cache,
        identity={
            "trunk": config.network.trunk,
            "pooling": config.network.pooling,
            "weights_sha256": weights_hash,
        },
        threads=config.features.threads,
        progress=progress,
    )


def _fit(
    material: Material, features: Features, config: Config, progress: Progress
) -> dict[str, Fitted]:
    """One head per attribute, as many side by side as the device has lanes."""
    device = devices.choose()
    views = torch.from_numpy(features.views).to(device)
    turn = Lock()

    def tell(attribute: str, done: int, total: int) -> None:
        with turn:
            progress(attribute, done, total)

    def one(attribute: str) -> Fitted:
        return fit(
            views,
            _pairs(material.of(attribute, "train"), features.row).to(device),
            _pairs(material.of(attribute, "validation"), features.row).to(device),
            network=config.network,
            loss=config.loss,
            fitting=config.fitting,
            progress=partial(tell, attribute),
        )

    with devices.lanes(device) as pool:
        return dict(zip(material.attributes, pool.map(one, material.attributes), strict=True))


def _pairs(frame: pd.DataFrame, row: Mapping[str, int]) -> Pairs:
    left, right = (torch.tensor(frame[side].map(dict(row)).tolist()) for side in ("left", "right"))
    return Pairs(left, right, torch.tensor(frame["winner"].tolist(), dtype=torch.int8))


@torch.inference_mode()
def raw_outputs(heads: Mapping[str, Head], features: Features, keys: list[str]) -> pd.DataFrame:
    """Raw outputs of whole photos: index photo key, one column per attribute."""
    rows = np.array([features.row[key] for key in keys], np.int64)
    columns: dict[str, list[float]] = {attribute: [] for attribute in heads}
    for chunk in np.array_split(rows, max(1, len(rows) // 4096)):
        whole = torch.from_numpy(np.ascontiguousarray(features.views[chunk, 0]))
        for attribute, head in heads.items():
            columns[attribute].extend(head(whole).tolist())
    return pd.DataFrame(columns, index=pd.Index(keys, name="photo"))


def _describe_trunk(config: Config, weights_hash: str) -> dict[str, Any]:
    return {
        "network": config.network.trunk,
        "pooling": config.network.pooling,
        "weights": config.network.weights,
        "weights_sha256": weights_hash,
        "frozen": True,
    }


def _describe_training(config: Config, fitted: Mapping[str, Fitted]) -> dict[str, Any]:
    return {
        "config": config.as_dict(),
        "fits": {
            key: {"best_epoch": one.best_epoch, "epochs": [asdict(epoch) for epoch in one.epochs]}
            for key, one in fitted.items()
        },
    }


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "numpy", "pillow", "safetensors")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
