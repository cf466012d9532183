import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.config import ViewsConfig
from model.device import Network
from model.learning.features import Features, Views, crop_box, extract
from model.photos import folder as photos
from model.photos.images import Preprocessing
from tests.model import scenes

SIZE = Preprocessing(height=32, width=48)
VIEWS = ViewsConfig()


class Trunk:
    """The mean of each channel in each quarter; counts the photos that pass through."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scenes.write_photos(tmp_path / "photos", 23, seed=5)
    return tmp_path / "photos"


def run(
    files: Mapping[str, Path],
    cache: Path,
    trunk: Trunk,
    *,
    views: ViewsConfig = VIEWS,
    stop_after: int | None = None,
) -> Features:
    def progress(_: str, done: int, __: int) -> None:
        if stop_after is not None and done >= stop_after:
            raise KeyboardInterrupt

    return extract(
        files,
        Network(trunk, SIZE, torch.device("cpu"), 8),
        Views(SIZE, views),
        cache,
        identity={"trunk": "means"},
        threads=2,
        progress=progress,
    )


def rows(features: Features) -> dict[str, bytes]:
    return {key: features.views[row].tobytes() for key, row in features.row.items()}


def test_views_are_the_whole_photo_its_mirror_image_and_crops(folder: Path) -> None:
    path = next(folder.iterdir())
    _, pixels = Views(SIZE, ViewsConfig(crops=3))(path)
    assert pixels.shape == (5, 32, 48, 3)
    assert np.array_equal(pixels[1], pixels[0][:, ::-1])
    distinct = {view.tobytes() for view in pixels}
    assert len(distinct) == 5
    assert np.array_equal(pixels, Views(SIZE, ViewsConfig(crops=3))(path)[1])
    assert Views(SIZE, ViewsConfig(flip=False, crops=0))(path)[1].shape[0] == 1


def test_crops_keep_a_share_of_the_area_within_the_photo() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        left, top, right, bottom = crop_box((10.0, 20.0, 310.0, 220.0), (0.5, 0.8), rng)
        assert left >= 10
        assert top >= 20
        assert right <= 310
        assert bottom <= 220
        assert 0.5 <= (right - left) * (bottom - top) / (300 * 200) <= 0.8


def test_computes_each_photo_once(folder: Path, tmp_path: Path) -> None:
    files, trunk = photos.index(folder), Trunk()
    first = run(files, tmp_path / "cache", trunk)
    assert trunk.seen == 23 * 4
    assert first.views.shape == (23, 4, 12)
    assert isinstance(first.views, np.memmap)
    again = run(files, tmp_path / "cache", trunk)
    assert trunk.seen == 23 * 4
    assert rows(again) == rows(first)
    assert again.digest == first.digest


def test_goes_on_where_it_was_stopped(folder: Path, tmp_path: Path) -> None:
    files = photos.index(folder)
    unbroken = run(files, tmp_path / "one", Trunk())
    trunk = Trunk()
    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "two", trunk, stop_after=8)
    before = trunk.seen
    assert 0 < before < 23 * 4
    assert rows(run(files, tmp_path / "two", trunk)) == rows(unbroken)
    assert trunk.seen - before <= 23 * 4 - 8 * 4


@pytest.mark.parametrize("torn", ["features.f32", "rows.jsonl"])
def test_a_torn_end_is_cut_off(folder: Path, tmp_path: Path, torn: str) -> None:
    """What a kill in the middle of a write leaves behind."""
    files = photos.index(folder)
    unbroken = run(files, tmp_path / "cache", Trunk())
    expected = rows(unbroken)
    [file] = (tmp_path / "cache").rglob(torn)
    del unbroken
    file.write_bytes(file.read_bytes()[:-11])
    trunk = Trunk()
    assert rows(run(files, tmp_path / "cache", trunk)) == expected
    assert trunk.seen == 4


def test_new_and_changed_photos_are_added(folder: Path, tmp_path: Path) -> None:
    files, trunk = photos.index(folder), Trunk()
    first = run(files, tmp_path / "cache", trunk)
    scenes.write_photos(folder, 2, seed=6)
    changed, other = list(files)[:2]
    shutil.copyfile(files[other], files[changed])
    trunk.seen = 0
    second = run(photos.index(folder), tmp_path / "cache", trunk)
    assert trunk.seen == 3 * 4
    assert len(second.row) == 25
    assert rows(second)[changed] == rows(first)[other] != rows(first)[changed]
    assert second.digest != first.digest


def test_other_views_are_kept_apart(folder: Path, tmp_path: Path) -> None:
    files, trunk = photos.index(folder), Trunk()
    run(files, tmp_path / "cache", trunk)
    other = run(files, tmp_path / "cache", trunk, views=ViewsConfig(crops=0))
    assert other.views.shape == (23, 2, 12)
    assert trunk.seen == 23 * 4 + 23 * 2


def test_unreadable_photos_are_named(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.jpg").write_text("no photo")
    features = run(photos.index(folder), tmp_path / "cache", Trunk())
    assert list(features.unreadable) == ["bad"]
    assert "Not a readable JPEG" in features.unreadable["bad"]
    assert len(features.row) == 23


def test_nothing_readable_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no photo")
    features = run(photos.index(tmp_path), tmp_path / "cache", Trunk())
    assert features.row == {}
    assert len(features.unreadable) == 1
