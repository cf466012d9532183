import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.config import LossConfig
from model.learning.loss import PairLoss, ranking_loss, smooth_loss

Pairs = tuple[Tensor, Tensor, Tensor]
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
MARGINS = [(1.0, 0.0), (0.5, 0.2), (2.0, 1.0)]
TIE_WEIGHTS = [0.1, 1.0, 3.0]


def margin_loss(margin: float, tie_margin: float) -> Loss:
    return lambda left, right, winner: ranking_loss(left, right, winner, margin, tie_margin)


def davidson(tie_weight: float) -> Loss:
    log = torch.tensor(math.log(tie_weight), dtype=torch.float64)
    return lambda left, right, winner: smooth_loss(left, right, winner, log)


LOSSES = [margin_loss(*margins) for margins in MARGINS] + [davidson(v) for v in TIE_WEIGHTS]


@pytest.fixture
def pairs() -> Pairs:
    generator = torch.Generator().manual_seed(3)
    left, right = torch.randn(2, 200, generator=generator, dtype=torch.float64)
    return left, right, torch.randint(-1, 2, (200,), generator=generator, dtype=torch.int8)


@pytest.mark.parametrize(("margin", "tie_margin"), MARGINS)
def test_the_margin_loss_is_the_formula_of_each_pair(
    pairs: Pairs, margin: float, tie_margin: float
) -> None:
    total = 0.0
    for f_left, f_right, y in zip(*(side.tolist() for side in pairs), strict=True):
        d = f_left - f_right
        total += max(0.0, margin - y * d) if y != 0 else max(0.0, abs(d) - tie_margin)
    assert ranking_loss(*pairs, margin, tie_margin).item() == pytest.approx(total / 200, abs=1e-12)


@pytest.mark.parametrize("tie_weight", TIE_WEIGHTS)
def test_the_smooth_loss_is_the_formula_of_each_pair(pairs: Pairs, tie_weight: float) -> None:
    total = 0.0
    for f_left, f_right, y in zip(*(side.tolist() for side in pairs), strict=True):
        d = f_left - f_right
        weights = {1: math.exp(d / 2), -1: math.exp(-d / 2), 0: tie_weight}
        total -= math.log(weights[y] / sum(weights.values()))
    assert davidson(tie_weight)(*pairs).item() == pytest.approx(total / 200, abs=1e-12)


def test_without_ties_the_smooth_loss_is_the_logistic_one(pairs: Pairs) -> None:
    left, right, winner = pairs
    untied = winner != 0
    loss = davidson(1e-30)(left[untied], right[untied], winner[untied])
    expected = torch.nn.functional.softplus(-(winner * (left - right))[untied]).mean()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-12)


def test_the_smooth_loss_stays_finite_far_out() -> None:
    left = torch.tensor([1e4, -1e4, 1e4, 0.0], requires_grad=True)
    right = torch.zeros(4)
    winner = torch.tensor([1, 1, 0, 0])
    for log_tie_weight in (-50.0, 0.0, 50.0):
        loss = smooth_loss(left, right, winner, torch.tensor(log_tie_weight))
        [gradient] = torch.autograd.grad(loss, left)
        assert torch.isfinite(loss)
        assert torch.isfinite(gradient).all()
    loss = smooth_loss(left, right, winner, torch.tensor(0.0))
    assert loss.item() == pytest.approx((0 + 1e4 + 5e3 + math.log(3)) / 4)


@pytest.mark.parametrize("loss", LOSSES)
def test_does_not_change_when_the_sides_are_swapped(pairs: Pairs, loss: Loss) -> None:
    left, right, winner = pairs
    assert loss(left, right, winner).item() == pytest.approx(
        loss(right, left, -winner).item(), abs=1e-15
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_finite_differences(pairs: Pairs, loss: Loss) -> None:
    left, right, winner = pairs
    left.requires_grad_()
    right.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, winner), (left, right))
    [gradient] = torch.autograd.grad(loss(left, right, winner), left)
    step = 1e-6
    for at in range(0, 200, 20):
        moved = torch.zeros_like(left)
        moved[at] = step
        higher, lower = loss(left + moved, right, winner), loss(left - moved, right, winner)
        assert gradient[at].item() == pytest.approx((higher - lower).item() / (2 * step), abs=1e-9)


def test_gradients_of_the_tie_weight(pairs: Pairs) -> None:
    left, right, winner = pairs
    for shape in ((), (200,)):
        log = torch.full(shape, 0.3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda at: smooth_loss(left, right, winner, at), (log,))


def test_pushes_the_winner_up_and_ties_together() -> None:
    left = torch.tensor([0.0, 0.0, 2.0, 5.0], requires_grad=True)
    right = torch.tensor([0.0, 0.0, 0.0, 0.0], requires_grad=True)
    ranking_loss(left, right, torch.tensor([1, -1, 0, 1])).backward()  # type: ignore[no-untyped-call]
    assert left.grad is not None
    assert right.grad is not None
    # Left wins: up. Right wins: down. Tie with left above: down. Won by more than m: nothing.
    assert left.grad.tolist() == [-0.25, 0.25, 0.25, 0.0]
    assert right.grad.tolist() == [0.25, -0.25, -0.25, 0.0]


def test_the_configuration_chooses_the_loss(pairs: Pairs) -> None:
    of = PairLoss(LossConfig(margin=0.5, tie_margin=0.2)).double()
    assert torch.equal(of(*pairs), ranking_loss(*pairs, 0.5, 0.2))
    assert list(of.parameters()) == []
    assert of.tie_weights() is None
    fixed = PairLoss(LossConfig(kind="smooth", tie_weight=3.0)).double()
    assert fixed(*pairs).item() == pytest.approx(davidson(3.0)(*pairs).item(), abs=1e-6)
    assert list(fixed.parameters()) == []
    assert fixed.tie_weights() == pytest.approx([3.0])


def test_each_attribute_has_its_own_tie_weight(pairs: Pairs) -> None:
    """Learned alone from pairs whose photos are equal, ν becomes 2·ties/wins."""
    loss = PairLoss(LossConfig(kind="smooth"), 2)
    attribute = torch.tensor([0] * 100 + [1] * 100)
    winner = torch.tensor([0] * 20 + [1] * 80 + [0] * 50 + [-1] * 50)
    optimizer = torch.optim.SGD(loss.parameters(), 2.0)
    for _ in range(200):
        optimizer.zero_grad()
        loss(torch.zeros(200), torch.zeros(200), winner, attribute).backward()
        optimizer.step()
    assert loss.tie_weights() == pytest.approx([2 * 20 / 80, 2 * 50 / 50], rel=1e-3)
