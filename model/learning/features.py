"""Features of several views of each photo, computed once and memory-mapped from disk."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from PIL import Image

from model.config import ViewsConfig
from model.device import Network
from model.errors import UnreadablePhoto
from model.photos import contents
from model.photos.decoding import ahead, chunks
from model.photos.images import Box, Pixels, Preprocessing, open_photo

Floats = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Features:
    """views: (rows, views, features), memory-mapped; the first view is the whole photo.

    row: photo key → row. unreadable: photo key → why it has none. digest: SHA-256 over the keys
    and contents of all photos that were read.
    """

    views: Floats
    row: dict[str, int]
    unreadable: dict[str, str]
    digest: str


class Views:
    """The views of one photo, drawn by its content, so that they are the same in every run."""

    def __init__(self, preprocessing: Preprocessing, config: ViewsConfig) -> None:
        self.preprocessing = preprocessing
        self.config = config

    def __call__(self, path: Path) -> tuple[str, Pixels]:
        """The file's SHA-256, and (views, height, width, 3)."""
        image = open_photo(path, (self.preprocessing.width, self.preprocessing.height))
        digest = contents.sha256(path)
        return digest, np.stack(list(self._draw(image, digest)))

    def _draw(self, image: Image.Image, digest: str) -> Iterator[Pixels]:
        whole = self.preprocessing.box(image)
        pixels = self.preprocessing.pixels(image, whole)
        yield pixels
        if self.config.flip:
            yield pixels[:, ::-1]
        rng = np.random.default_rng([self.config.seed, int(digest[:16], 16)])
        for number in range(self.config.crops):
            box = crop_box(whole, self.config.crop_area, rng)
            crop = self.preprocessing.pixels(image, box)
            # Every second crop is flipped too.
            yield crop[:, ::-1] if self.config.flip and number % 2 else crop


def crop_box(whole: Box, area: tuple[float, float], rng: np.random.Generator) -> Box:
    """A random box within `whole`, of its shape and of a share of its area between the two."""
    left, top, right, bottom = whole
    side = float(np.sqrt(rng.uniform(*area)))
    width, height = side * (right - left), side * (bottom - top)
    x = left + rng.uniform() * (right - left - width)
    y = top + rng.uniform() * (bottom - top - height)
    return x, y, x + width, y + height


def extract(
    photos: Mapping[str, Path],
    network: Network,
    views: Views,
    cache: Path,
    *,
    identity: Mapping[str, Any],
    threads: int,
    progress: Progress,
) -> Features:
    """Features of the photos, from `cache` where it has them, else computed and added to it.

    identity: what else the features depend on (trunk, weights); other values, other files.
    Can be stopped at any time and goes on from there. Two processes take turns.
    """
    with _store(cache, network, views, identity) as store:
        known = store.rows()
        stamps = {key: _stamp(path) for key, path in photos.items()}
        todo = {key: path for key, path in photos.items() if (key, stamps[key]) not in known}
        done = len(photos) - len(todo)
        progress("features", done, len(photos))
        store.trim(len(known))
        unreadable: dict[str, str] = {}
        step = max(network.step // views.config.number, 1)
        decoded = ahead(todo.items(), views, threads=threads, window=2 * step)
        for chunk in chunks(decoded, step):
            good = []
            for key, result in chunk:
                if isinstance(result, UnreadablePhoto):
                    unreadable[key] = str(result)
                else:
                    good.append((key, *result))
            if good:
                pixels = np.concatenate([view for _, _, view in good])
                rows = network(pixels).numpy().reshape(len(good), views.config.number, -1)
                store.append(rows, [(key, stamps[key], digest) for key, digest, _ in good])
            done += len(chunk)
            progress("features", done, len(photos))
        known = store.rows()
        found = {key: known[key, stamps[key]] for key in photos if (key, stamps[key]) in known}
        row = {key: number for key, (number, _) in found.items()}
        digest = digest_of({key: digest for key, (_, digest) in found.items()})
        return Features(store.map(), row, unreadable, digest)


class _Store:
    """Two files that only grow: rows of floats, and one line of JSON for each.

    A line is written after its row, so what a killed process leaves is a tail to cut off.
    """

    def __init__(self, folder: Path) -> None:
        self.floats = folder / "features.f32"
        self.lines = folder / "rows.jsonl"
        self.shape = folder / "shape.json"

    def rows(self) -> dict[tuple[str, str], tuple[int, str]]:
        """(photo key, stamp of its file) → row and SHA-256."""
        if not all(path.exists() for path in (self.shape, self.floats, self.lines)):
            return {}
        whole = self.floats.stat().st_size // self._row_bytes()
        rows: dict[tuple[str, str], tuple[int, str]] = {}
        with self.lines.open("rb") as lines:
            for number, line in enumerate(lines):
                if number >= whole or not line.endswith(b"\n"):
                    break
                key, stamp, digest = json.loads(line)
                rows[key, stamp] = (number, digest)
        return rows

    def trim(self, rows: int) -> None:
        """Cut off whatever follows the first `rows` rows."""
        if rows == 0:
            self.shape.unlink(missing_ok=True)
            self.floats.unlink(missing_ok=True)
            self.lines.unlink(missing_ok=True)
            return
        os.truncate(self.floats, rows * self._row_bytes())
        with self.lines.open("rb+") as lines:
            for _ in range(rows):
                lines.readline()
            lines.truncate(lines.tell())

    def append(self, rows: Floats, entries: list[tuple[str, str, str]]) -> None:
        if not self.shape.exists():
            self.shape.write_text(json.dumps(rows.shape[1:]))
        with self.floats.open("ab") as floats:
            floats.write(np.ascontiguousarray(rows, dtype="<f4").tobytes())
        with self.lines.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(entry) + "\n" for entry in entries)

    def map(self) -> Floats:
        if not self.shape.exists():
            return np.zeros((0, 1, 1), np.float32)
        # Copy-on-write: torch wants writable memory, and the file must not change.
        return np.memmap(self.floats, "<f4", mode="c").reshape(-1, *self._shape())

    def _shape(self) -> tuple[int, int]:
        views, features = json.loads(self.shape.read_text())
        return views, features

    def _row_bytes(self) -> int:
        views, features = self._shape()
        return 4 * views * features


@contextmanager
def _store(
    cache: Path, network: Network, views: Views, identity: Mapping[str, Any]
) -> Iterator[_Store]:
    key = {**identity, "preprocessing": asdict(views.preprocessing), "views": asdict(views.config)}
    # Mixed precision gives other features than 32 bits.
    key["device"] = network.device.type
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    folder = cache / name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        (folder / "what.json").write_text(json.dumps(key, indent=2))
        yield _Store(folder)


def _stamp(path: Path) -> str:
    """What changes when a file is replaced."""
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def digest_of(hashes: Mapping[str, str]) -> str:
    """One hash of many photos. hashes: photo key → SHA-256 of its file."""
    return hashlib.sha256("".join(k + d for k, d in sorted(hashes.items())).encode()).hexdigest()
