"""Heads: features → one raw output."""

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """Dropout with a random generator of its own, so that heads can train side by side.

    Without one it draws from torch's, which all threads share. With p = 0 it draws nothing.
    """

    generator: torch.Generator | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        if self.p == 0 or not self.training:
            return inputs
        if self.generator is None:
            return super().forward(inputs)
        kept = torch.rand(inputs.shape, generator=self.generator, device=inputs.device) >= self.p
        return inputs * kept / (1 - self.p)


class Head(nn.Sequential):
    """Two fully connected layers: (n, inputs) → raw outputs (n,)."""

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(inputs, hidden), nn.ReLU(), Dropout(dropout), nn.Linear(hidden, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        for layer in self:
            features = layer(features)
        return features.squeeze(-1)

    def start(self, generator: torch.Generator) -> None:
        """Draw weights as torch does by default, and dropout from now on, from `generator`."""
        for layer in self:
            if isinstance(layer, nn.Linear):
                bound = layer.in_features**-0.5
                nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
            if isinstance(layer, Dropout):
                layer.generator = generator
