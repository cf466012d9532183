import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from model.errors import ReleaseError
from model.releases import manifest, release
from model.scoring.scorer import Scorer
from tests.model.conftest import Trained


@pytest.fixture
def copy(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.release.folder, tmp_path / "copy"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "release.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_scores_the_same_in_a_new_process(trained: Trained) -> None:
    files = sorted(trained.photos.iterdir())[:20]
    here = {
        str(photo.id): photo.raw
        for photo in Scorer(trained.release).score((path.stem, path) for path in files)
    }
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from model.releases.release import load\n"
        "from model.scoring.scorer import Scorer\n"
        "paths = [Path(line) for line in sys.argv[2:]]\n"
        "scored = Scorer(load(Path(sys.argv[1]))).score((path.stem, path) for path in paths)\n"
        "print(json.dumps({photo.id: photo.raw for photo in scored}))\n"
    )
    root = Path(release.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(trained.release.folder), *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    there = json.loads(done.stdout)
    assert list(there) == list(here)
    for key, raw in here.items():
        assert raw is not None
        assert there[key] == pytest.approx(raw, abs=1e-5)


def test_describes_itself_without_torch(trained: Trained) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from model.releases.manifest import describe\n"
        "assert describe(Path(sys.argv[1]))['demo'] is True\n"
        "assert not {'torch', 'numpy', 'pandas'} & set(sys.modules), 'too much imported'\n"
    )
    root = Path(release.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(trained.release.folder)], check=True, cwd=root)


def test_holds_json_and_tensors_and_no_pickle(trained: Trained) -> None:
    files = sorted(path.name for path in trained.release.folder.iterdir())
    assert files == [
        "head-lively.safetensors",
        "head-safety.safetensors",
        "release.json",
        "splits.csv",
        "training.csv",
        "trunk-shared.safetensors",
    ]


def test_says_where_it_comes_from(trained: Trained) -> None:
    described = manifest.describe(trained.release.folder)
    assert described["attributes"] == ["safety", "lively"]
    assert described["preprocessing"]["height"] == 64
    assert described["preprocessing"]["mean"] == [0.485, 0.456, 0.406]
    assert described["trunk"]["shared"]["network"] == "mobilenet_v2"
    assert described["training"]["config"] == json.loads(json.dumps(trained.config.as_dict()))
    assert described["data"]["photos"] == 140
    assert described["splits"]["photos"] == {
        "train": 98,
        "validation": 14,
        "test": 28,
        "none": 0,
    }
    assert set(described["versions"]) >= {"python", "torch", "torchvision"}


def test_keeps_its_split(trained: Trained) -> None:
    split = trained.release.split()
    assert sorted(split) == sorted(trained.qualities["safety"])
    assert sorted(set(split.values())) == ["test", "train", "validation"]


def test_every_attribute_is_fed_by_the_one_trunk(trained: Trained) -> None:
    assert trained.release.attributes == ("safety", "lively")
    assert list(trained.release.trunks) == ["shared"]
    assert trained.release.trunk_of == {"safety": "shared", "lively": "shared"}
    assert not any(module.training for module in trained.release.trunks["shared"].modules())


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no release": (lambda folder: (folder / "release.json").unlink(), "holds no release.json"),
    "cut off": (
        lambda folder: (folder / "release.json").write_text('{"format": "mirada-rel'),
        "is damaged",
    ),
    "no object": (lambda folder: (folder / "release.json").write_text("[]"), "does not describe"),
    "not text": (
        lambda folder: (folder / "release.json").write_bytes(b"\xff\xfe\x00"),
        "is damaged",
    ),
    "foreign": (lambda folder: edit(folder, lambda d: d.update(format="onnx/3")), "not a release"),
    "newer": (
        lambda folder: edit(folder, lambda d: d.update(format="mirada-release/2")),
        "update Mirada",
    ),
    "key missing": (
        lambda folder: edit(folder, lambda d: d.pop("metrics")),
        "metrics is missing",
    ),
    "key of a wrong kind": (
        lambda folder: edit(folder, lambda d: d.update(demo="no")),
        "demo is missing or of the wrong kind",
    ),
    "other attributes": (
        lambda folder: edit(folder, lambda d: d["attributes"].append("boring")),
        "not those of its heads",
    ),
    "outside its folder": (
        lambda folder: edit(folder, lambda d: d["heads"]["safety"].update(file="../x")),
        "outside its folder",
    ),
    "trunk missing": (
        lambda folder: edit(folder, lambda d: d["heads"]["safety"].update(trunk="other")),
        "trunk of safety is missing",
    ),
    "unknown network": (
        lambda folder: edit(folder, lambda d: d["trunk"]["shared"].update(network="vgg99")),
        "no trunk 'vgg99'",
    ),
    "unknown pooling": (
        lambda folder: edit(folder, lambda d: d["trunk"]["shared"].update(pooling="max")),
        "no pooling 'max'",
    ),
    "unknown preprocessing": (
        lambda folder: edit(folder, lambda d: d["preprocessing"].update(blur=3)),
        "not understood",
    ),
    "photos of a size that its network does not take": (
        lambda folder: edit(folder, lambda d: d["trunk"]["shared"].update(network="vit_b_16")),
        "exactly 224 × 224",
    ),
    "file missing": (
        lambda folder: (folder / "head-safety.safetensors").unlink(),
        "is missing; copy",
    ),
    "file cut off": (
        lambda folder: (folder / "trunk-shared.safetensors").write_bytes(b"\x10"),
        "SHA-256 differs",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_refuses_what_it_cannot_trust(copy: Path, fault: str) -> None:
    break_it, said = FAULTS[fault]
    break_it(copy)
    with pytest.raises(ReleaseError) as refused:
        release.load(copy)
    assert said in str(refused.value)
    assert str(copy) in str(refused.value)


def with_head(folder: Path, content: bytes) -> None:
    """Another file in place of a head, with its right hash."""
    import hashlib

    (folder / "head-safety.safetensors").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    edit(folder, lambda d: d["heads"]["safety"].update(sha256=digest))


def test_refuses_weights_that_do_not_fit(copy: Path, trained: Trained) -> None:
    head = trained.release.heads["safety"].state_dict()
    with_head(copy, b"no tensors")
    with pytest.raises(ReleaseError, match="does not fit"):
        release.load(copy)
    with_head(copy, safetensors.torch.save({**head, "0.weight": torch.zeros(3, 3)}))
    with pytest.raises(ReleaseError, match="does not fit"):
        release.load(copy)
    with_head(copy, safetensors.torch.save({**head, "0.bias": head["0.bias"] * torch.nan}))
    with pytest.raises(ReleaseError, match="not finite"):
        release.load(copy)


def test_a_copy_loads(copy: Path) -> None:
    assert release.load(copy).name == "small"
