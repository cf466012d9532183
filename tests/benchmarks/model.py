"""What scoring costs beside a bare forward pass: `python -m tests.benchmarks.model`.

Ratios within one run, each the median of interleaved repeats, so that a busy machine slows both
sides. Random weights and random photos: neither changes the speed.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from model import device as devices
from model import release as releases
from model.folding import for_inference
from model.head import Head
from model.images import Preprocessing, one_view
from model.networks import bare_trunk
from model.release import Release
from model.scoring import Scorer

ATTRIBUTES = ("safety", "lively", "boring", "wealthy", "depressing", "beautiful")
PHOTOS = 128
REPEATS = 5


def write_photos(folder: Path) -> list[tuple[str, Path]]:
    rng = np.random.default_rng(0)
    for number in range(PHOTOS):
        coarse = Image.fromarray(rng.integers(0, 255, (15, 20, 3), dtype=np.uint8))
        coarse.resize((480, 360), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg")
    return [(path.stem, path) for path in sorted(folder.glob("*.jpg"))]


def make_release(folder: Path, attributes: tuple[str, ...]) -> Release:
    trunk = bare_trunk("mobilenet_v2", "several").eval()
    releases.save(
        folder,
        trunks={"shared": ({"network": "mobilenet_v2", "pooling": "several"}, trunk)},
        heads={key: ("shared", Head(1536, 512, 0.3).eval()) for key in attributes},
        preprocessing={},
        split={},
        manifest={
            "name": folder.name,
            "created_at": "",
            "splits": {},
            **{key: {} for key in ("training", "votes", "metrics", "data", "versions")},
            "licence": "",
            "demo": False,
            "notes": [],
        },
    )
    return releases.load(folder)


def plain_loop(release: Release, files: list[tuple[str, Path]], device: torch.device) -> None:
    """Opens, transforms and scores one photo at a time, with a network per attribute."""
    networks = [
        torch.nn.Sequential(release.trunks["shared"], head).to(device)
        for head in release.heads.values()
    ]
    for _, path in files:
        pixels = torch.tensor(one_view(path, release.preprocessing)).permute(0, 3, 1, 2)
        photo = (pixels.contiguous().to(device).float() / 255 - 0.45) / 0.22
        with torch.inference_mode():
            for network in networks:
                network(photo).item()


def rates(rounds: dict[str, tuple[int, Callable[[], object]]]) -> dict[str, float]:
    """Photos per second of each, by the median of interleaved repeats after one to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in rounds}
    for repeat in range(REPEATS + 1):
        for name, (_, work) in rounds.items():
            begun = time.perf_counter()
            work()
            if repeat:
                seconds[name].append(time.perf_counter() - begun)
    return {name: rounds[name][0] / statistics.median(times) for name, times in seconds.items()}


def measure(device: torch.device) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        files = write_photos(folder)
        six = make_release(folder / "six", ATTRIBUTES)
        one = make_release(folder / "one", ATTRIBUTES[:1])
        score_six, score_one = Scorer(six, str(device)), Scorer(one, str(device))
        forward = devices.Network(
            for_inference(six.trunks["shared"], device), Preprocessing(), device
        )
        pixels = np.concatenate([one_view(path, Preprocessing()) for _, path in files])
        few = files[:8]
        rate = rates(
            {
                "bare forward pass": (PHOTOS, lambda: forward(pixels)),
                "files, six attributes": (PHOTOS, lambda: list(score_six.score(files))),
                "files, one attribute": (PHOTOS, lambda: list(score_one.score(files))),
                "plain loop, six networks": (len(few), lambda: plain_loop(six, few, device)),
            }
        )
    for name, photos in rate.items():
        print(f"{device.type:>5}  {name:<26}{photos:8.1f} photos/s")
    all_six = rate["files, six attributes"]
    ratios = {
        "files / bare forward pass": all_six / rate["bare forward pass"],
        "time of six / of one": rate["files, one attribute"] / all_six,
        "files / plain loop": all_six / rate["plain loop, six networks"],
    }
    for name, ratio in ratios.items():
        print(f"{device.type:>5}  {name:<26}{ratio:8.2f}")


if __name__ == "__main__":
    measure(torch.device("cpu"))
    if torch.cuda.is_available():
        measure(torch.device("cuda"))
