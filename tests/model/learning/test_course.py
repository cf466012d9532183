import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.config import FittingConfig, LossConfig, NetworkConfig
from model.errors import ConfigError
from model.learning.checkpoint import Keeper
from model.learning.course import rate
from model.learning.fitting import Fitted, fit
from model.learning.journal import Journal, Row
from model.learning.learner import Pairs

FITTING = FittingConfig(epochs=4, batch=32, patience=2)


def pairs(generator: torch.Generator, number: int) -> Pairs:
    left, right = torch.randint(0, 60, (2, number), generator=generator)
    return Pairs(left, right, torch.randint(-1, 2, (number,), generator=generator).to(torch.int8))


def run(
    keeper: Path | None = None,
    *,
    fitting: FittingConfig = FITTING,
    loss: LossConfig | None = None,
    views: int = 3,
    dropout: float = 0.3,
    scale: float = 1.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Fitted, list[Row]]:
    generator = torch.Generator().manual_seed(0)
    journal = Journal("toy", None if keeper is None else keeper.with_suffix(".csv"))
    fitted = fit(
        scale * torch.randn(60, views, 6, generator=generator),
        pairs(generator, 150),
        pairs(generator, 70),
        network=NetworkConfig(hidden=16, dropout=dropout),
        loss=loss or LossConfig(kind="smooth"),
        fitting=fitting,
        keeper=Keeper(keeper, 0),
        journal=journal,
        progress=progress,
    )
    return fitted, journal.rows


def same(one: Fitted, other: Fitted) -> bool:
    states = zip(one.head.state_dict().values(), other.head.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in states)


def test_goes_on_from_every_step(tmp_path: Path) -> None:
    unbroken, rows = run()
    total = len(unbroken.epochs) * 5
    for at in range(1, total + 1):
        state = tmp_path / f"{at}.state"

        def stop(done: int, _: int, at: int = at) -> None:
            if done == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(state, progress=stop)
        again, again_rows = run(state)
        assert same(again, unbroken)
        assert dataclasses.replace(again, head=unbroken.head) == unbroken
        assert again_rows == rows
        assert (tmp_path / f"{at}.csv").read_text().count("toy") == len(rows)


def test_a_finished_one_is_taken_as_it_is(tmp_path: Path) -> None:
    done: list[int] = []
    first, _ = run(tmp_path / "x.state")
    again, _ = run(tmp_path / "x.state", progress=lambda step, _: done.append(step))
    assert same(first, again)
    assert len(done) <= 1


def test_batches_that_are_added_up_are_one_large_batch() -> None:
    """Steps are of the same pairs, so without dropout they are the same steps."""
    whole, _ = run(fitting=dataclasses.replace(FITTING, batch=24), dropout=0.0)
    parts, _ = run(fitting=dataclasses.replace(FITTING, batch=6, accumulate=4), dropout=0.0)
    other, _ = run(fitting=dataclasses.replace(FITTING, batch=6), dropout=0.0)
    weights = [one.head.state_dict()["0.weight"] for one in (whole, parts, other)]
    assert torch.allclose(weights[0], weights[1], atol=1e-5)
    assert not torch.allclose(weights[0], weights[2], atol=1e-3)
    assert whole.epochs[0].train_loss == pytest.approx(parts.epochs[0].train_loss, abs=1e-5)


def test_a_learned_tie_weight_is_not_decayed() -> None:
    """At a strong decay all weights vanish and ν goes to what ties and wins say: 2 · ties/wins."""
    generator = torch.Generator().manual_seed(1)
    winner = torch.tensor([1, -1, 0, -1] * 40, dtype=torch.int8)
    left, right = torch.randint(0, 60, (2, 160), generator=generator)
    votes = Pairs(left, right, winner)
    fitted = fit(
        torch.randn(60, 1, 6, generator=generator),
        votes,
        votes,
        network=NetworkConfig(hidden=4),
        loss=LossConfig(kind="smooth"),
        fitting=FittingConfig(epochs=60, batch=32, learning_rate=0.1, weight_decay=1.0),
        progress=lambda done, total: None,
    )
    assert fitted.tie_weight == pytest.approx(2 * 40 / 120, rel=0.1)
    assert run(loss=LossConfig())[0].tie_weight is None


def test_a_loss_that_is_no_number_ends_it_in_a_sentence() -> None:
    steep = dataclasses.replace(FITTING, learning_rate=1e30, warm_up=0.0)
    with pytest.raises(ConfigError, match="lower learning_rate"):
        run(fitting=steep, scale=1e3)


def test_the_log_has_each_epoch_and_running_losses() -> None:
    fitted, rows = run(fitting=dataclasses.replace(FITTING, batch=2, epochs=2))
    of_epochs = [row for row in rows if row[5] is not None]
    assert [row[1:3] for row in of_epochs] == [(1, 75), (2, 150)]
    for row, epoch in zip(of_epochs, fitted.epochs, strict=True):
        assert row[4:] == (epoch.train_loss, epoch.validation_loss)
    assert [row[2] for row in rows] == [50, 75, 100, 150, 150]


def test_rates_rise_then_fall() -> None:
    cosine = FittingConfig(warm_up=0.1)
    rates = [rate(step, 100, cosine) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == pytest.approx(1)
    assert rates[-1] < 0.01
    step = FittingConfig(warm_up=0, schedule="step")
    assert [rate(at, 100, step) for at in (0, 49, 50, 74, 75, 99)] == [1, 1, 0.1, 0.1, 0.01, 0.01]
    constant = FittingConfig(warm_up=0, schedule="constant")
    assert {rate(at, 100, constant) for at in range(100)} == {1.0}
