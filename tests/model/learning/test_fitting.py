import dataclasses

import pytest
import torch
from torch import Tensor

from model.config import FittingConfig, LossConfig, NetworkConfig
from model.learning.fitting import Fitted, fit
from model.learning.learner import Pairs
from model.learning.loss import ranking_loss

SMALL = NetworkConfig(hidden=16, dropout=0.3)


def toy(seed: int = 0, pairs: int = 400) -> tuple[Tensor, Pairs, Pairs]:
    """Features in which the first one decides who wins."""
    generator = torch.Generator().manual_seed(seed)
    views = 5 + 3 * torch.randn(60, 3, 6, generator=generator)
    views[:, :, 0] = views[:, :1, 0]
    views[:, :, 5] = 2.0  # never varies
    left, right = torch.randint(0, 60, (2, pairs), generator=generator)
    winner = torch.sign(views[left, 0, 0] - views[right, 0, 0]).to(torch.int8)
    train = Pairs(left[100:], right[100:], winner[100:])
    return views, train, Pairs(left[:100], right[:100], winner[:100])


def run(views: Tensor, train: Pairs, validation: Pairs, **changes: object) -> Fitted:
    fitting = dataclasses.replace(FittingConfig(epochs=15, batch=32), **changes)  # type: ignore[arg-type]
    return fit(
        views,
        train,
        validation,
        network=SMALL,
        loss=LossConfig(),
        fitting=fitting,
        progress=lambda done, total: None,
    )


def test_learns_what_decides() -> None:
    views, train, validation = toy()
    fitted = run(views, train, validation)
    raw = fitted.head(views[:, 0])
    right = torch.sign(raw[validation.left] - raw[validation.right]) == validation.winner
    assert right.float().mean().item() > 0.9
    assert fitted.epochs[fitted.best_epoch].validation_loss < 0.5 < fitted.epochs[0].train_loss


def test_the_head_takes_features_as_they_come() -> None:
    """Its validation loss, computed from raw features, is the one that was noted in training."""
    views, train, validation = toy()
    fitted = run(views, train, validation)
    raw = fitted.head(views[:, 0])
    difference = raw[validation.left] - raw[validation.right]
    loss = torch.where(
        validation.winner == 0, difference.abs(), (1 - validation.winner * difference).clamp(min=0)
    ).mean()
    noted = fitted.epochs[fitted.best_epoch].validation_loss
    assert loss.item() == pytest.approx(noted, abs=1e-4)
    assert noted == min(epoch.validation_loss for epoch in fitted.epochs)


def test_the_same_seed_gives_the_same_head_whatever_else_draws() -> None:
    first = run(*toy(), epochs=2)
    torch.rand(10)
    second = run(*toy(), epochs=2)
    other = run(*toy(), epochs=2, seed=1)
    for name, tensor in first.head.state_dict().items():
        assert torch.equal(tensor, second.head.state_dict()[name])
    assert not torch.equal(first.head.state_dict()["0.weight"], other.head.state_dict()["0.weight"])


def test_stops_when_validation_no_longer_falls() -> None:
    views, train, validation = toy()
    noise = torch.randint(0, 2, (len(train),), generator=torch.Generator().manual_seed(1)) * 2 - 1
    shuffled = Pairs(train.left, train.right, noise.to(torch.int8))
    fitted = run(views, shuffled, validation, epochs=200, patience=3, learning_rate=0.05)
    assert len(fitted.epochs) < 200
    assert len(fitted.epochs) == fitted.best_epoch + 4


def test_the_short_last_batch_counts_too() -> None:
    """At a rate of almost nothing, the mean loss of an epoch is that of all pairs."""
    views, train, validation = toy(pairs=133)
    assert len(train) == 33
    fitted = fit(
        views[:, :1],
        train,
        validation,
        network=NetworkConfig(hidden=16, dropout=0.0),
        loss=LossConfig(),
        fitting=FittingConfig(epochs=1, batch=32, learning_rate=1e-12),
        progress=lambda done, total: None,
    )
    raw = fitted.head(views[:, 0])
    loss = ranking_loss(raw[train.left], raw[train.right], train.winner)
    assert fitted.epochs[0].train_loss == pytest.approx(loss.item(), abs=1e-5)
