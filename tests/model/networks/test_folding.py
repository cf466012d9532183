from pathlib import Path

import pytest
import torch
from torch import nn

from model.networks import folding
from model.networks import trunks as networks


def test_folding_batch_norms_changes_no_feature(weights_file: Path) -> None:
    trunk = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "several").eval()
    photos = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    folded = folding.for_inference(trunk, torch.device("cpu"))
    with torch.inference_mode():
        torch.testing.assert_close(folded(photos), trunk(photos), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in trunk.modules())


def test_batch_norms_in_training_are_not_folded() -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        folding.fold_batch_norms(networks.bare_trunk("mobilenet_v2", "last"))
