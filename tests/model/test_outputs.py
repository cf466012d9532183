from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from model import outputs
from model.errors import ModelError
from model.scoring import Scored
from model.training import quiet

KEYS = ("safety", "lively")


def scored(number: int) -> Iterator[Scored]:
    for i in range(number):
        if i % 100 == 7:
            yield Scored(f"p{i}", None, "Not readable", "unreadable")
        else:
            yield Scored(f"p{i}", {"safety": i / 3, "lively": -float(i)}, None)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_writes_each_scored_photo_and_lists_the_rest(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"scores{suffix}"
    written, unreadable = outputs.write(file, KEYS, scored(2500), 2500, quiet)
    assert written == 2475
    assert [photo.id for photo in unreadable][:2] == ["p7", "p107"]
    frame = pd.read_csv(file) if suffix == ".csv" else pd.read_parquet(file)
    assert list(frame.columns) == ["photo", *KEYS]
    assert frame["photo"].tolist() == [f"p{i}" for i in range(2500) if i % 100 != 7]
    assert frame["safety"].tolist() == [i / 3 for i in range(2500) if i % 100 != 7]
    assert list(tmp_path.iterdir()) == [file]


def test_refuses_another_kind_of_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\.csv or \.parquet"):
        outputs.write(tmp_path / "scores.xlsx", KEYS, scored(3), 3, quiet)


def test_a_broken_run_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    def breaks() -> Iterator[Scored]:
        yield from scored(3)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        outputs.write(tmp_path / "scores.csv", KEYS, breaks(), 9, quiet)
    assert not (tmp_path / "scores.csv").exists()
