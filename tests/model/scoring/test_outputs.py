import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from pandas.testing import assert_frame_equal

from model.errors import ModelError, PhotosError
from model.networks.head import Head
from model.networks.trunks import pretrained_trunk
from model.releases.release import Release, load
from model.scoring import outputs
from model.scoring.scorer import Scorer
from tests.model import scenes, untrained

PHOTOS = 40


def make_release(folder: Path, seed: int) -> Release:
    trunk = pretrained_trunk("resnet18", "random", "last", seed=seed).eval()
    heads = {key: Head(512, 4, 0.0) for key in ("safety", "lively")}
    for number, head in enumerate(heads.values()):
        head.start(torch.Generator().manual_seed(number))
    untrained.save(
        folder,
        trunk,
        heads,
        network="resnet18",
        pooling="last",
        preprocessing={"height": 32, "width": 32},
    )
    return load(folder)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return make_release(tmp_path_factory.mktemp("releases") / "one", seed=1)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    scenes.write_photos(folder, PHOTOS, seed=4)
    return folder


@pytest.fixture
def photos(drawn: Path, tmp_path: Path) -> Path:
    """A folder to change."""
    return Path(shutil.copytree(drawn, tmp_path / "photos"))


@pytest.fixture
def scorer(release: Release) -> Scorer:
    return Scorer(release, device="cpu", batch=2)


class Progress:
    """How far it was told to be, and an error when that is far enough."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.told: list[tuple[int, int]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        assert stage == "photos"
        self.told.append((done, total))
        if done == self.stop_at:
            raise KeyboardInterrupt


def read(out: Path) -> pd.DataFrame:
    return pd.read_csv(out) if out.suffix == ".csv" else pd.read_parquet(out)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "photos")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_writes_a_row_a_photo_sorted_by_key(
    scorer: Scorer, photos: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"scores{suffix}"
    progress = Progress()
    written = outputs.write(out, photos, scorer, progress, rows_a_part=7)
    assert (written.photos, written.before, written.unreadable) == (PHOTOS, 0, 0)
    frame = read(out)
    assert list(frame.columns) == ["photo", "safety", "lively"]
    assert frame["photo"].tolist() == sorted(path.stem for path in photos.iterdir())
    paths = [(path.stem, path) for path in sorted(photos.iterdir())]
    raw = [one.raw for one in scorer.score(paths)]
    assert frame[["safety", "lively"]].to_dict("records") == [pytest.approx(row) for row in raw]
    assert progress.told[-1] == (PHOTOS, PHOTOS)
    assert names(tmp_path) == [out.name]


def test_unreadable_photos_stand_with_their_reasons_in_a_file(
    scorer: Scorer, photos: Path, tmp_path: Path
) -> None:
    (photos / "a").mkdir()
    (photos / "a" / "text.jpg").write_text("no photo")
    (photos / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    out = tmp_path / "scores.parquet"
    written = outputs.write(out, photos, scorer, Progress())
    assert (written.photos, written.unreadable) == (PHOTOS, 2)
    assert written.examples[0] == "gone: There is no such file."
    assert written.reasons == tmp_path / "scores.unreadable.csv"
    with written.reasons.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["photo"], row["code"]) for row in rows] == [
        ("gone", "missing"),
        ("text", "unreadable"),
    ]
    assert rows[1]["file"] == str(photos / "a" / "text.jpg")
    assert rows[1]["reason"].startswith("Not a readable JPEG")
    assert names(tmp_path) == ["scores.parquet", "scores.unreadable.csv"]
    out.unlink()
    (photos / "gone.jpg").unlink()
    (photos / "a" / "text.jpg").unlink()
    outputs.write(out, photos, scorer, Progress())
    assert names(tmp_path) == ["scores.parquet"]


def test_many_unreadable_photos_are_not_all_kept_in_memory(
    scorer: Scorer, photos: Path, tmp_path: Path
) -> None:
    for number in range(outputs.SHOWN + 5):
        (photos / f"{number:03}.jpg").write_text("no photo")
    written = outputs.write(tmp_path / "scores.csv", photos, scorer, Progress())
    assert written.unreadable == outputs.SHOWN + 5
    assert len(written.examples) == outputs.SHOWN
    assert len(written.reasons.read_text().splitlines()) == 1 + written.unreadable


def interrupted(scorer: Scorer, photos: Path, out: Path, at: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        outputs.write(out, photos, scorer, Progress(stop_at=at), rows_a_part=4)
    assert not out.exists()


@pytest.fixture
def scored(scorer: Scorer) -> list[int]:
    """The number of photos that passed the trunk, in batches."""
    passed: list[int] = []
    scorer._trunks["shared"].register_forward_hook(
        lambda _module, inputs, _outputs: passed.append(len(inputs[0]))
    )
    return passed


def test_goes_on_where_it_was_interrupted(
    scorer: Scorer, scored: list[int], photos: Path, tmp_path: Path
) -> None:
    unbroken, out = tmp_path / "unbroken.parquet", tmp_path / "scores.parquet"
    outputs.write(unbroken, photos, scorer, Progress())
    interrupted(scorer, photos, out, at=10)
    interrupted(scorer, photos, out, at=21)
    scored.clear()
    progress = Progress()
    written = outputs.write(out, photos, scorer, progress)
    assert (written.photos, written.before) == (PHOTOS, 21)
    assert sum(scored) == PHOTOS - 21
    assert progress.told[0] == (22, PHOTOS)
    assert_frame_equal(read(out), read(unbroken))
    assert names(tmp_path) == ["scores.parquet", "unbroken.parquet"]


KILLED = """
import sys, time
from pathlib import Path
from model.scoring import outputs
from model.releases.release import load
from model.scoring.scorer import Scorer

def tell(stage, done, total):
    print(done, flush=True)
    time.sleep(0.02)

release, photos, out = map(Path, sys.argv[1:])
outputs.write(out, photos, Scorer(load(release), device="cpu", batch=2), tell, rows_a_part=4)
"""


def test_goes_on_after_a_kill(
    release: Release, scorer: Scorer, scored: list[int], photos: Path, tmp_path: Path
) -> None:
    unbroken, out = tmp_path / "unbroken.csv", tmp_path / "scores.csv"
    outputs.write(unbroken, photos, scorer, Progress())
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, release.folder, photos, out],
        stdout=subprocess.PIPE,
        cwd=Path(outputs.__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 18:
                child.kill()
                break
    assert not out.exists()
    scored.clear()
    written = outputs.write(out, photos, scorer, Progress())
    assert written.before >= 16
    assert sum(scored) == PHOTOS - written.before
    assert_frame_equal(read(out), read(unbroken))
    assert names(tmp_path) == ["scores.csv", "unbroken.csv"]


def test_a_part_is_finished_in_time_too(scorer: Scorer, photos: Path, tmp_path: Path) -> None:
    parts = tmp_path / "scores.csv.parts"
    seen = 0

    def look(_stage: str, _done: int, _total: int) -> None:
        nonlocal seen
        seen = max(seen, len(list(parts.glob("*.parquet"))))

    outputs.write(tmp_path / "scores.csv", photos, scorer, look, seconds_a_part=0)
    # The last part is written after the last word.
    assert seen == PHOTOS - 1


def test_a_folder_that_changed_meanwhile(scorer: Scorer, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    (photos / "000.jpg").write_text("no photo")
    interrupted(scorer, photos, out, at=20)
    first = min(path for path in photos.iterdir() if path.stem != "000")
    last = max(photos.iterdir())
    for path in (photos / "000.jpg", photos / "0000.jpg", photos / "z.jpg"):
        shutil.copy(last, path)
    first.unlink()
    written = outputs.write(out, photos, scorer, Progress())
    assert written.photos == PHOTOS - 1 + 3
    assert written.unreadable == 0
    frame = read(out)
    assert frame["photo"].tolist() == sorted(path.stem for path in photos.iterdir())
    same = frame[frame["photo"].isin(["000", "0000", "z", last.stem])]
    assert same["safety"].tolist() == pytest.approx([same["safety"].iloc[0]] * 4)


def test_refuses_to_mix_two_releases_or_folders(
    scorer: Scorer, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.parquet"
    interrupted(scorer, photos, out, at=10)
    other = Scorer(make_release(tmp_path / "one", seed=2), device="cpu")
    with pytest.raises(ModelError, match="unfinished run wrote: release one"):
        outputs.write(out, photos, other, Progress())
    moved = tmp_path / "moved"
    photos.rename(moved)
    with pytest.raises(ModelError, match=f"photos {photos}"):
        outputs.write(out, moved, scorer, Progress())
    moved.rename(photos)
    assert outputs.write(out, photos, scorer, Progress()).before == 10


def test_leaves_a_finished_file_alone(scorer: Scorer, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    outputs.write(out, photos, scorer, Progress())
    content = out.read_bytes()
    with pytest.raises(ModelError, match="is there already; delete it"):
        outputs.write(out, photos, scorer, Progress())
    assert out.read_bytes() == content


def test_refusals_leave_nothing_behind(scorer: Scorer, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\.csv or \.parquet"):
        outputs.write(tmp_path / "scores.xlsx", photos, scorer, Progress())
    with pytest.raises(ModelError, match=r"no folder .*gone to write scores\.csv to"):
        outputs.write(tmp_path / "gone" / "scores.csv", photos, scorer, Progress())
    with pytest.raises(PhotosError, match="There is no folder"):
        outputs.write(tmp_path / "scores.csv", tmp_path / "gone", scorer, Progress())
    assert names(tmp_path) == []


def test_only_unreadable_photos_make_an_empty_file(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_text("no photo")
    out = tmp_path / "scores.parquet"
    written = outputs.write(out, tmp_path / "bad", scorer, Progress())
    assert (written.photos, written.unreadable) == (0, 1)
    assert list(read(out).columns) == ["photo", "safety", "lively"]
