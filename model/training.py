"""From votes and photos to a release."""

import hashlib
import platform
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model import device as devices
from model.config import Config
from model.judging import judge as judging
from model.learning import checkpoint, distributed, frozen, tuning
from model.learning import journal as journals
from model.learning.distributed import Group
from model.learning.features import Features, Progress, Views, extract
from model.learning.feeding import Inspected, inspect
from model.learning.outcome import Outcome
from model.learning.work import Work
from model.networks.folding import for_inference
from model.networks.trunks import Trunk, check_size, pretrained_trunk
from model.networks.weights import state_hash
from model.releases import release as releases
from model.releases.portraits import examples, portraits
from model.votes import material as materials
from model.votes.material import Material

LOG = "training.csv"


def quiet(stage: str, done: int, total: int) -> None:
    """The progress of whoever does not want to hear of it."""


def silent(sentence: str) -> None:
    """The notices of whoever does not want to hear of them."""


def train(
    votes_csv: Path,
    photos_folder: Path,
    out: Path,
    config: Config,
    *,
    name: str,
    demo: bool = False,
    progress: Progress = quiet,
    notice: Callable[[str], None] = silent,
) -> releases.Release:
    """`make` in one process, and the release that it wrote."""
    make(
        votes_csv,
        photos_folder,
        out,
        config,
        name=name,
        demo=demo,
        progress=progress,
        notice=notice,
    )
    return releases.load(out)


def make(
    votes_csv: Path,
    photos_folder: Path,
    out: Path,
    config: Config,
    *,
    name: str,
    demo: bool = False,
    progress: Progress = quiet,
    notice: Callable[[str], None] = silent,
) -> bool:
    """Train one ranker per attribute, judge them on new photos, and write the release `out`.

    progress: called with a stage (`features` or `photos`, then each attribute with its steps),
    what is done, and of how much. notice: called with a sentence where an unfinished run is
    taken up or dropped. The same votes, photos, configuration and kind of machine give the same
    release, also when the process is killed and the same call made again.
    Under torchrun all processes call it; true in the one that wrote the release.
    """
    with distributed.joined() as group:
        releases.refuse_existing(out)
        check_size(config.network.trunk, config.preprocessing.height, config.preprocessing.width)
        material = materials.split(
            materials.gather(votes_csv, photos_folder, config.votes), config.split
        )
        materials.refuse_too_few(material, votes_csv)
        trunk = _trunk(config)
        start = {"weights_sha256": state_hash(trunk)}
        photos = _photos(trunk, start, material, config, group, out, progress)
        material = materials.without(material, photos.unreadable)
        materials.refuse_too_few(material, votes_csv)
        key = _key(config, start, material, photos, group)
        with checkpoint.workplace(out, key, group.leads, notice) as folder:
            work = Work(config, group, folder, progress)
            if isinstance(photos, Features):
                outcome = frozen.train(material, trunk, photos, work)
            else:
                outcome = tuning.train(material, trunk, work)
            if folder is not None:
                manifest = {
                    "name": name,
                    "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    **_describe(material, outcome, config, progress),
                    "data": _describe_data(votes_csv, material, photos),
                    "demo": demo,
                }
                _write(out, folder, manifest, start, material, outcome, config)
                checkpoint.clear(out)
        return group.leads


def _trunk(config: Config) -> Trunk:
    network, seed = config.network, config.fitting.seed
    return pretrained_trunk(network.trunk, network.weights, network.pooling, seed=seed).eval()


def _photos(
    trunk: Trunk,
    start: dict[str, str],
    material: Material,
    config: Config,
    group: Group,
    out: Path,
    progress: Progress,
) -> Features | Inspected:
    """What is to be known of all photos before training: their features, if the trunk is frozen."""
    if config.network.train_trunk:
        threads = config.fitting.threads
        return inspect(material.files, config.preprocessing, threads, progress)
    cache = Path(config.features.cache) if config.features.cache else out.parent / ".features"
    network = devices.Network(
        for_inference(trunk, group.device),
        config.preprocessing,
        group.device,
        config.features.batch,
    )
    return extract(
        material.files,
        network,
        Views(config.preprocessing, config.views),
        cache,
        identity={
            "trunk": config.network.trunk,
            "pooling": config.network.pooling,
            **start,
        },
        threads=config.features.threads,
        progress=progress,
    )


def _key(
    config: Config,
    start: dict[str, str],
    material: Material,
    photos: Features | Inspected,
    group: Group,
) -> str:
    """What the weights depend on: a state under another key is of another training."""
    votes = material.frame.to_csv(index=False).encode()
    return checkpoint.key_of(
        {
            "config": config.as_dict(),
            **start,
            "votes": hashlib.sha256(votes).hexdigest(),
            "photos": photos.digest,
            "device": group.device.type,
            "processes": group.size,
            "torch": version("torch"),
        }
    )


def _write(
    out: Path,
    folder: Path,
    manifest: dict[str, Any],
    start: dict[str, str],
    material: Material,
    outcome: Outcome,
    config: Config,
) -> None:
    """The release, then its log: the one appears whole, the other is nothing that it needs."""
    network = config.network
    described = {
        "network": network.trunk,
        "pooling": network.pooling,
        "weights": network.weights,
        **start,
        "frozen": not network.train_trunk,
    }
    pictures = examples(manifest["portraits"], material.files) if config.release.examples else None
    releases.save(
        out,
        trunks={name: (described, trunk) for name, trunk in outcome.trunks.items()},
        heads=outcome.heads,
        preprocessing=asdict(config.preprocessing),
        split=material.split,
        sha256=material.sha256,
        manifest=manifest,
        examples=pictures,
    )
    journals.write(folder / LOG, outcome.rows)
    (folder / LOG).replace(out / LOG)


def _describe(
    material: Material, outcome: Outcome, config: Config, progress: Progress
) -> dict[str, Any]:
    return {
        "training": _describe_training(config, outcome),
        "splits": materials.describe_split(material, config.split),
        "votes": materials.describe(material),
        "metrics": judging.judge_split(material, outcome.raw, config, progress),
        "portraits": portraits(outcome.raw, material.split),
        "versions": _versions(),
        "licence": config.release.licence,
        "notes": list(config.release.notes),
    }


def _describe_data(
    votes_csv: Path, material: Material, photos: Features | Inspected
) -> dict[str, Any]:
    return {
        "votes_sha256": hashlib.sha256(votes_csv.read_bytes()).hexdigest(),
        "photos_sha256": photos.digest,
        "photos": len(material.files),
        "unreadable": photos.unreadable,
        "rejected_rows": material.rejected,
    }


def _describe_training(config: Config, outcome: Outcome) -> dict[str, Any]:
    fits = {}
    for attribute, fit in outcome.fits.items():
        fits[attribute] = {
            "best_epoch": fit.best_epoch,
            "epochs": [asdict(epoch) for epoch in fit.epochs],
            **({} if fit.tie_weight is None else {"tie_weight": fit.tie_weight}),
        }
    return {"config": config.as_dict(), "fits": fits, "log": LOG}


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "numpy", "pillow", "safetensors")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
