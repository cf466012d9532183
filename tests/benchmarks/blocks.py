"""How much a random split flatters on frames of a drive: `python -m tests.benchmarks.blocks`.

On 576 real dash-cam photos, about 12 m apart, raters are simulated: they prefer the photo with
more sky, a share that is measured in its pixels, and err. Rankers on the frozen MobileNetV2 learn
from their votes, and are judged by the rank correlation of their outputs with the share on photos
that they never saw: drawn at random, so that a near twin of each was seen, or of blocks farther
away than the distance below. Needs the data folder that tests read too.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from rich.console import Console
from rich.table import Table

from model.config import Config, check
from model.intervals import Interval, rank_correlation
from model.photos import folder as photos
from model.photos import places
from model.photos.images import open_photo
from model.scoring.scorer import Scorer
from model.training import train

DATA = Path(__file__).parents[3] / "shared" / "data" / "street_photos"
ATTRIBUTE = "sky"
VOTES = 12_000
SEEDS = range(5)
DISTANCE_M = 50.0
# Of raters, where the trait has the standard deviation 1; nearer pairs than this are ties.
NOISE, TIE = 0.5, 0.3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """photos: by part. accuracy: on votes as in the release. spearman: on the test part."""

    photos: Mapping[str, int]
    metrics: Mapping[str, Any]
    spearman: float
    ci95: Interval


def sky_share(path: Path) -> float:
    """Share of the pixels that lie above the first one, from the top, that is no sky.

    Sky is light, not warm, and without edges. Written for the overcast days of these photos.
    """
    image = open_photo(path, (120, 100)).resize((120, 100), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float64) / 255
    grey = pixels.mean(axis=2)
    edges = np.abs(np.diff(grey, axis=0, prepend=grey[:1]))
    sky = (pixels[..., 2] >= pixels[..., 0] - 0.12) & (grey > 0.5) & (edges < 0.06)
    return float(np.cumprod(sky, axis=0).mean())


def simulate(trait: pd.Series, path: Path) -> None:
    """Votes of raters who see the standardised trait of both photos with an error."""
    rng = np.random.default_rng(0)
    quality = ((trait - trait.mean()) / trait.std()).to_numpy()
    left = rng.integers(0, len(trait), VOTES)
    right = (left + rng.integers(1, len(trait), VOTES)) % len(trait)
    seen = quality[left] - quality[right] + rng.normal(0, NOISE * np.sqrt(2), VOTES)
    winner = np.where(np.abs(seen) < TIE, "equal", np.where(seen > 0, "left", "right"))
    keys = trait.index.to_numpy()
    columns = {"left": keys[left], "right": keys[right], "winner": winner, "attribute": ATTRIBUTE}
    pd.DataFrame(columns).to_csv(path, index=False)


def squares(where: pd.DataFrame) -> list[str]:
    """A name for the square of `DISTANCE_M` that each photo lies in."""
    metres = np.pi / 180 * places.EARTH_RADIUS_M
    north = where["lat"].to_numpy() * metres
    east = where["lon"].to_numpy() * metres * np.cos(np.radians(where["lat"].mean()))
    return [f"{y // DISTANCE_M} {x // DISTANCE_M}" for y, x in zip(north, east, strict=True)]


def run(home: Path, config: Config, trait: pd.Series, where: pd.DataFrame) -> Result:
    """One training and its judgement; the interval knows that photos of one square are alike."""
    name = f"{config.split.by}-{config.split.seed}"
    release = train(home / "votes.csv", DATA / "photos", home / name, config, name=name)
    new = sorted(key for key, part in release.split().items() if part == "test")
    files = photos.index(DATA / "photos")
    scored = Scorer(release).score((key, files[key]) for key in new)
    raw = pd.Series({photo.id: photo.raw[ATTRIBUTE] for photo in scored if photo.raw is not None})
    own = trait[raw.index]
    rho, interval = rank_correlation(raw.to_numpy(), own.to_numpy(), squares(where.loc[raw.index]))
    assert rho is not None
    assert interval is not None
    manifest = release.manifest
    return Result(manifest["splits"]["photos"], manifest["metrics"][ATTRIBUTE], rho, interval)


def measure(home: Path) -> dict[str, list[Result]]:
    """Split → results by seed; the features are computed once."""
    files = photos.index(DATA / "photos")
    trait = pd.Series({key: sky_share(path) for key, path in files.items()})
    where = places.read(DATA / "manifest.csv")
    simulate(trait, home / "votes.csv")
    config = check(
        {
            "votes": {"places": str(DATA / "manifest.csv")},
            "views": {"crops": 0},
            "features": {"cache": str(home / "features")},
            "evaluation": {"baselines": False, "minimum_votes": 100},
        }
    )
    results: dict[str, list[Result]] = {}
    for by in ("block", "photo"):
        for seed in SEEDS:
            split = replace(config.split, by=by, seed=seed, distance_m=DISTANCE_M)
            result = run(home, replace(config, split=split), trait, where)
            results.setdefault(by, []).append(result)
    return results


def table(results: Mapping[str, list[Result]]) -> Table:
    shown = Table(
        *("by", "seed", "train", "test", "none", "votes right", "Spearman", "95 %"),
        title="Rank correlation with the share of sky, on photos never seen",
        caption=f"Photos in parts; those by block are more than {DISTANCE_M:g} m apart.",
    )
    for by, each in results.items():
        for seed, one in zip(SEEDS, each, strict=True):
            counts = [str(one.photos[part]) for part in ("train", "test", "none")]
            accuracy = f"{100 * one.metrics['accuracy']:.1f} %"
            interval = f"{one.ci95[0]:.2f} – {one.ci95[1]:.2f}"
            shown.add_row(by, str(seed), *counts, accuracy, f"{one.spearman:.3f}", interval)
        accuracies = [100 * one.metrics["accuracy"] for one in each]
        correlations = [one.spearman for one in each]
        means = f"{np.mean(accuracies):.1f} %", f"{np.mean(correlations):.3f}"
        shown.add_row("", "mean", "", "", "", *means, "", end_section=True)
    return shown


def main() -> int:
    if not DATA.is_dir():
        print(f"Needs the data folder {DATA}, which is not part of the project.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as home:
        Console().print(table(measure(Path(home))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
