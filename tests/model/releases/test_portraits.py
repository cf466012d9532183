import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import nn

from model.errors import ReleaseError
from model.networks.head import Head
from model.releases import manifest, portraits, release
from model.training import train
from tests.model.conftest import Trained


def table(**columns: list[float]) -> pd.DataFrame:
    number = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"p{i:03}" for i in range(number)])


def halves(raw: pd.DataFrame) -> dict[str, str]:
    """Every second photo is for testing."""
    return {key: ("train", "test")[i % 2] for i, key in enumerate(raw.index)}


def test_a_score_is_the_place_among_the_training_photos() -> None:
    reference = pd.Series([1.0, 2.0, 2.0, 4.0])
    found = portraits.scores(pd.Series([0.0, 1.0, 2.0, 3.0, 5.0]), reference)
    assert found.tolist() == [0.0, 1.25, 5.0, 7.5, 10.0]
    by_loop = [
        10 * np.mean([(other < one) + (other == one) / 2 for other in reference])
        for one in (0.0, 1.0, 2.0, 3.0, 5.0)
    ]
    assert found.tolist() == by_loop


def test_the_unit_of_raw_outputs_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    raw = table(safety=rng.normal(size=200).tolist())
    split = halves(raw)
    assert portraits.portraits(raw * 7 - 100, split) == portraits.portraits(raw, split)
    turned = portraits.portraits(-raw, split)["attributes"]["safety"]
    straight = portraits.portraits(raw, split)["attributes"]["safety"]
    assert [one["photo"] for one in turned["most"]] == [
        one["photo"] for one in reversed(straight["least"])
    ]


def test_counts_and_photos_are_those_of_the_test_part() -> None:
    rng = np.random.default_rng(1)
    raw = table(safety=rng.normal(size=300).tolist(), lively=rng.normal(size=300).tolist())
    split = halves(raw)
    del split["p000"], split["p001"]
    split["p003"] = "validation"
    found = portraits.portraits(raw, split)
    assert (found["part"], found["photos"]) == ("test", 148)
    assert found["reference"] == {"part": "train", "photos": 149}
    for attribute, portrait in found["attributes"].items():
        assert len(portrait["histogram"]) == 20
        assert sum(portrait["histogram"]) == 148
        named = [one["photo"] for place in portraits.PLACES for one in portrait[place]]
        assert len(set(named)) == len(named) == 9
        assert all(split[key] == "test" for key in named)
        in_order = raw.loc[[key for key, part in split.items() if part == "test"], attribute]
        in_order = in_order.sort_values(ascending=False)
        assert named == [*in_order.index[:3], *in_order.index[72:75], *in_order.index[-3:]]
        given = [one["score"] for place in portraits.PLACES for one in portrait[place]]
        assert given == sorted(given, reverse=True)
        assert all(0 <= score <= 10 for score in given)


def test_photos_that_a_ranker_only_knows_by_heart_heap_up_in_the_middle() -> None:
    rng = np.random.default_rng(2)
    spread = np.where(np.arange(4000) % 2 == 0, 3.0, 1.0)
    raw = table(safety=(rng.normal(size=4000) * spread).tolist())
    histogram = portraits.portraits(raw, halves(raw))["attributes"]["safety"]["histogram"]
    assert sum(histogram[5:15]) > 0.75 * 2000
    alike = table(safety=rng.normal(size=4000).tolist())
    flat = portraits.portraits(alike, halves(alike))["attributes"]["safety"]["histogram"]
    assert max(flat) < 2 * min(flat)


@pytest.mark.parametrize(("tested", "each"), [(0, 0), (2, 0), (3, 1), (8, 2), (9, 3), (10, 3)])
def test_few_photos_are_shown_once_at_most(tested: int, each: int) -> None:
    raw = table(safety=[float(i) for i in range(20)])
    split = {key: "test" if i < tested else "train" for i, key in enumerate(raw.index)}
    portrait = portraits.portraits(raw, split)["attributes"]["safety"]
    named = [one["photo"] for place in portraits.PLACES for one in portrait[place]]
    assert len(named) == len(set(named)) == 3 * each
    assert sum(portrait["histogram"]) == tested


def test_examples_are_small_and_say_nothing_but_their_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    exif.get_ifd(0x8825)[2] = (33.0, 26.0, 0.0)
    files: dict[str, Path] = {}
    for i in range(12):
        noise = rng.integers(0, 255, (30, 40, 3), np.uint8)
        image = Image.fromarray(noise).resize((800, 600))
        files[f"p{i:03}"] = tmp_path / f"p{i:03}.jpg"
        image.save(files[f"p{i:03}"], exif=exif, comment=b"secret", quality=90)
    raw = table(safety=[float(i) for i in range(12)])
    split = {key: "test" if i < 9 else "train" for i, key in enumerate(raw.index)}
    made = portraits.examples(portraits.portraits(raw, split), files)
    assert sorted(made) == [f"p{i:03}" for i in range(9)]
    for content in made.values():
        assert content[:3] == b"\xff\xd8\xff"
        assert len(content) < 25_000
        assert b"secret" not in content
        assert b"Exif" not in content
        with Image.open(io.BytesIO(content)) as small:
            # Turned upright first: 600 × 800.
            assert small.size == (200, 267)
            assert small.getexif() == {}


def with_examples(folder: Path) -> Path:
    """A release as it is saved with examples; its one trunk and head have random weights."""
    release.save(
        folder,
        trunks={"t": ({"network": "mobilenet_v2", "pooling": "last"}, nn.Linear(2, 2))},
        heads={"safety": ("t", Head(2, 2, 0.0))},
        preprocessing={},
        split={"../p": "test"},
        sha256={},
        manifest={
            **{key: kind() for key, kind in manifest.KEYS.items()},
            "portraits": {"attributes": {}},
        },
        examples={"../p": b"one", "q": b"two"},
    )
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / "release.json").read_text())
    change(content)
    (folder / "release.json").write_text(json.dumps(content))


def test_a_release_keeps_its_examples_under_names_of_its_own(tmp_path: Path) -> None:
    folder = with_examples(tmp_path / "release")
    described = manifest.describe(folder)
    manifest.check_files(folder, described)
    assert {key: part["file"] for key, part in described["examples"].items()} == {
        "../p": "examples/001.jpg",
        "q": "examples/002.jpg",
    }
    assert (folder / "examples" / "001.jpg").read_bytes() == b"one"
    assert described["portraits"] == {"attributes": {}}


def test_a_release_without_portraits_and_examples_is_one(tmp_path: Path) -> None:
    folder = with_examples(tmp_path / "release")
    edit(folder, lambda d: (d.pop("portraits"), d.pop("examples")))
    manifest.check_files(folder, manifest.describe(folder))


@pytest.mark.parametrize("file", ["examples/../../x.jpg", "/etc/passwd", "001.jpg", "", None])
def test_an_example_outside_its_folder_is_refused(tmp_path: Path, file: str | None) -> None:
    folder = with_examples(tmp_path / "release")
    edit(folder, lambda d: d["examples"]["q"].update(file=file))
    with pytest.raises(ReleaseError, match="an example has no file"):
        manifest.describe(folder)


def test_an_example_that_is_another_or_gone_is_refused(tmp_path: Path) -> None:
    folder = with_examples(tmp_path / "release")
    (folder / "examples" / "002.jpg").write_bytes(b"another")
    with pytest.raises(ReleaseError, match="SHA-256 differs"):
        manifest.check_files(folder, manifest.describe(folder))
    (folder / "examples" / "002.jpg").unlink()
    with pytest.raises(ReleaseError, match="is missing"):
        manifest.check_files(folder, manifest.describe(folder))


@pytest.mark.parametrize("key", ["portraits", "examples"])
def test_portraits_and_examples_of_a_wrong_kind_are_refused(tmp_path: Path, key: str) -> None:
    folder = with_examples(tmp_path / "release")
    edit(folder, lambda d: d.update({key: []}))
    with pytest.raises(ReleaseError, match=f"{key} is of the wrong kind"):
        manifest.describe(folder)


def test_training_keeps_portraits_and_examples_only_when_told(
    trained: Trained, tmp_path: Path
) -> None:
    described = trained.release.manifest["portraits"]
    assert (described["photos"], described["reference"]["photos"]) == (28, 98)
    assert "examples" not in trained.release.manifest
    assert not (trained.release.folder / "examples").exists()

    told = replace(trained.config, release=replace(trained.config.release, examples=True))
    again = train(trained.votes, trained.photos, tmp_path / "release", told, name="told")
    assert again.manifest["portraits"] == described
    named = {
        one["photo"]
        for portrait in described["attributes"].values()
        for place in portraits.PLACES
        for one in portrait[place]
    }
    assert set(again.manifest["examples"]) == named
    assert {again.split()[key] for key in named} == {"test"}
    assert len(list((tmp_path / "release" / "examples").iterdir())) == len(named) <= 18
