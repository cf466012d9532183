"""Training one head on frozen features, pair by pair."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.config import FittingConfig, LossConfig, NetworkConfig
from model.head import Head
from model.loss import ranking_loss


@dataclass(frozen=True)
class Pairs:
    """Rows of the features of the left and right photos, and who won (+1 left, -1 right, 0)."""

    left: Tensor
    right: Tensor
    winner: Tensor

    def to(self, device: torch.device) -> "Pairs":
        return Pairs(self.left.to(device), self.right.to(device), self.winner.to(device))

    def __len__(self) -> int:
        return len(self.winner)


@dataclass(frozen=True)
class Epoch:
    """Mean losses of one epoch; the validation loss is that of whole photos, without dropout."""

    train_loss: float
    validation_loss: float


@dataclass(frozen=True)
class Fitted:
    head: Head
    epochs: tuple[Epoch, ...]
    best_epoch: int


def fit(
    views: Tensor,
    train: Pairs,
    validation: Pairs,
    *,
    network: NetworkConfig,
    loss: LossConfig,
    fitting: FittingConfig,
    progress: Callable[[int, int], None],
) -> Fitted:
    """The head with the lowest validation loss.

    views: (rows, views, features) on the device that is to train, where the pairs are too; each
    step draws one view a side. The same seed gives the same head on the same kind of device,
    whatever else trains at the same time.
    """
    generator = torch.Generator(views.device).manual_seed(fitting.seed)
    mean, std = _moments(views[torch.unique(torch.cat([train.left, train.right])), 0])
    head = Head(views.shape[2], network.hidden, network.dropout).to(views.device)
    head.start(generator)
    optimizer = torch.optim.SGD(
        head.parameters(),
        fitting.learning_rate,
        momentum=fitting.momentum,
        weight_decay=fitting.weight_decay,
    )
    steps = fitting.epochs * math.ceil(len(train) / fitting.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: rate(at, steps, fitting))
    run = _Run(head, views, mean, std, loss, fitting.batch, generator)
    epochs: list[Epoch] = []
    best, best_state = 0, copy.deepcopy(head.state_dict())
    for number in range(fitting.epochs):
        trained = run.train(train, optimizer, schedule)
        epochs.append(Epoch(trained, run.loss_of(validation)))
        if epochs[number].validation_loss <= epochs[best].validation_loss:
            best, best_state = number, copy.deepcopy(head.state_dict())
        progress(number + 1, fitting.epochs)
        if number - best >= fitting.patience:
            break
    head.load_state_dict(best_state)
    return Fitted(_take_in(head.cpu(), mean.cpu(), std.cpu()), tuple(epochs), best)


def rate(step: int, steps: int, fitting: FittingConfig) -> float:
    """Share of the learning rate at a step of all steps."""
    warm_up = fitting.warm_up * steps
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    past = (step - warm_up) / max(steps - warm_up, 1)
    if fitting.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(past, 1)))
    if fitting.schedule == "step":
        return 1.0 if past < 0.5 else 0.1 if past < 0.75 else 0.01
    return 1.0


@dataclass(frozen=True)
class _Run:
    """One head in training; features enter it standardised, which SGD wants."""

    head: Head
    views: Tensor
    mean: Tensor
    std: Tensor
    loss: LossConfig
    batch: int
    generator: torch.Generator

    def train(
        self,
        pairs: Pairs,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
    ) -> float:
        self.head.train()
        total = torch.zeros((), device=self.views.device)
        device = self.views.device
        order = torch.randperm(len(pairs), generator=self.generator, device=device)
        for chosen in _batches(order, self.batch):
            loss = self._loss(pairs, chosen, random_views=True)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.detach() * len(chosen)
        return total.item() / len(pairs)

    @torch.no_grad()
    def loss_of(self, pairs: Pairs) -> float:
        self.head.eval()
        chunks = _batches(torch.arange(len(pairs), device=self.views.device), 4096)
        total = sum(self._loss(pairs, c, random_views=False).item() * len(c) for c in chunks)
        return total / len(pairs)

    def _loss(self, pairs: Pairs, chosen: Tensor, *, random_views: bool) -> Tensor:
        rows = torch.cat([pairs.left[chosen], pairs.right[chosen]])
        view = torch.zeros_like(rows)
        if random_views:
            view.random_(self.views.shape[1], generator=self.generator)
        features = (self.views[rows, view] - self.mean) / self.std
        left, right = self.head(features).chunk(2)
        return ranking_loss(
            left, right, pairs.winner[chosen], self.loss.margin, self.loss.tie_margin
        )


def _batches(rows: Tensor, size: int) -> tuple[Tensor, ...]:
    """All rows, the last batch as short as it comes."""
    batches: tuple[Tensor, ...] = torch.split(rows, size)
    return batches


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each feature.

    A deviation below a tenth of the median one counts as that much: a feature that hardly ever
    shows must not become the loudest in the one photo that has it.
    """
    std, mean = torch.std_mean(features, dim=0, correction=0)
    return mean, std.clamp(min=0.1 * max(std.median().item(), 1e-3))


def _take_in(head: Head, mean: Tensor, std: Tensor) -> Head:
    """The same function of features as they come: the first layer absorbs the standardising."""
    first = head[0]
    assert isinstance(first, nn.Linear)
    with torch.no_grad():
        first.weight.div_(std)
        first.bias.sub_(first.weight @ mean)
    return head.eval()
