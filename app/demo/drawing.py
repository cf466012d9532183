"""Draws many scenes into a folder, in several processes, and goes on where it was stopped."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.demo import scene, traits

CHUNK = 32

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """Files to draw into one folder. `levels` has a row of traits per name."""

    folder: Path
    names: Sequence[str]
    levels: Floats
    seed: int


def draw(job: Job) -> int:
    """Draws what is not there yet; a file appears whole or not at all. Returns the number."""
    for name, row in zip(job.names, job.levels, strict=True):
        path = job.folder / name
        if path.exists():
            continue
        part = path.with_suffix(".part")
        part.write_bytes(scene.jpeg(scene.draw(traits.levels(row), f"{job.seed}:{name}")))
        os.replace(part, path)
    return len(job.names)


def chunks(job: Job) -> Iterator[Job]:
    for start in range(0, len(job.names), CHUNK):
        part = slice(start, start + CHUNK)
        yield Job(job.folder, job.names[part], job.levels[part], job.seed)


def draw_all(jobs: Sequence[Job], workers: int, progress: Callable[[int, int], None]) -> None:
    """progress: called with the number of scenes that are there, and of all."""
    total, done = sum(len(job.names) for job in jobs), 0
    pieces = [piece for job in jobs for piece in chunks(job)]
    progress(done, total)
    if workers == 1:
        for piece in pieces:
            done += draw(piece)
            progress(done, total)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for drawn in pool.map(draw, pieces):
            done += drawn
            progress(done, total)
