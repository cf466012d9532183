"""What the training loop asks of whatever it trains."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pandas as pd
import torch
from torch import Tensor, nn

from model.learning.distributed import Group


@dataclass(frozen=True)
class Pairs:
    """Rows of the left and right photos, who won (+1 left, -1 right, 0), and on which attribute.

    attribute: its number among those that are trained together; None for one alone.
    """

    left: Tensor
    right: Tensor
    winner: Tensor
    attribute: Tensor | None = None

    def to(self, device: torch.device) -> "Pairs":
        attribute = None if self.attribute is None else self.attribute.to(device)
        return Pairs(self.left.to(device), self.right.to(device), self.winner.to(device), attribute)

    def __getitem__(self, chosen: Tensor) -> "Pairs":
        attribute = None if self.attribute is None else self.attribute[chosen]
        return Pairs(self.left[chosen], self.right[chosen], self.winner[chosen], attribute)

    def __len__(self) -> int:
        return len(self.winner)


def pairs_of(
    frame: pd.DataFrame, row: Mapping[str, int], attributes: tuple[str, ...] = ()
) -> Pairs:
    """Votes as rows of photos. attributes: those that are trained together, if several are."""
    left, right = (torch.tensor(frame[side].map(dict(row)).tolist()) for side in ("left", "right"))
    winner = torch.tensor(frame["winner"].tolist(), dtype=torch.int8)
    if len(attributes) < 2:
        return Pairs(left, right, winner)
    number = {attribute: at for at, attribute in enumerate(attributes)}
    return Pairs(left, right, winner, torch.tensor(frame["attribute"].map(number).tolist()))


@dataclass(frozen=True)
class Step:
    """The pairs of one step of the optimiser, over all processes. number: among all steps."""

    epoch: int
    number: int
    chosen: Tensor


@dataclass(frozen=True)
class Part:
    """Pairs that pass through the network at once; `loss` is their mean."""

    pairs: int
    loss: Callable[[], Tensor]


class Learner(Protocol):
    """What the loop trains.

    module: all that has weights, the loss included; its parameters named `…log_tie_weight` are
    not decayed. generator: draws the order of the pairs, alike in all processes. noise: draws
    dropout; the same generator where one process trains alone.
    """

    generator: torch.Generator
    noise: torch.Generator

    @property
    def module(self) -> nn.Module: ...

    def feed(self, pairs: Pairs, steps: Iterable[Step]) -> Iterator[list[Part]]:
        """This process's share of each step, prepared when it is asked for."""

    def validation_loss(self, pairs: Pairs) -> float: ...


def generators(seed: int, group: Group) -> tuple[torch.Generator, torch.Generator]:
    """The generator of all processes, and that of this one's dropout."""
    shared = torch.Generator(group.device).manual_seed(seed)
    return shared, shared if group.size == 1 else torch.Generator(group.device)
