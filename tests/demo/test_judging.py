import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.attributes import KEYS
from app.demo import city, judging, places
from app.errors import BadFile
from model import manifest, votes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a city, without its photos."""
    made = tmp_path_factory.mktemp("city")
    recipe = city.Recipe(seed=9, places=3000, scenes=60, votes=2000)
    plan, _ = city.plan_city(recipe)
    training, _, cast = city.plan_training(recipe)
    plan[["key", "comuna_code", *KEYS]].to_csv(made / "hidden.csv", index=False)
    training[["id", *KEYS]].to_csv(made / "training_hidden.csv", index=False)
    cast.to_csv(made / "votes.csv", index=False)
    return made


def part(folder: Path, name: str) -> dict[str, str]:
    path = folder / name
    if not path.exists():
        path.write_bytes(name.encode())
    return {"file": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def release(made: Path, into: Path, repeats: str = "first") -> Path:
    """What training would have written of a release that is right on 3 of 5 votes."""
    ids = pd.read_csv(made / "training_hidden.csv")["id"].tolist()
    test = set(ids[40:])
    pd.DataFrame(
        [(key, "test" if key in test else "train") for key in ids], columns=["photo", "part"]
    ).to_csv(into / "splits.csv", index=False)
    cast = votes.read(made / "votes.csv").frame
    if repeats == "first":
        cast = votes.drop_repeats(cast)
    fresh = cast[cast["left"].isin(test) & cast["right"].isin(test) & (cast["winner"] != 0)]
    counts = fresh["attribute"].value_counts()
    values: dict[str, Any] = {key: kind() for key, kind in manifest.KEYS.items()}
    values |= {
        "attributes": list(KEYS),
        "name": "demo",
        "trunk": {"shared": part(into, "trunk.safetensors")},
        "heads": {key: {"trunk": "shared", **part(into, f"{key}.safetensors")} for key in KEYS},
        "splits": part(into, "splits.csv"),
        "training": {"config": {"votes": {"repeats": repeats}}},
        "metrics": {key: {"accuracy": 0.6, "votes": int(counts[key])} for key in KEYS},
    }
    manifest.write(into, values)
    return into


@pytest.mark.parametrize("repeats", ["first", "keep"])
def test_the_oracle_is_asked_the_votes_that_judged_the_release(
    folder: Path, tmp_path: Path, repeats: str
) -> None:
    found = judging.held_out(folder, release(folder, tmp_path, repeats))
    for key in KEYS:
        assert 0.6 < found[key].oracle < 0.9
        assert found[key].ratio == pytest.approx(0.1 / (found[key].oracle - 0.5))


def test_the_hidden_means_themselves_reach_all_bounds_on_the_map(
    folder: Path, tmp_path: Path
) -> None:
    hidden = pd.read_csv(folder / "hidden.csv", dtype={"comuna_code": str})
    means = hidden.groupby("comuna_code")[list(KEYS)].mean()
    for one in judging.judge(folder, release(folder, tmp_path), means):
        assert one.hidden == pytest.approx(1)
        assert all("oracle" in words for words in one.missed()), one


def test_means_without_a_pattern_reach_no_bound(folder: Path, tmp_path: Path) -> None:
    table = places.human_table()[list(KEYS)]
    noise = np.random.default_rng(1).normal(size=table.shape)
    means = pd.DataFrame(noise, index=table.index, columns=table.columns)
    for one in judging.judge(folder, release(folder, tmp_path), means):
        assert len(one.missed()) >= 3


def test_a_folder_that_is_no_city_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    made = release(folder, tmp_path / "release")
    means = places.human_table()[list(KEYS)]
    with pytest.raises(BadFile, match=r"hidden\.csv is missing"):
        judging.judge(tmp_path, made, means)
