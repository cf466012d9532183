"""Trained trunks, from votes to scores."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from model import device as devices
from model.config import Config, LossConfig, check
from model.errors import ConfigError
from model.judging import evaluation
from model.learning.cores import OnCores
from model.networks.head import Head
from model.networks.rankers import Rankers, settle
from model.networks.trunks import pretrained_trunk
from model.scoring.scorer import Scorer
from model.training import LOG, train
from model.votes import cleaning
from model.votes.reading import read
from tests.model import scenes

CPU = torch.device("cpu")
Material = tuple[Path, Path, scenes.Qualities]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The cores of the machine are busy with other tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    home = tmp_path_factory.mktemp("material")
    qualities = scenes.write_photos(home / "photos", 50, seed=3)
    scenes.write_votes(home / "votes.csv", qualities, 220, seed=4)
    return home / "votes.csv", home / "photos", qualities


def config(**network: object) -> Config:
    return check(
        {
            "network": {
                "weights": "random",
                "train_trunk": True,
                "hidden": 16,
                "trunk": "resnet18",
                **network,
            },
            "preprocessing": {"height": 64, "width": 64},
            "fitting": {"epochs": 2, "batch": 12, "learning_rate": 0.005},
            "loss": {"kind": "smooth"},
            "evaluation": {"minimum_votes": 5, "baselines": False},
        }
    )


@pytest.mark.slow
def test_each_attribute_gets_a_trunk_of_its_own(material: Material, tmp_path: Path) -> None:
    votes, photos, _ = material
    release = train(votes, photos, tmp_path / "release", config(), name="apart")
    assert list(release.trunks) == ["safety", "lively"]
    assert release.trunk_of == {"safety": "safety", "lively": "lively"}
    start = pretrained_trunk("resnet18", "random", "last").state_dict()
    trained = [release.trunks[name].state_dict() for name in ("safety", "lively")]
    for state in trained:
        assert not torch.equal(state["layers.0.weight"], start["layers.0.weight"])
    assert not torch.equal(trained[0]["layers.0.weight"], trained[1]["layers.0.weight"])
    for name, part in release.manifest["trunk"].items():
        assert part["frozen"] is False
        assert part["file"] == f"trunk-{name}.safetensors"
    for fit in release.manifest["training"]["fits"].values():
        assert fit["epochs"][1]["train_loss"] < fit["epochs"][0]["train_loss"]
        assert 0.5 < fit["tie_weight"] < 2
    log = (release.folder / LOG).read_text().splitlines()
    assert log[0].startswith("fit,epoch,step,learning_rate")
    assert {line.split(",")[0] for line in log[1:]} == {"safety", "lively"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alexnet", "resnet50", "densenet121", "convnext_tiny"])
def test_loss_falls_from_random_weights(material: Material, tmp_path: Path, name: str) -> None:
    _, photos, qualities = material
    scenes.write_votes(tmp_path / "votes.csv", {"safety": qualities["safety"]}, 90, seed=5)
    own = config(trunk=name, dropout=0.0)
    own = replace(own, loss=LossConfig(), fitting=replace(own.fitting, learning_rate=1e-3))
    release = train(tmp_path / "votes.csv", photos, tmp_path / "release", own, name=name)
    losses = [one["train_loss"] for one in release.manifest["training"]["fits"]["safety"]["epochs"]]
    assert losses[1] < losses[0] < 1.5


@pytest.mark.slow
def test_together_one_trunk_learns_all_attributes(
    material: Material, tmp_path: Path, weights_file: Path
) -> None:
    """With weights of ImageNet two epochs tell. Scored anew, the figures are the same."""
    votes, photos, _ = material
    together = config(together=True, trunk="mobilenet_v2", weights=str(weights_file))
    release = train(votes, photos, tmp_path / "release", together, name="together")
    assert list(release.trunks) == ["shared"]
    assert sorted(path.name for path in release.folder.glob("*.safetensors")) == [
        "head-lively.safetensors",
        "head-safety.safetensors",
        "trunk-shared.safetensors",
    ]
    fits = release.manifest["training"]["fits"]
    assert fits["safety"]["epochs"] == fits["lively"]["epochs"]
    assert fits["safety"]["tie_weight"] != fits["lively"]["tie_weight"]
    losses = [epoch["validation_loss"] for epoch in fits["safety"]["epochs"]]
    assert losses[1] < 1.09  # what a half, a half and ν of 1 give without any learning: ln 3
    scored = Scorer(release).score((path.stem, path) for path in photos.iterdir())
    raw = pd.DataFrame({photo.id: photo.raw for photo in scored}).T
    frame = cleaning.drop_repeats(read(votes).frame)
    test = [key for key, part in release.split().items() if part == "test"]
    frame = frame[frame["left"].isin(test) & frame["right"].isin(test) & (frame["winner"] != 0)]
    for attribute, metrics in release.manifest["metrics"].items():
        own = frame[frame["attribute"] == attribute]
        right = np.sign(evaluation.differences(own, raw)) == own["winner"]
        assert metrics["votes"] == len(own)
        assert metrics["accuracy"] == pytest.approx(float(right.mean()))


def test_refuses_a_size_that_the_network_does_not_take(material: Material, tmp_path: Path) -> None:
    votes, photos, _ = material
    with pytest.raises(ConfigError, match="exactly 224 × 224"):
        train(votes, photos, tmp_path / "release", config(trunk="vit_b_16"), name="x")
    assert list(tmp_path.iterdir()) == []


def test_batch_norms_keep_their_statistics_while_the_trunk_learns() -> None:
    trunk = pretrained_trunk("mobilenet_v2", "random", "last")
    rankers = Rankers(trunk, [Head(1280, 4, 0.3)]).train()
    images = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before = {name: tensor.clone() for name, tensor in trunk.named_buffers()}
    rankers(images).sum().backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in trunk.named_buffers())
    assert all(parameter.grad is not None for parameter in trunk.parameters())
    assert rankers.heads[0].training
    # A photo's features depend on no other photo of the batch.
    assert torch.allclose(trunk(images)[:2], trunk(images[:2]), atol=1e-5)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_settled_norms_give_a_random_network_even_outputs(name: str) -> None:
    low, high = 0.1, 2.0
    trunk = pretrained_trunk(name, "random", "last").eval()
    images = torch.randn(8, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not low < trunk(images).mean() < high
        settle(trunk, images)
        assert low < trunk(images).mean() < high
        assert not any(module.training for module in trunk.modules())
        norm = next(one for one in trunk.modules() if isinstance(one, nn.BatchNorm2d))
        assert norm.momentum == 0.1


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_cores_give_the_features_and_gradients_of_the_trunk(threads: int) -> None:
    torch.set_num_threads(threads)
    trunk = pretrained_trunk("alexnet", "random", "several").eval()
    unused = nn.Parameter(torch.zeros(3))
    trunk.register_parameter("unused", unused)
    images = torch.randn(21, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(21, 1152, generator=torch.Generator().manual_seed(1))

    def gradients(features: torch.Tensor) -> dict[str, torch.Tensor]:
        trunk.zero_grad()
        (features * weight).sum().backward()  # type: ignore[no-untyped-call]
        found = trunk.named_parameters()
        return {name: one.grad.clone() for name, one in found if one.grad is not None}

    plain, on_cores = trunk(images), OnCores(trunk, CPU)(images)
    assert torch.allclose(plain, on_cores, atol=1e-5)
    expected, found = gradients(plain), gradients(on_cores)
    assert "unused" not in found
    for name, tensor in expected.items():
        assert torch.allclose(tensor, found[name], rtol=1e-3, atol=1e-4), name
    again = gradients(OnCores(trunk, CPU)(images))
    assert all(torch.equal(tensor, again[name]) for name, tensor in found.items())
    assert devices.CPU_BATCH < 21
