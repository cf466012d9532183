from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.config import ViewsConfig
from model.errors import PhotosError
from model.learning.feeding import PhotoFeed, RandomViews, inspect
from model.learning.learner import Pairs, Step
from model.photos.images import Pixels, Preprocessing, one_view
from tests.model import scenes

SIZE = Preprocessing(height=32, width=48)


class Counted(RandomViews):
    """Counts which photos are drawn."""

    def __init__(self, preprocessing: Preprocessing = SIZE) -> None:
        super().__init__(preprocessing, ViewsConfig(), 0)
        self.drawn: Counter[Path] = Counter()

    def __call__(self, path: Path, words: tuple[int, ...]) -> Pixels:
        self.drawn[path] += 1
        return super().__call__(path, words)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    scenes.write_photos(tmp_path / "photos", 12, seed=5)
    return sorted((tmp_path / "photos").iterdir())


def feed(files: list[Path], views: RandomViews, batch: int = 8) -> PhotoFeed:
    return PhotoFeed(files, views, batch, threads=2, pinned=False)


def step(number: int = 0, pairs: int = 20) -> tuple[Step, Pairs]:
    generator = torch.Generator().manual_seed(number)
    left, right = torch.randint(0, 12, (2, pairs), generator=generator)
    winner = torch.randint(-1, 2, (pairs,), generator=generator).to(torch.int8)
    return Step(0, number, torch.arange(pairs)), Pairs(left, right, winner)


def test_batches_hold_every_pair_with_its_photos(files: list[Path]) -> None:
    views = Counted()
    steps = [step(0), step(1, pairs=3)]
    for (of, pairs), batches in zip(steps, feed(files, views)(steps), strict=True):
        assert [len(batch.pairs) for batch in batches] in ([8, 8, 4], [3])
        at = 0
        for batch in batches:
            for number in range(len(batch.pairs)):
                for side in ("left", "right"):
                    row = int(getattr(pairs, side)[at + number])
                    shown = batch.pixels[getattr(batch.pairs, side)[number]].numpy()
                    assert np.array_equal(shown, views(files[row], (0, of.number, row)))
            assert torch.equal(batch.pairs.winner, pairs.winner[at : at + len(batch.pairs)])
            at += len(batch.pairs)
        assert at == len(pairs)


def test_each_photo_of_a_batch_is_decoded_once(files: list[Path]) -> None:
    views = Counted()
    [[batch]] = feed(files, views, batch=20)([step()])
    assert len(batch.pixels) == len(views.drawn) <= 12
    assert set(views.drawn.values()) == {1}


def test_a_view_follows_from_seed_step_and_photo(files: list[Path]) -> None:
    views = RandomViews(SIZE, ViewsConfig(), 0)
    first = views(files[0], (0, 5, 0))
    assert first.shape == (32, 48, 3)
    assert np.array_equal(first, RandomViews(SIZE, ViewsConfig(), 0)(files[0], (0, 5, 0)))
    others = [views(files[0], words) for words in ((0, 6, 0), (1, 5, 0), (0, 5, 1))]
    others.append(RandomViews(SIZE, ViewsConfig(), 1)(files[0], (0, 5, 0)))
    others.append(RandomViews(SIZE, ViewsConfig(seed=1), 0)(files[0], (0, 5, 0)))
    assert not any(np.array_equal(first, other) for other in others)


def test_without_crops_half_the_views_are_mirrored(files: list[Path]) -> None:
    whole = one_view(files[0], SIZE)[0]
    views = RandomViews(SIZE, ViewsConfig(crops=0), 0)
    drawn = [views(files[0], (0, number, 0)) for number in range(60)]
    mirrored = [np.array_equal(view, whole[:, ::-1]) for view in drawn]
    assert all(a or np.array_equal(b, whole) for a, b in zip(mirrored, drawn, strict=True))
    assert 15 < sum(mirrored) < 45
    plain = RandomViews(SIZE, ViewsConfig(crops=0, flip=False), 0)
    assert all(np.array_equal(plain(files[0], (0, n, 0)), whole) for n in range(20))


def test_a_band_at_the_bottom_is_never_seen(tmp_path: Path) -> None:
    image = Image.new("RGB", (100, 80), (0, 0, 255))
    image.paste((255, 0, 0), (0, 60, 100, 80))
    image.save(tmp_path / "logo.png")
    cut = Preprocessing(height=32, width=32, cut_bottom=0.3)
    views = RandomViews(cut, ViewsConfig(crop_area=(0.2, 1.0)), 0)
    assert max(views(tmp_path / "logo.png", (0, n, 0))[..., 0].max() for n in range(30)) == 0
    seen = RandomViews(SIZE, ViewsConfig(), 0)(tmp_path / "logo.png", (0, 0, 0))
    assert seen[..., 0].max() == 255


def test_a_photo_that_is_lost_on_the_way_is_named(files: list[Path]) -> None:
    files[3].unlink()
    with pytest.raises(PhotosError, match=f"{files[3].name} could be read when the training began"):
        list(feed(files, Counted())([step(pairs=60)]))
    with pytest.raises(PhotosError, match=files[3].name):
        list(feed(files, Counted()).whole([2, 3], 4))


def test_whole_photos_come_in_order(files: list[Path]) -> None:
    chunks = list(feed(files, Counted()).whole([7, 1, 3], 2))
    assert [rows for rows, _ in chunks] == [[7, 1], [3]]
    pixels = np.concatenate([part for _, part in chunks])
    expected = np.concatenate([one_view(files[row], SIZE) for row in (7, 1, 3)])
    assert np.array_equal(pixels, expected)


def test_unreadable_photos_are_known_before_training(files: list[Path]) -> None:
    by_key = {path.stem: path for path in files}
    told: list[int] = []

    def look() -> tuple[dict[str, str], str]:
        found = inspect(by_key, SIZE, 2, lambda _, done, __: told.append(done))
        return found.unreadable, found.digest

    unreadable, digest = look()
    assert unreadable == {}
    assert told == list(range(1, 13))
    files[0].write_text("no photo")
    unreadable, other = look()
    assert list(unreadable) == [files[0].stem]
    assert other != digest
