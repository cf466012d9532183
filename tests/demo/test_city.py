import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from app import cli_demo
from app.attributes import KEYS
from app.demo import city


def write(
    folder: Path,
    workers: int = 1,
    seed: int = 5,
    progress: Callable[[int, int], None] = city.quiet,
) -> None:
    city.write(
        folder, seed=seed, places=40, scenes=30, votes=60, workers=workers, progress=progress
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    write(folder, workers=2)
    return folder


def test_the_folder_holds_what_is_promised(small: Path) -> None:
    manifest = pd.read_csv(small / "manifest.csv")
    hidden = pd.read_csv(small / "hidden.csv", dtype={"comuna_code": str})
    training = pd.read_csv(small / "training_hidden.csv")
    votes = pd.read_csv(small / "votes.csv")
    assert {path.name for path in (small / "photos").iterdir()} == set(manifest["filename"])
    assert {path.stem for path in (small / "training").iterdir()} == set(training["id"])
    assert (hidden["key"] + ".jpg").tolist() == manifest["filename"].tolist()
    assert list(hidden.columns) == ["key", "comuna_code", *KEYS]
    assert manifest["heading_deg"].between(0, 360, inclusive="left").all()
    assert pd.to_datetime(manifest["captured_at"]).notna().all()
    assert len(votes) == 6 * 60
    for path in (small / "photos").iterdir():
        with Image.open(path) as image:
            image.load()
            assert image.size == (400, 300)


def test_the_truth_is_in_no_file_that_training_or_import_reads(small: Path) -> None:
    assert not set(KEYS) & set(pd.read_csv(small / "manifest.csv").columns)
    assert not set(KEYS) & set(pd.read_csv(small / "votes.csv").columns)


def test_the_same_seed_gives_the_same_bytes_with_one_process_or_two(
    small: Path, tmp_path: Path
) -> None:
    write(tmp_path / "again")
    assert digests(tmp_path / "again") == digests(small)


def test_another_seed_gives_other_scenes_and_votes(small: Path, tmp_path: Path) -> None:
    city.write(tmp_path, seed=6, places=2, scenes=2, votes=60, workers=1)
    other, scenes = digests(tmp_path), set((tmp_path / "training").iterdir())
    assert other["votes.csv"] != digests(small)["votes.csv"]
    assert not {path.name for path in scenes} & {
        path.name for path in (small / "training").iterdir()
    }


def test_it_goes_on_where_it_was_stopped(small: Path, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise Stopped

    folder = tmp_path / "stopped"
    with pytest.raises(Stopped):
        write(folder, progress=stop)
    there = {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")}
    assert 0 < len(there) < 70
    seen: list[tuple[int, int]] = []
    write(folder, progress=lambda done, total: seen.append((done, total)))
    assert digests(folder) == digests(small)
    assert all(path.stat().st_mtime_ns == before for path, before in there.items())
    assert seen[0] == (0, 70)
    assert seen[-1] == (70, 70)


def test_a_folder_with_another_city_is_left_alone(small: Path) -> None:
    before = digests(small)
    with pytest.raises(city.AnotherCity, match="another demo city"):
        write(small, seed=6)
    assert digests(small) == before


def test_120000_places_are_planned_in_seconds() -> None:
    plan, levels = city.plan_city(city.Recipe(seed=1, places=120_000, scenes=2, votes=1))
    assert len(plan) == len(levels) == 120_000
    assert plan["key"].is_unique
    assert plan["comuna_code"].value_counts().min() >= 2400


def test_the_command_draws_a_city_and_refuses_another(tmp_path: Path) -> None:
    def run(seed: int) -> Result:
        arguments = ["draw", str(tmp_path / "c"), "--places", "3", "--scenes", "4", "--votes", "5"]
        return CliRunner().invoke(cli_demo.app, [*arguments, "--workers", "1", "--seed", str(seed)])

    first = run(1)
    assert first.exit_code == 0, first.output
    assert len(list((tmp_path / "c").rglob("*.jpg"))) == 7
    second = run(2)
    assert second.exit_code == 1
    assert "another demo city" in " ".join(second.output.split())
