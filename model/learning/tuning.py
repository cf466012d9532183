"""Rankers whose trunk learns too: one for each attribute, or all heads on one trunk."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from model import device as devices
from model.config import Config
from model.learning.cores import OnCores
from model.learning.course import Course, run
from model.learning.distributed import Group
from model.learning.feeding import PhotoFeed, PhotoPairs, RandomViews
from model.learning.fitting import start_head
from model.learning.journal import Row
from model.learning.learner import Pairs, Part, Step, generators, pairs_of
from model.learning.loss import PairLoss
from model.learning.outcome import SHARED, Fit, Outcome
from model.learning.work import Work
from model.networks.folding import for_inference
from model.networks.rankers import Rankers, settle
from model.votes.material import Material

TOGETHER = "together"

# Photos whose statistics a network with random weights starts from.
SETTLING = 32


def train(material: Material, trunk: nn.Module, work: Work) -> Outcome:
    """One trunk with its head per attribute, or all heads on one trunk; `trunk` stays."""
    network = work.config.network
    files = material.files
    if network.together:
        fits = {TOGETHER: material.attributes}
    else:
        fits = {attribute: (attribute,) for attribute in material.attributes}
    raw = pd.DataFrame(index=pd.Index(list(files), name="photo"), dtype=np.float32)
    outcome = Outcome({}, {}, raw, {}, [])
    for name, attributes in fits.items():
        tuned = _tune(name, attributes, material, copy.deepcopy(trunk), work)
        trunk_name = SHARED if network.together else name
        outcome.trunks[trunk_name] = tuned.rankers.trunk
        outcome.rows.extend(tuned.rows)
        for number, attribute in enumerate(attributes):
            outcome.heads[attribute] = (trunk_name, tuned.rankers.head(number))
            tie_weight = None if tuned.tie_weights is None else tuned.tie_weights[number]
            course = tuned.course
            outcome.fits[attribute] = Fit(tuple(course.epochs), course.best_epoch, tie_weight)
            raw[attribute] = tuned.raw[:, number].numpy()
    return outcome


@dataclass(frozen=True)
class _Tuned:
    """raw: whole photos, (files, attributes)."""

    rankers: Rankers
    raw: Tensor
    course: Course
    tie_weights: list[float] | None
    rows: list[Row]


def _tune(
    name: str, attributes: tuple[str, ...], material: Material, trunk: nn.Module, work: Work
) -> _Tuned:
    row = {key: number for number, key in enumerate(material.files)}
    train, validation = (
        pairs_of(_votes(material, attributes, use), row, attributes)
        for use in ("train", "validation")
    )
    files = list(material.files.values())
    learner = OnPhotos(trunk, files, train, len(attributes), work.config, work.group)
    journal = work.journal(name)
    course = run(
        learner,
        train,
        validation,
        work.config.fitting,
        group=work.group,
        keeper=work.keeper(name),
        journal=journal,
        progress=work.teller(name),
    )
    learner.module.eval()
    raw = learner.raw_outputs(torch.arange(len(files))).cpu()
    weights = learner.module.loss.tie_weights()
    return _Tuned(learner.module.rankers.cpu(), raw, course, weights, journal.rows)


def _votes(material: Material, attributes: tuple[str, ...], use: str) -> pd.DataFrame:
    frame = material.frame
    return frame[(frame["use"] == use) & frame["attribute"].isin(attributes)]


class _Scored(nn.Module):
    """Rankers with their loss."""

    def __init__(self, rankers: Rankers, loss: PairLoss) -> None:
        super().__init__()
        self.rankers = rankers
        self.loss = loss

    def of_pairs(self, raw: Tensor, pairs: Pairs) -> Tensor:
        """raw: (photos, attributes) of the rows that the pairs name."""
        column = 0 if pairs.attribute is None else pairs.attribute
        left, right = raw[pairs.left, column].float(), raw[pairs.right, column].float()
        loss: Tensor = self.loss(left, right, pairs.winner, pairs.attribute)
        return loss


class OnPhotos:
    """A trunk and its heads in training; what `model.learning.course` asks of it.

    train: pairs whose rows stand for `files`; they stay on the CPU.
    """

    def __init__(
        self,
        trunk: nn.Module,
        files: Sequence[Path],
        train: Pairs,
        attributes: int,
        config: Config,
        group: Group,
    ) -> None:
        self.files = files
        self.config = config
        self.group = group
        self.generator, self.noise = generators(config.fitting.seed, group)
        self.normalised = devices.Normalised(config.preprocessing).to(group.device)
        self.photos = PhotoFeed(
            files,
            RandomViews(config.preprocessing, config.views, config.fitting.seed),
            config.fitting.batch,
            config.fitting.threads,
            pinned=group.device.type == "cuda",
        )
        trunk = trunk.eval().to(group.device).to(memory_format=torch.channels_last)
        if config.network.weights == "random":
            settle(trunk, self._images(torch.unique(train.left)[:SETTLING]))
        self.trunk = OnCores(trunk, group.device)
        with torch.no_grad():
            width = trunk(self._images(train.left[:1])).shape[1]
        heads = [
            start_head(width, config.network, self.generator, self.noise) for _ in range(attributes)
        ]
        loss = PairLoss(config.loss, attributes).to(group.device)
        self._scored = _Scored(Rankers(trunk, heads), loss)

    def _images(self, rows: Tensor) -> Tensor:
        [(_, pixels)] = self.photos.whole(rows.tolist(), len(rows))
        images: Tensor = self.normalised(torch.from_numpy(pixels))
        return images

    @property
    def module(self) -> _Scored:
        return self._scored

    def feed(self, pairs: Pairs, steps: Iterable[Step]) -> Iterator[list[Part]]:
        own = ((step, pairs[self.group.share(step.chosen).cpu()]) for step in steps)
        for batches in self.photos(own):
            yield [Part(len(batch.pairs), partial(self._loss, batch)) for batch in batches]

    def _loss(self, batch: PhotoPairs) -> Tensor:
        features = self.trunk(self.normalised(batch.pixels))
        raw = self._scored.rankers.on_features(features)
        return self._scored.of_pairs(raw, batch.pairs.to(self.group.device))

    @torch.no_grad()
    def validation_loss(self, pairs: Pairs) -> float:
        self._scored.eval()
        raw = self.raw_outputs(torch.unique(torch.cat([pairs.left, pairs.right])))
        return self._scored.of_pairs(raw, pairs.to(self.group.device)).item()

    def raw_outputs(self, rows: Tensor) -> Tensor:
        """(files, attributes) on the group's device: whole photos of these rows, 0 elsewhere.

        Each process scores its share.
        """
        rankers, device = self._scored.rankers, self.group.device
        trunk = for_inference(rankers.trunk, device)
        network = devices.Network(
            lambda images: rankers.on_features(trunk(images)),
            self.config.preprocessing,
            device,
        )
        raw = torch.zeros(len(self.files), len(rankers.heads), device=device)
        own: list[int] = self.group.share(rows).tolist()
        for part, pixels in self.photos.whole(own, network.step):
            raw[part] = network(pixels).to(device)
        self.group.add_up([raw])
        return raw
