"""Each network learns: `python -m tests.benchmarks.networks`, with `--frozen` only heads on it.

`mirada model train` on a few drawn photos, one epoch from random weights, on the CPU. The table
has the mean loss of the first steps and of the whole epoch, the validation loss at its end, and
how far the raw outputs of a new process are from those of this one.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from model.networks.trunks import ARCHITECTURES
from model.releases.release import load
from model.scoring.scorer import Scorer
from tests.model import scenes

SIDE = {"vit_b_16": 224}
SMALL_SIDE = 64
BATCH = 8
FIRST_STEPS = 50
"""The log's first row."""


@dataclass(frozen=True)
class Learned:
    """Mean losses of the first steps and of the epoch, the validation loss at its end, seconds."""

    first_loss: float
    epoch_loss: float
    validation_loss: float
    seconds: float


def write_votes(folder: Path, photos: int, votes: int) -> tuple[Path, Path]:
    """Photos and the votes on one of their qualities."""
    qualities = scenes.write_photos(folder / "photos", photos, seed=1)
    scenes.write_votes(folder / "votes.csv", {"safety": qualities["safety"]}, votes, seed=2)
    return folder / "photos", folder / "votes.csv"


def train(network: str, photos: Path, votes: Path, out: Path, *, frozen: bool) -> Learned:
    """`mirada model train` in a process of its own. CalledProcessError with what it said."""
    side = SIDE.get(network, SMALL_SIDE)
    config = out.with_suffix(".toml")
    config.write_text(
        f'[network]\ntrunk = "{network}"\nweights = "random"\nhidden = 64\npooling = "last"\n'
        f"train_trunk = {str(not frozen).lower()}\n"
        f"[preprocessing]\nheight = {side}\nwidth = {side}\n"
        f"[fitting]\nepochs = 1\nbatch = {BATCH}\n[evaluation]\nbaselines = false\n"
        '[votes]\nrepeats = "keep"\n[views]\nflip = false\ncrops = 0\n'
    )
    begun = time.perf_counter()
    mirada("train", votes, photos, "--out", out, "--config", config)
    seconds = time.perf_counter() - begun
    with (out / "training.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert int(rows[0]["step"]) == FIRST_STEPS, f"fewer than {FIRST_STEPS} steps"
    first, last = rows[0], rows[-1]
    return Learned(
        float(first["train_loss"]),
        float(last["train_loss"]),
        float(last["validation_loss"]),
        seconds,
    )


def mirada(command: str, *arguments: object) -> None:
    """`mirada model …` on the CPU, as a user runs it."""
    subprocess.run(
        [Path(sys.executable).with_name("mirada"), "model", command, *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )


def difference(release: Path, photos: Path) -> float:
    """The largest between raw outputs of this process and of a new one, of the same photos."""
    files = sorted(photos.iterdir())[:8]
    here = {
        scored.id: scored.raw["safety"]
        for scored in Scorer(load(release), device="cpu").score((f.stem, f) for f in files)
        if scored.raw is not None
    }
    out = release.with_suffix(".csv")
    mirada("score", release, photos, "--out", out)
    there = pd.read_csv(out, index_col="photo")["safety"]
    return max(abs(here[file.stem] - float(there[file.stem])) for file in files)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frozen", action="store_true", help="heads only")
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--votes", type=int, default=1_200)
    given = parser.parse_args(arguments)
    table = Table("network", "first loss", "epoch", "validation", "new process", "seconds")
    fell = True
    with tempfile.TemporaryDirectory(prefix="mirada-networks-") as home:
        photos, votes = write_votes(Path(home), given.photos, given.votes)
        for network in ARCHITECTURES:
            out = Path(home) / network
            learned = train(network, photos, votes, out, frozen=given.frozen)
            apart = difference(out, photos)
            fell = fell and learned.epoch_loss < learned.first_loss and apart <= 1e-5
            losses = (learned.first_loss, learned.epoch_loss, learned.validation_loss)
            table.add_row(
                network, *(f"{x:.3f}" for x in losses), f"{apart:.0e}", f"{learned.seconds:.0f}"
            )
    Console().print(table)
    return 0 if fell else 1


if __name__ == "__main__":
    sys.exit(main())
