import pytest
import torch
from torch import Tensor

from model.loss import ranking_loss

MARGINS = [(1.0, 0.0), (0.5, 0.2), (2.0, 1.0)]


@pytest.fixture
def pairs() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    left, right = torch.randn(2, 200, generator=generator, dtype=torch.float64)
    return left, right, torch.randint(-1, 2, (200,), generator=generator, dtype=torch.int8)


@pytest.mark.parametrize(("margin", "tie_margin"), MARGINS)
def test_is_the_formula_of_each_pair(
    pairs: tuple[Tensor, Tensor, Tensor], margin: float, tie_margin: float
) -> None:
    total = 0.0
    for f_left, f_right, y in zip(*(side.tolist() for side in pairs), strict=True):
        d = f_left - f_right
        total += max(0.0, margin - y * d) if y != 0 else max(0.0, abs(d) - tie_margin)
    assert ranking_loss(*pairs, margin, tie_margin).item() == pytest.approx(total / 200, abs=1e-12)


@pytest.mark.parametrize(("margin", "tie_margin"), MARGINS)
def test_does_not_change_when_the_sides_are_swapped(
    pairs: tuple[Tensor, Tensor, Tensor], margin: float, tie_margin: float
) -> None:
    left, right, winner = pairs
    there = ranking_loss(left, right, winner, margin, tie_margin)
    assert torch.equal(there, ranking_loss(right, left, -winner, margin, tie_margin))


@pytest.mark.parametrize(("margin", "tie_margin"), MARGINS)
def test_gradients_are_those_of_finite_differences(
    pairs: tuple[Tensor, Tensor, Tensor], margin: float, tie_margin: float
) -> None:
    left, right, winner = pairs
    assert torch.autograd.gradcheck(
        lambda a, b: ranking_loss(a, b, winner, margin, tie_margin),
        (left.requires_grad_(), right.requires_grad_()),
    )


def test_pushes_the_winner_up_and_ties_together() -> None:
    left = torch.tensor([0.0, 0.0, 2.0, 5.0], requires_grad=True)
    right = torch.tensor([0.0, 0.0, 0.0, 0.0], requires_grad=True)
    ranking_loss(left, right, torch.tensor([1, -1, 0, 1])).backward()  # type: ignore[no-untyped-call]
    assert left.grad is not None
    assert right.grad is not None
    # Left wins: up. Right wins: down. Tie with left above: down. Won by more than m: nothing.
    assert left.grad.tolist() == [-0.25, 0.25, 0.25, 0.0]
    assert right.grad.tolist() == [0.25, -0.25, -0.25, 0.0]
