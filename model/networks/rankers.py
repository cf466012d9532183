"""Heads on one trunk, as they are trained together with it."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from model.networks.head import Head


class Rankers(nn.Module):
    """A trunk with one head per attribute: images → raw outputs (n, attributes).

    The trunk stays in evaluation mode while it is trained: its weights learn, batch norms with
    their scale and shift too, but they keep normalising by the statistics that came with the
    weights. A pair's outputs then depend on no other photo of the batch, a short last batch
    or one cut by `accumulate` or over processes gives the same gradients, and training sees the
    function that is validated, released and scored. With a batch of 32 pairs, statistics of the
    batch itself would be noise beside those of ImageNet. Dropout and stochastic depth inside a
    trunk rest too; the heads have dropout of their own.
    """

    def __init__(self, trunk: nn.Module, heads: Iterable[Head]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(heads)

    def forward(self, images: Tensor) -> Tensor:
        return self.on_features(self.trunk(images))

    def on_features(self, features: Tensor) -> Tensor:
        return torch.stack([head(features) for head in self.heads], 1)

    def train(self, mode: bool = True) -> "Rankers":
        super().train(mode)
        self.trunk.eval()
        return self

    def head(self, number: int) -> Head:
        head = self.heads[number]
        assert isinstance(head, Head)
        return head


def settle(trunk: nn.Module, images: Tensor) -> None:
    """Make a trunk with random weights fit to be trained: norms with statistics of these images.

    The ones that it has are 0 and 1, with which its outputs grow or fade from layer to layer;
    since they are not trained, they must fit from the start. The last norm of each residual block
    starts at a scale of 0, as Goyal et al. 2017 do: a ResNet50 diverges in its first steps
    otherwise.
    """
    for block in trunk.modules():
        if isinstance(block, BasicBlock):
            nn.init.zeros_(block.bn2.weight)
        elif isinstance(block, Bottleneck):
            nn.init.zeros_(block.bn3.weight)
    norms = [module for module in trunk.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
        norm.train()
    with torch.no_grad():
        trunk(images)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
        norm.eval()
