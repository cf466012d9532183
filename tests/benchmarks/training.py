"""What training costs beside its bare parts: `python -m tests.benchmarks.training`.

Ratios within one run, each of medians of interleaved repeats, so that a busy machine slows both
sides. Random weights and random photos: neither changes the speed.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from model import device as devices
from model.config import Config, VotesConfig, check
from model.learning import frozen
from model.learning.checkpoint import NOTHING_KEPT
from model.learning.course import run
from model.learning.distributed import Group
from model.learning.features import Features, Views, extract
from model.learning.journal import Journal
from model.learning.learner import Pairs
from model.learning.tuning import OnPhotos
from model.learning.work import Work
from model.networks.folding import for_inference
from model.networks.trunks import pretrained_trunk
from model.training import quiet
from model.votes import material as materials
from model.votes.material import Material
from tests.model.scenes import random_votes

ATTRIBUTES = ("safety", "lively", "boring", "wealthy", "depressing", "beautiful")
TRUNK = "mobilenet_v2"
REPEATS = 3
STEPS = 4
PHOTOS, VOTES, EPOCHS = 2_000, 30_000, 10


def write_photos(folder: Path, number: int) -> list[Path]:
    """JPEGs of the size of Place Pulse."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for at in range(number):
        coarse = Image.fromarray(rng.integers(0, 255, (15, 20, 3), dtype=np.uint8))
        coarse.resize((400, 300), Image.Resampling.BICUBIC).save(folder / f"{at:05}.jpg")
    return sorted(folder.iterdir())


def medians(rounds: dict[str, Callable[[], object]], warm_up: bool) -> dict[str, float]:
    """Seconds of each, by the median of interleaved repeats."""
    seconds: dict[str, list[float]] = {name: [] for name in rounds}
    for repeat in range(REPEATS + warm_up):
        for name, work in rounds.items():
            begun = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if repeat >= warm_up:
                seconds[name].append(time.perf_counter() - begun)
    return {name: statistics.median(times) for name, times in seconds.items()}


class Unvalidated(OnPhotos):
    """An epoch is timed without what follows it."""

    def validation_loss(self, pairs: Pairs) -> float:
        return 0.0


def trained_trunk(device: torch.device, home: Path) -> None:
    """An epoch from files to steps, against forward and backward passes on tensors in memory."""
    config = check({"network": {"trunk": TRUNK, "weights": "random", "train_trunk": True}})
    batch = config.fitting.batch
    config = replace(config, fitting=replace(config.fitting, epochs=1, threads=2))
    files = write_photos(home / "trained", 2 * batch * STEPS)
    rows = torch.arange(len(files))
    winner = torch.ones(batch * STEPS, dtype=torch.int8)
    pairs = Pairs(rows[::2], rows[1::2], winner)
    trunk = pretrained_trunk(TRUNK, "random", "last")
    learner = Unvalidated(trunk, files, pairs, 1, config, Group(device))
    module = learner.module.train()
    images = torch.randn(2 * batch, 3, 224, 224, device=device)
    images = images.to(memory_format=torch.channels_last)
    first = pairs[torch.arange(batch)].to(device)
    mixed = torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")

    def bare(features: Callable[[Tensor], Tensor]) -> None:
        for _ in range(STEPS):
            module.zero_grad()
            with mixed:
                raw = module.rankers.on_features(features(images))
                loss = module.of_pairs(raw, first)
            loss.backward()  # type: ignore[no-untyped-call]

    def epoch() -> None:
        run(
            learner,
            pairs,
            pairs,
            config.fitting,
            group=Group(device),
            keeper=NOTHING_KEPT,
            journal=Journal("bench", None),
            progress=lambda done, total: None,
        )

    took = medians(
        {
            "epoch from files": epoch,
            "bare, a core each": lambda: bare(learner.trunk),
            "bare, cores share": lambda: bare(learner.trunk.trunk),
        },
        warm_up=True,
    )
    for name, seconds in took.items():
        print(f"{device.type:>5}  {name:<26}{len(files) / seconds:8.1f} photos/s")
    best = min(took["bare, a core each"], took["bare, cores share"])
    print(f"{device.type:>5}  {'epoch / bare':<26}{best / took['epoch from files']:8.2f}")


def vote_material(home: Path, files: list[Path], votes: int) -> Material:
    """Random votes of six attributes, all to train on but a few to validate."""
    frames = []
    keys = np.array([path.stem for path in files])
    for seed, attribute in enumerate(ATTRIBUTES):
        left, right = random_votes(len(files), votes + 1_000, seed)
        winner = np.random.default_rng(seed).choice(["left", "right", "equal"], len(left))
        table = {"left": keys[left], "right": keys[right], "winner": winner}
        frames.append(pd.DataFrame({**table, "attribute": attribute}))
    pd.concat(frames).to_csv(home / "votes.csv", index=False)
    gathered = materials.gather(home / "votes.csv", files[0].parent, VotesConfig(repeats="keep"))
    number = gathered.frame.groupby("attribute").cumcount()
    use = np.where(number < votes, "train", "validation")
    return replace(gathered, frame=gathered.frame.assign(use=use))


def frozen_trunk(device: torch.device, home: Path, share: float) -> None:
    """Six heads, ten epochs, against the pass that caches the features of their photos."""
    config = Config()
    config = replace(config, fitting=replace(config.fitting, epochs=EPOCHS, patience=EPOCHS))
    files = write_photos(home / "frozen", int(PHOTOS * share))
    material = vote_material(home, files, int(VOTES * share))
    trunk = pretrained_trunk(TRUNK, "random", config.network.pooling).eval()
    network = devices.Network(for_inference(trunk, device), config.preprocessing, device)
    work = Work(config, Group(device), None, quiet)
    kept: list[Features] = []

    def cache() -> None:
        kept.clear()
        shutil.rmtree(home / "cache", ignore_errors=True)
        views = Views(config.preprocessing, config.views)
        threads = config.features.threads
        found = extract(
            material.files,
            network,
            views,
            home / "cache",
            identity={},
            threads=threads,
            progress=quiet,
        )
        kept.append(found)

    def train() -> None:
        frozen.train(material, trunk, kept[0], work)

    took = medians({"caching features": cache, "training six heads": train}, warm_up=False)
    for name, seconds in took.items():
        print(f"{device.type:>5}  {name:<26}{seconds:8.1f} s")
    ratio = took["training six heads"] / took["caching features"]
    print(f"{device.type:>5}  {'training / caching':<26}{ratio:8.2f}")


def measure(device: torch.device, share: float) -> None:
    with tempfile.TemporaryDirectory() as home:
        trained_trunk(device, Path(home))
        frozen_trunk(device, Path(home), share)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--share",
        type=float,
        default=0.1,
        help=f"of {PHOTOS:,} photos and {VOTES:,} votes an attribute, for the frozen trunk",
    )
    given = parser.parse_args().share
    measure(torch.device("cpu"), given)
    if torch.cuda.is_available():
        measure(torch.device("cuda"), given)
