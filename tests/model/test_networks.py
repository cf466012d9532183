from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from model import networks, weights
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
    state = weights.read_state(weights_file)
    trunk = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "several")
    assert torch.equal(trunk.state_dict()["layers.0.0.weight"], state["features.0.0.weight"])
    copy = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(state, copy)
    same = networks.pretrained_trunk("mobilenet_v2", str(copy), "several")
    assert weights.state_hash(same) == weights.state_hash(trunk)
    other = networks.pretrained_trunk("mobilenet_v2", "random", "several")
    assert weights.state_hash(other) != weights.state_hash(trunk)


def test_refuses_weights_of_another_network(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match="do not belong to a mobilenet_v2"):
        networks.pretrained_trunk("mobilenet_v2", str(file), "several")
    file.write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="no weights that can be read"):
        weights.read_state(file)
    with pytest.raises(WeightsError, match="There are no weights"):
        weights.read_state(tmp_path / "gone.pth")
    with pytest.raises(WeightsError, match="choose one of mobilenet_v2"):
        networks.pretrained_trunk("resnet", "random", "last")
