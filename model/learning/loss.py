"""The losses that pairs are trained with."""

import math

import torch
from torch import Tensor, nn

from model.config import LossConfig


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


def smooth_loss(left: Tensor, right: Tensor, winner: Tensor, log_tie_weight: Tensor) -> Tensor:
    """Negative log likelihood of Davidson's model of paired comparisons (1970), mean over pairs.

    left, right, winner: as for `ranking_loss`. log_tie_weight: log ν, of shape () or (pairs,).
    With d = left - right and the weights e^(d/2) of a win of the left, e^(-d/2) of one of the
    right and ν of a tie, the chance of each is its weight over the sum of the three; as ν goes
    to 0 this is the logistic model of Bradley and Terry. Strengths e^left and e^right are
    Davidson's π; a tie weighs ν√(π_left · π_right).
    Swapping left and right and negating winner leaves it unchanged.
    """
    half = (left - right) / 2
    tie = log_tie_weight.expand_as(half)
    log_sum = torch.logsumexp(torch.stack([half, -half, tie]), 0)
    sign = winner.to(half.dtype)
    return (log_sum - torch.where(sign != 0, sign * half, tie)).mean()


class PairLoss(nn.Module):
    """The configured loss, with the tie weight ν of each attribute where it is learned.

    forward: left, right, winner as for the losses; attribute: number of each pair's attribute,
    shape (pairs,), not needed for one.
    """

    log_tie_weight: Tensor

    def __init__(self, config: LossConfig, attributes: int = 1) -> None:
        super().__init__()
        self.config = config
        start = torch.full((attributes,), math.log(config.tie_weight or 1.0))
        if config.kind == "smooth" and config.tie_weight is None:
            self.log_tie_weight = nn.Parameter(start)
        else:
            self.register_buffer("log_tie_weight", start)

    def forward(
        self, left: Tensor, right: Tensor, winner: Tensor, attribute: Tensor | None = None
    ) -> Tensor:
        if self.config.kind == "margin":
            return ranking_loss(left, right, winner, self.config.margin, self.config.tie_margin)
        own = self.log_tie_weight[0] if attribute is None else self.log_tie_weight[attribute]
        return smooth_loss(left, right, winner, own)

    def tie_weights(self) -> list[float] | None:
        """ν of each attribute; None for the loss that has none."""
        if self.config.kind == "margin":
            return None
        return [float(value) for value in self.log_tie_weight.detach().double().exp()]
