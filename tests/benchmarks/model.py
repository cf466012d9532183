"""What scoring costs in time and memory: `python -m tests.benchmarks.model [time | memory]`.

Ratios within one run. Of times each is the median of interleaved repeats, so that a busy machine
slows both sides. Random weights and random photos: neither changes speed or memory. With a GPU
everything is measured on it too.
"""

import copy
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from model import device as devices
from model.networks.folding import for_inference
from model.networks.head import Head
from model.networks.trunks import bare_trunk
from model.photos.images import Pixels, Preprocessing, one_view
from model.releases.release import Release, load
from model.scoring.scorer import Scorer
from tests.model import untrained

ATTRIBUTES = ("safety", "lively", "boring", "wealthy", "depressing", "beautiful")
PHOTOS = 256
BATCH = 32
REPEATS = 5
FEW, MANY = 2_000, 20_000


def write_photos(folder: Path, number: int, width: int, height: int) -> list[tuple[str, Path]]:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for name in range(number):
        coarse = Image.fromarray(rng.integers(0, 255, (15, 20, 3), dtype=np.uint8))
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(folder / f"{name}.jpg")
    return [(path.stem, path) for path in sorted(folder.glob("*.jpg"))]


def make_release(folder: Path, attributes: tuple[str, ...], side: int = 224) -> Release:
    untrained.save(
        folder,
        bare_trunk("mobilenet_v2", "several").eval(),
        {key: Head(1536, 512, 0.3).eval() for key in attributes},
        network="mobilenet_v2",
        pooling="several",
        preprocessing={"height": side, "width": side},
    )
    return load(folder)


def prepared(pixels: Pixels, device: torch.device) -> list[torch.Tensor]:
    """Normalised batches in channels-last, on the device: nothing is left but the trunk."""
    normalised = devices.Normalised(Preprocessing()).to(device)
    return [normalised(part) for part in torch.split(torch.from_numpy(pixels), BATCH)]


def bare(trunk: torch.nn.Module, tensors: list[torch.Tensor], device: torch.device) -> None:
    """The trunk as it is in the release, one batch after the other, all cores at each."""
    with torch.inference_mode(), devices.inference(device):
        for tensor in tensors:
            trunk(tensor)
    if device.type == "cuda":
        torch.cuda.synchronize()


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


def measure_time(device: torch.device) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        files = write_photos(folder / "photos", PHOTOS, 480, 360)
        six = make_release(folder / "six", ATTRIBUTES)
        one = make_release(folder / "one", ATTRIBUTES[:1])
        score_six, score_one = Scorer(six, str(device)), Scorer(one, str(device))
        forward = devices.Network(
            for_inference(six.trunks["shared"], device), Preprocessing(), device
        )
        pixels = np.concatenate([one_view(path, Preprocessing()) for _, path in files])
        tensors = prepared(pixels, device)
        trunk = copy.deepcopy(six.trunks["shared"]).to(device).to(memory_format=torch.channels_last)
        few = files[:8]
        rate = rates(
            {
                "bare forward pass": (PHOTOS, lambda: bare(trunk, tensors, device)),
                "bare, as scoring runs it": (PHOTOS, lambda: forward(pixels)),
                "files, six attributes": (PHOTOS, lambda: list(score_six.score(files))),
                "files, one attribute": (PHOTOS, lambda: list(score_one.score(files))),
                "plain loop, six networks": (len(few), lambda: plain_loop(six, few, device)),
            }
        )
    for name, photos in rate.items():
        print(f"{device.type:>5}  {name:<26}{photos:8.1f} photos/s")
    all_six = rate["files, six attributes"]
    show(device, "files / bare forward pass", all_six / rate["bare forward pass"], "≥ 0.90")
    strict = all_six / rate["bare, as scoring runs it"]
    print(f"{device.type:>5}  files / as scoring runs it{strict:8.2f}")
    show(device, "time of six / of one", rate["files, one attribute"] / all_six, "≤ 1.15")
    show(device, "files / plain loop", all_six / rate["plain loop, six networks"], "≥ 6")


def show(device: torch.device, name: str, ratio: float, wanted: str) -> None:
    print(f"{device.type:>5}  {name:<26}{ratio:8.2f}  wanted {wanted}", flush=True)


# The largest resident set of the process that scores; `ru_maxrss` would count its parent's too.
SCORE = """
import sys
from app.cli_model import app

app(["score", *sys.argv[1:]], standalone_mode=False)
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def peak_mb(release: Path, photos: Path, out: Path, device: torch.device) -> float:
    """Of a process that runs `mirada model score`."""
    said = subprocess.run(
        [sys.executable, "-c", SCORE, release, photos, "--out", out, "--device", device.type],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(said.stdout.splitlines()[-1]) / 1024


def measure_memory(device: torch.device) -> None:
    """Small photos, seen small, so that there is time for many; names of the same few files."""
    peaks = []
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        make_release(folder / "release", ATTRIBUTES, side=32)
        files = write_photos(folder / "photos", 200, 120, 90)
        for number in FEW, MANY:
            many = folder / str(number)
            many.mkdir()
            for copy in range(number):
                os.link(files[copy % len(files)][1], many / f"{copy}.jpg")
            begun = time.perf_counter()
            peak = peak_mb(folder / "release", many, folder / f"{number}.parquet", device)
            rate = number / (time.perf_counter() - begun)
            peaks.append(peak)
            name = f"{number:,} photos"
            print(f"{device.type:>5}  {name:<26}{peak:8.1f} MB  at {rate:.0f} photos/s", flush=True)
    show(device, "memory of many / of few", peaks[1] / peaks[0], "≤ 1.20")


def main(parts: list[str]) -> None:
    for name in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        device = torch.device(name)
        if "memory" not in parts:
            measure_time(device)
        if "time" not in parts:
            measure_memory(device)


if __name__ == "__main__":
    main(sys.argv[1:])
