"""The loss that pairs are trained with."""

import torch
from torch import Tensor


def ranking_loss(
    left: Tensor, right: Tensor, winner: Tensor, margin: float = 1.0, tie_margin: float = 0.0
) -> Tensor:
    """Margin ranking loss with ties (Porzi 2015; Dubey 2016), mean over pairs.

    left, right: raw outputs, shape (pairs,). winner: +1 left, -1 right, 0 equal.
    With d = left - right: max(0, margin - winner * d) of an untied pair, and
    max(0, |d| - tie_margin) of a tied one.
    Swapping left and right and negating winner leaves it unchanged.
    """
    difference = left - right
    sign = winner.to(difference.dtype)
    untied = (margin - sign * difference).clamp(min=0)
    tied = (difference.abs() - tie_margin).clamp(min=0)
    return torch.where(sign != 0, untied, tied).mean()
