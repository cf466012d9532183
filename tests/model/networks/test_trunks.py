import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor, nn

from model.errors import ConfigError, WeightsError
from model.networks import folding, weights
from model.networks import trunks as networks
from model.networks.head import Head
from model.photos.images import Preprocessing, one_view
from tests.model import untrained

ROOT = Path(networks.__file__).parents[2]
SIZES = {"vit_b_16": 224}


@dataclass(frozen=True)
class Whole:
    """A whole network with random weights, and the trunks that are cut from a file of them."""

    name: str
    network: nn.Module
    file: Path
    trunks: dict[str, networks.Trunk]
    photos: Tensor


@pytest.fixture(scope="module", params=networks.ARCHITECTURES)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    name: str = request.param
    torch.manual_seed(3)
    size = SIZES.get(name, 64)
    photos = torch.rand(1 if size == 224 else 2, 3, size, size)
    kind = networks.architecture(name)
    network = kind.build()
    _give_statistics(network, photos)
    file = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
    state = network.state_dict()
    own = {key: value for key, value in state.items() if not key.startswith(kind.classifier)}
    safetensors.torch.save_file(own, file)
    trunks = {
        pooling: networks.pretrained_trunk(name, str(file), pooling).eval()
        for pooling in ("last", "several")
    }
    return Whole(name, network, file, trunks, photos)


def _give_statistics(network: nn.Module, photos: Tensor) -> None:
    """Batch norms that shift and scale; those of random weights would be nothing to fold."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 0.5
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    if norms:
        with torch.no_grad():
            network.train()(photos)
    network.eval()


def classifier_inputs(whole: Whole) -> Tensor:
    """What the network itself hands to its classifier: the inputs of that module's first layer."""
    path = networks.architecture(whole.name).classifier.rstrip(".")
    seen: list[Tensor] = []
    module = whole.network.get_submodule(path)
    with module.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0])):
        whole.network(whole.photos)
    return seen[0]


def documented() -> dict[str, tuple[int, int]]:
    """Network → features of `last` and of `several`, as the table of docs/model.md says."""
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \|", text, re.MULTILINE)
    return {
        name: (int(last.replace(",", "")), int(several.replace(",", "")))
        for name, last, several in rows
    }


@torch.inference_mode()
def test_last_is_what_the_network_hands_to_its_classifier(whole: Whole) -> None:
    features = whole.trunks["last"](whole.photos)
    assert features.shape == (len(whole.photos), documented()[whole.name][0])
    torch.testing.assert_close(features, classifier_inputs(whole), atol=1e-6, rtol=1e-5)
    assert features.std() > 0


@torch.inference_mode()
def test_several_are_means_and_deviations_of_inner_maps(whole: Whole) -> None:
    trunk = whole.trunks["several"]
    maps: dict[int, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda _module, _in, out, n=n: maps.update({n: out.clone()}))
        for n, layer in enumerate(trunk.layers)
    ]
    features = trunk(whole.photos)
    for hook in hooks:
        hook.remove()
    assert features.shape == (len(whole.photos), documented()[whole.name][1])
    inner = [maps[n].numpy() for n in trunk.inner]
    side = whole.photos.shape[-1]
    if whole.name == "vit_b_16":
        assert [values.shape[1] for values in inner] == [1 + (side // 16) ** 2] * 2
        places = [values[:, 1:].swapaxes(1, 2) for values in inner]
        ends = trunk.end(maps[len(trunk.layers) - 1])
    else:
        # AlexNet's first layer cuts off a rim.
        assert [
            abs(values.shape[-1] - side / part) <= 1
            for values, part in zip(inner, (8, 16), strict=True)
        ]
        places = [values.reshape(*values.shape[:2], -1) for values in inner]
        ends = classifier_inputs(whole)
    expected = [pool for values in places for pool in (values.mean(2), values.std(2))]
    if whole.name in ("alexnet", "vgg16", "vgg19"):
        ends = maps[len(trunk.layers) - 1].mean((2, 3))
    np.testing.assert_allclose(
        features.numpy(), np.concatenate([ends.numpy(), *expected], 1), atol=2e-3, rtol=1e-4
    )


@torch.inference_mode()
def test_folding_batch_norms_changes_no_feature(whole: Whole) -> None:
    trunk = whole.trunks["several"]
    folded = folding.for_inference(trunk, torch.device("cpu"))
    torch.testing.assert_close(folded(whole.photos), trunk(whole.photos), atol=1e-4, rtol=1e-4)


def test_gradients_reach_every_weight(whole: Whole) -> None:
    trunk = whole.trunks["several"].train()
    trunk(whole.photos).square().sum().backward()
    gradients = {name: weight.grad for name, weight in trunk.named_parameters()}
    trunk.eval().zero_grad()
    without = [name for name, gradient in gradients.items() if gradient is None]
    assert without == []
    first = next(iter(gradients.values()))
    assert first is not None
    assert first.abs().max() > 0


@torch.inference_mode()
def test_the_smallest_size_gives_features(whole: Whole) -> None:
    kind = networks.architecture(whole.name)
    side = kind.only or kind.smallest
    networks.check_size(whole.name, side, side)
    assert torch.isfinite(whole.trunks["several"](torch.rand(1, 3, side, side))).all()


CHILD = """
import json, sys
from pathlib import Path
from model.releases.release import load
from model.scoring.scorer import Scorer

for line in sys.stdin:
    folder, photo = map(Path, json.loads(line))
    (scored,) = Scorer(load(folder), device="cpu").score([("photo", photo)])
    print(json.dumps(scored.raw), flush=True)
"""


@pytest.fixture(scope="module")
def scorer() -> Iterator["subprocess.Popen[str]"]:
    """Another process that loads the release and scores the photo which a line names."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        yield child
        assert child.stdin is not None
        child.stdin.close()


def test_a_release_scores_the_same_in_a_new_process(
    whole: Whole, scorer: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    rng = np.random.default_rng(5)
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(photo)
    size = whole.photos.shape[-1]
    preprocessing = Preprocessing(height=size, width=size)
    pixels = torch.tensor(one_view(photo, preprocessing)).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (preprocessing.mean, preprocessing.std))
    trunk = whole.trunks["last"]
    with torch.inference_mode():
        features = trunk((pixels - mean) / std)
        head = Head(features.shape[1], 4, 0.3).eval()
        expected = head(features).item()
    folder = tmp_path / "release"
    untrained.save(
        folder,
        trunk,
        {"safety": head},
        network=whole.name,
        pooling="last",
        preprocessing={"height": size, "width": size},
    )
    assert scorer.stdin is not None
    assert scorer.stdout is not None
    print(json.dumps([str(folder), str(photo)]), file=scorer.stdin, flush=True)
    scored = json.loads(scorer.stdout.readline())
    shutil.rmtree(folder)
    assert scored == {"safety": pytest.approx(expected, abs=1e-5, rel=1e-5)}


def test_names_of_a_mobilenet_are_those_of_older_releases() -> None:
    trunk = networks.bare_trunk("mobilenet_v2", "several")
    features = networks.architecture("mobilenet_v2").build().get_submodule("features")
    assert set(trunk.state_dict()) == {f"layers.{name}" for name in features.state_dict()}


def test_pretrained_weights_are_those_of_the_file(weights_file: Path, tmp_path: Path) -> None:
    state = weights.read_state(weights_file)
    trunk = networks.pretrained_trunk("mobilenet_v2", str(weights_file), "several")
    assert torch.equal(trunk.state_dict()["layers.0.0.weight"], state["features.0.0.weight"])
    copy = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(state, copy)
    same = networks.pretrained_trunk("mobilenet_v2", str(copy), "several")
    assert weights.state_hash(same) == weights.state_hash(trunk)


def test_random_weights_are_those_of_their_seed() -> None:
    before = torch.get_rng_state()
    one, same, other = (
        weights.state_hash(networks.pretrained_trunk("resnet18", "random", "last", seed=seed))
        for seed in (1, 1, 2)
    )
    assert one == same != other
    assert torch.equal(torch.get_rng_state(), before)


def test_takes_weights_of_a_network_with_another_classifier(tmp_path: Path) -> None:
    places = networks.architecture("resnet18").build()
    places.fc = nn.Linear(512, 365)
    file = tmp_path / "places365.pth"
    torch.save(places.state_dict(), file)
    trunk = networks.pretrained_trunk("resnet18", str(file), "last").eval()
    expected = places.state_dict()["layer4.1.conv2.weight"]
    assert torch.equal(trunk.state_dict()["layers.7.1.conv2.weight"], expected)


def test_takes_the_older_names_of_a_densenet(tmp_path: Path) -> None:
    """Torchvision's own file has them; its loader renames them too."""
    state = networks.architecture("densenet121").build().state_dict()
    older = {
        re.sub(r"(denselayer\d+)\.(norm|conv)(\d)", r"\1.\2.\3", name): tensor
        for name, tensor in state.items()
    }
    assert "features.denseblock1.denselayer2.norm.1.weight" in older
    file = tmp_path / "densenet.safetensors"
    safetensors.torch.save_file(older, file)
    trunk = networks.pretrained_trunk("densenet121", str(file), "last")
    safetensors.torch.save_file(state, file)
    newer = networks.pretrained_trunk("densenet121", str(file), "last")
    assert weights.state_hash(trunk) == weights.state_hash(newer)


def test_refuses_weights_of_another_network(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match="do not belong to a mobilenet_v2"):
        networks.pretrained_trunk("mobilenet_v2", str(file), "several")
    state = networks.architecture("resnet18").build().state_dict()
    safetensors.torch.save_file(state, file)
    for other in ("resnet50", "densenet121"):
        with pytest.raises(WeightsError, match=f"do not belong to a {other}"):
            networks.pretrained_trunk(other, str(file), "several")
    del state["layer4.1.conv2.weight"]
    safetensors.torch.save_file(state, file)
    with pytest.raises(WeightsError, match="do not belong to a resnet18"):
        networks.pretrained_trunk("resnet18", str(file), "several")
    file.write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="no weights that can be read"):
        weights.read_state(file)
    with pytest.raises(WeightsError, match="There are no weights"):
        weights.read_state(tmp_path / "gone.pth")


def test_refuses_unknown_names() -> None:
    with pytest.raises(WeightsError, match=r"choose one of alexnet, .*vit_b_16"):
        networks.pretrained_trunk("resnet", "random", "last")
    with pytest.raises(WeightsError, match="use last or several"):
        networks.bare_trunk("resnet18", "first")


def test_says_which_sizes_a_network_takes() -> None:
    with pytest.raises(ConfigError, match="vit_b_16 takes exactly 224 × 224 pixels, not 288 × 224"):
        networks.check_size("vit_b_16", 224, 288)
    with pytest.raises(ConfigError, match="alexnet takes at least 63 pixels"):
        networks.check_size("alexnet", 62, 64)
    networks.check_size("vit_b_16", 224, 224)
