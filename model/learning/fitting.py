"""One head, trained on features that were computed once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from model.config import FittingConfig, LossConfig, NetworkConfig
from model.learning.checkpoint import NOTHING_KEPT, Keeper
from model.learning.course import Epoch, run
from model.learning.distributed import Group
from model.learning.journal import Journal
from model.learning.learner import Pairs, Part, Step, generators
from model.learning.loss import PairLoss
from model.networks.head import Dropout, Head

FEATURES = 1536
"""Those of the default trunk, whose learning rate is the default one."""


@dataclass(frozen=True)
class Fitted:
    """tie_weight: ν of the smooth loss, None for the other."""

    head: Head
    epochs: tuple[Epoch, ...]
    best_epoch: int
    tie_weight: float | None


def fit(
    views: Tensor,
    train: Pairs,
    validation: Pairs,
    *,
    network: NetworkConfig,
    loss: LossConfig,
    fitting: FittingConfig,
    progress: Callable[[int, int], None],
    group: Group | None = None,
    keeper: Keeper = NOTHING_KEPT,
    journal: Journal | None = None,
) -> Fitted:
    """The head with the lowest validation loss.

    views: (rows, views, features) on the device that is to train, where the pairs are too; each
    step draws one view a side. The same seed gives the same head on the same kind of device,
    whatever else trains at the same time. keeper, journal: None are kept without them.
    """
    group = group or Group(views.device)
    learner = _OnFeatures(views, train, network, loss, fitting, group)
    course = run(
        learner,
        train,
        validation,
        fitting,
        group=group,
        keeper=keeper,
        journal=journal or Journal("the head", None),
        progress=progress,
    )
    weights = learner.module.loss.tie_weights()
    tie_weight = None if weights is None else weights[0]
    return Fitted(learner.whole(), tuple(course.epochs), course.best_epoch, tie_weight)


class _Scored(nn.Module):
    """A head with its loss."""

    def __init__(self, head: Head, loss: PairLoss) -> None:
        super().__init__()
        self.head = head
        self.loss = loss


class _OnFeatures:
    """One head in training; features enter it standardised, which SGD wants."""

    def __init__(
        self,
        views: Tensor,
        train: Pairs,
        network: NetworkConfig,
        loss: LossConfig,
        fitting: FittingConfig,
        group: Group,
    ) -> None:
        self.views = views
        self.group = group
        self.batch = fitting.batch
        self.generator, self.noise = generators(fitting.seed, group)
        self.mean, self.std = _moments(views[torch.unique(torch.cat([train.left, train.right])), 0])
        head = start_head(views.shape[2], network, self.generator, self.noise)
        self._scored = _Scored(head, PairLoss(loss)).to(views.device)

    @property
    def module(self) -> _Scored:
        return self._scored

    def feed(self, pairs: Pairs, steps: Iterable[Step]) -> Iterator[list[Part]]:
        for step in steps:
            # Views of the whole step are drawn in each process, and so the same ones however
            # many share it.
            view = torch.zeros_like(step.chosen).repeat(2)
            view.random_(self.views.shape[1], generator=self.generator)
            own = [self.group.share(side) for side in (step.chosen, *view.chunk(2))]
            batches = zip(*(torch.split(side, self.batch) for side in own), strict=True)
            yield [self._part(pairs[chosen], *sides) for chosen, *sides in batches if len(chosen)]

    def _part(self, pairs: Pairs, left_view: Tensor, right_view: Tensor) -> Part:
        return Part(len(pairs), partial(self._loss, pairs, torch.cat([left_view, right_view])))

    def _loss(self, pairs: Pairs, view: Tensor) -> Tensor:
        features = (self.views[torch.cat([pairs.left, pairs.right]), view] - self.mean) / self.std
        left, right = self.module.head(features).float().chunk(2)
        loss: Tensor = self.module.loss(left, right, pairs.winner)
        return loss

    @torch.no_grad()
    def validation_loss(self, pairs: Pairs) -> float:
        self.module.eval()
        every = torch.arange(len(pairs), device=self.views.device)
        whole = torch.zeros_like(every).repeat(2)
        chunks = torch.split(every, 4096)
        total = sum(self._loss(pairs[c], whole[: 2 * len(c)]).item() * len(c) for c in chunks)
        return total / len(pairs)

    def whole(self) -> Head:
        """The same function of features as they come: the first layer absorbs the standardising."""
        head, mean, std = self.module.head.cpu(), self.mean.cpu(), self.std.cpu()
        first = head[0]
        assert isinstance(first, nn.Linear)
        with torch.no_grad():
            first.weight.div_(std)
            first.bias.sub_(first.weight @ mean)
        return head.eval()


def start_head(
    inputs: int, network: NetworkConfig, generator: torch.Generator, noise: torch.Generator
) -> Head:
    """A head with weights drawn from `generator`, on its device; dropout draws from `noise`."""
    head = Head(inputs, network.hidden, network.dropout).to(generator.device)
    head.start(generator)
    for layer in head:
        if isinstance(layer, Dropout):
            layer.generator = noise
    return head


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """What is taken from each feature, and what it is divided by: its mean and its deviation.

    A deviation below a tenth of the median one counts as that much: a feature that hardly ever
    shows must not become the loudest in the one photo that has it. A step moves a head by the
    learning rate times the squared length of what enters it, so many features are shortened to the
    length of `FEATURES`: one learning rate suits 1,280 of them and the 25,088 of a VGG.
    """
    std, mean = torch.std_mean(features, dim=0, correction=0)
    std = std.clamp(min=0.1 * max(std.median().item(), 1e-3))
    return mean, std * max(1.0, features.shape[1] / FEATURES) ** 0.5
