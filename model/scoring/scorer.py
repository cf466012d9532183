"""Raw outputs of any number of photos, in order and in constant memory."""

import copy
import os
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor

from model import device as devices
from model.errors import UnreadablePhoto
from model.networks.folding import for_inference
from model.photos.decoding import ahead, chunks
from model.photos.images import Opener, Pixels, one_view
from model.releases.release import Release

Item = tuple[Hashable, Opener]
Chunk = list[tuple[Hashable, Pixels | UnreadablePhoto]]


@dataclass(frozen=True)
class Scored:
    """What became of one photo: `raw` (attribute → raw output), or `error` and its `code`."""

    id: Hashable
    raw: dict[str, float] | None
    error: str | None
    code: str | None = None


class Scorer:
    """A release on a device, ready to score.

    device: CUDA where there is one when None. batch: photos at a time on the device, or on each
    core of a CPU; halved for good when memory runs out. threads: that decode ahead of it.
    """

    def __init__(
        self,
        release: Release,
        device: str | None = None,
        batch: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.release = release
        self.attributes = release.attributes
        self.threads = threads or min(8, os.cpu_count() or 1)
        where = devices.choose(device)
        self._trunks = {name: for_inference(net, where) for name, net in release.trunks.items()}
        self._heads = {key: copy.deepcopy(head).to(where) for key, head in release.heads.items()}
        self._network = devices.Network(
            self._forward,
            release.preprocessing,
            where,
            batch,
        )

    @property
    def device(self) -> str:
        return str(self._network.device)

    @property
    def batch(self) -> int:
        """Photos at a time, as far as memory has allowed so far."""
        return self._network.batch

    def score(self, items: Iterable[Item]) -> Iterator[Scored]:
        """One Scored per (id, opener), in the order of `items`, which is read as it is needed.

        opener: a path, or a function that opens the file. A photo that cannot be read is
        reported with its id; it never ends the rest.
        """
        decode = partial(one_view, preprocessing=self.release.preprocessing)
        decoded = ahead(items, decode, threads=self.threads, window=2 * self._network.step)
        under_way: deque[tuple[Chunk, Future[Tensor] | None]] = deque()
        try:
            for chunk in chunks(decoded, self._network.batch):
                pixels = [result for _, result in chunk if not isinstance(result, UnreadablePhoto)]
                rows = self._network.begin(np.concatenate(pixels)) if pixels else None
                under_way.append((chunk, rows))
                # No lane waits for another one: one batch for each lies ready.
                if len(under_way) > 2 * self._network.width:
                    yield from self._scored(*under_way.popleft())
            while under_way:
                yield from self._scored(*under_way.popleft())
        finally:
            # Who stops early gets the device back when what runs on it has ended.
            wait([rows for _, rows in under_way if rows is not None and not rows.cancel()])

    def _scored(self, chunk: Chunk, rows: "Future[Tensor] | None") -> Iterator[Scored]:
        """rows: None where no photo of the chunk could be read."""
        outputs = iter([] if rows is None else cast(list[list[float]], rows.result().tolist()))
        for key, result in chunk:
            if isinstance(result, UnreadablePhoto):
                yield Scored(key, None, str(result), result.code)
            else:
                yield _scored(key, self.attributes, next(outputs))

    def _forward(self, images: Tensor) -> Tensor:
        """Each trunk once, whatever the number of heads on it: (n, attributes)."""
        features = {name: trunk(images) for name, trunk in self._trunks.items()}
        heads = self._heads.items()
        return torch.stack([head(features[self.release.trunk_of[key]]) for key, head in heads], 1)


def _scored(key: Hashable, attributes: tuple[str, ...], outputs: list[float]) -> Scored:
    if not all(np.isfinite(outputs)):
        return Scored(key, None, "The networks gave no finite number for it.", "unreadable")
    return Scored(key, dict(zip(attributes, outputs, strict=True)), None)
