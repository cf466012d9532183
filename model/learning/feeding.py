"""Photos for a trained trunk: decoded in threads ahead of it, in a view drawn for each step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.config import ViewsConfig
from model.errors import PhotosError, UnreadablePhoto
from model.learning.features import Progress, crop_box, digest_of
from model.learning.learner import Pairs, Step
from model.photos import contents
from model.photos.decoding import ahead, chunks
from model.photos.images import Pixels, Preprocessing, one_view, open_photo

# Batches that are decoded ahead of the one in use.
AHEAD = 2


@dataclass(frozen=True)
class PhotoPairs:
    """Pairs with their photos. pixels: (photos, height, width, 3), 0 to 255, each photo once.

    left, right of the pairs are rows of `pixels`.
    """

    pixels: Tensor
    pairs: Pairs


class RandomViews:
    """A random view of a photo: a crop of a share of its area, mirrored half of the time.

    Which one follows from seed, epoch, step and photo alone. So it is the same however a step
    is cut into batches and processes, and a resumed run needs no state of it.
    """

    def __init__(self, preprocessing: Preprocessing, config: ViewsConfig, seed: int) -> None:
        self.preprocessing = preprocessing
        self.config = config
        self.seed = seed

    def __call__(self, path: Path, words: tuple[int, ...]) -> Pixels:
        """(height, width, 3)"""
        rng = np.random.default_rng([self.config.seed, self.seed, *words])
        image = open_photo(path, (self.preprocessing.width, self.preprocessing.height))
        box = self.preprocessing.box(image)
        if self.config.crops:
            box = crop_box(box, self.config.crop_area, rng)
        pixels = self.preprocessing.pixels(image, box)
        return pixels[:, ::-1] if self.config.flip and rng.random() < 0.5 else pixels


class PhotoFeed:
    """Batches of pairs with the pixels of their photos.

    files: by row. batch: pairs at a time.
    """

    def __init__(
        self, files: Sequence[Path], views: RandomViews, batch: int, threads: int, pinned: bool
    ) -> None:
        self.files = files
        self.views = views
        self.batch = batch
        self.threads = threads
        self.pinned = pinned

    def __call__(self, steps: Iterable[tuple[Step, Pairs]]) -> Iterator[list[PhotoPairs]]:
        """One list of batches a step. The pairs of a step are this process's share of it."""
        plan = [(step, [_by_photo(batch) for batch in self._cut(pairs)]) for step, pairs in steps]
        decoded = ahead(
            (
                (row, (row, (step.epoch, step.number, row)))
                for step, batches in plan
                for rows, _ in batches
                for row in rows
            ),
            self._draw,
            threads=self.threads,
            window=AHEAD * 2 * self.batch,
        )
        for _, batches in plan:
            yield [
                PhotoPairs(self._stack(islice(decoded, len(rows))), pairs)
                for rows, pairs in batches
            ]

    def whole(self, rows: Sequence[int], size: int) -> Iterator[tuple[list[int], Pixels]]:
        """Rows with their whole photos, `size` at a time: (n, height, width, 3)."""
        one = partial(one_view, preprocessing=self.views.preprocessing)
        items = ((row, self.files[row]) for row in rows)
        for chunk in chunks(ahead(items, one, threads=self.threads, window=AHEAD * size), size):
            pixels = [self._readable(row, result) for row, result in chunk]
            yield [row for row, _ in chunk], np.concatenate(pixels)

    def _cut(self, pairs: Pairs) -> list[Pairs]:
        rows = torch.split(torch.arange(len(pairs)), self.batch)
        return [pairs[chosen] for chosen in rows if len(chosen)]

    def _draw(self, source: tuple[int, tuple[int, ...]]) -> Pixels:
        row, words = source
        return self.views(self.files[row], words)

    def _stack(self, decoded: Iterable[tuple[int, Pixels | UnreadablePhoto]]) -> Tensor:
        pixels = torch.from_numpy(np.stack([self._readable(*one) for one in decoded]))
        return pixels.pin_memory() if self.pinned else pixels

    def _readable(self, row: int, result: Pixels | UnreadablePhoto) -> Pixels:
        if isinstance(result, UnreadablePhoto):
            raise PhotosError(
                f"{self.files[row]} could be read when the training began, but no longer: "
                f"{result} Put it back, and start the same command again to go on."
            )
        return result


def _by_photo(pairs: Pairs) -> tuple[list[int], Pairs]:
    """The photos of the pairs, each once, and the pairs with their numbers among these."""
    rows, places = torch.unique(torch.cat([pairs.left, pairs.right]), return_inverse=True)
    left, right = places.chunk(2)
    return rows.tolist(), Pairs(left, right, pairs.winner, pairs.attribute)


@dataclass(frozen=True)
class Inspected:
    """unreadable: photo key → why. digest: SHA-256 over keys and contents of the others."""

    unreadable: dict[str, str]
    digest: str


def inspect(
    files: Mapping[str, Path], preprocessing: Preprocessing, threads: int, progress: Progress
) -> Inspected:
    """Decode every photo once, so that an unreadable one is known before hours of training."""
    size = (preprocessing.width, preprocessing.height)

    def digest(path: Path) -> str:
        open_photo(path, size)
        return contents.sha256(path)

    unreadable: dict[str, str] = {}
    found: dict[str, str] = {}
    decoded = ahead(files.items(), digest, threads=threads, window=64)
    for done, (key, result) in enumerate(decoded, start=1):
        if isinstance(result, UnreadablePhoto):
            unreadable[key] = str(result)
        else:
            found[key] = result
        progress("photos", done, len(files))
    return Inspected(unreadable, digest_of(found))
