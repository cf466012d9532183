"""A trunk in training on all cores of a CPU."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

from model import device as devices

Gradients = tuple[Tensor | None, ...]


class OnCores:
    """The trunk's forward and backward pass, in which each core has photos of its own.

    Like scoring (`model.device.lanes`): letting all cores share each operation waits for the
    slowest at the end of each, which on two cores halves the speed and quarters it where other
    processes run too. Gradients are summed in a fixed order, so that the same number of threads
    gives the same ones. On another device the trunk is simply called.
    """

    def __init__(self, trunk: nn.Module, device: torch.device) -> None:
        self.trunk = trunk
        self.cores = torch.get_num_threads() if device.type == "cpu" else 0
        self.pool = devices.lanes(device) if self.cores else None

    def __call__(self, images: Tensor) -> Tensor:
        """(n, 3, height, width) → (n, features), with gradients for the trunk's weights."""
        if self.pool is None:
            features: Tensor = self.trunk(images)
            return features
        parameters = [one for one in self.trunk.parameters() if one.requires_grad]
        of_cores: Tensor = _Split.apply(self, images, *parameters)
        return of_cores


class _Split(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, on: OnCores, images: Tensor, *parameters: Tensor) -> Tensor:
        assert on.pool is not None

        def features(share: Tensor) -> list[Tensor]:
            with torch.enable_grad():
                return [on.trunk(part) for part in torch.split(share, devices.CPU_BATCH)]

        shares = images.tensor_split(on.cores)
        context.pool, context.parameters = on.pool, parameters
        context.features = list(on.pool.map(features, [one for one in shares if len(one)]))
        return torch.cat([part.detach() for share in context.features for part in share])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Any:
        pool: ThreadPoolExecutor = context.pool
        sizes = [sum(len(part) for part in share) for share in context.features]
        shares = torch.split(gradient, sizes)
        parameters = [context.parameters] * len(shares)
        of_cores = list(pool.map(_gradients, context.features, shares, parameters))
        total = of_cores[0]
        for other in of_cores[1:]:
            total = _sum(total, other)
        return (None, None, *total)


def _gradients(
    features: list[Tensor], gradient: Tensor, parameters: tuple[Tensor, ...]
) -> Gradients:
    total: Gradients = (None,) * len(parameters)
    parts = list(torch.split(gradient, [len(part) for part in features]))
    while features:
        # Each graph is let go of as soon as it is done with.
        own = torch.autograd.grad(features.pop(), parameters, parts.pop(), allow_unused=True)
        total = _sum(total, own)
    return total


def _sum(one: Gradients, other: Gradients) -> Gradients:
    return tuple(
        b if a is None else a if b is None else a.add_(b) for a, b in zip(one, other, strict=True)
    )
