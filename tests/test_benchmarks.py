"""The benchmarks still run; what they measure depends on the machine and is not judged here."""

from pathlib import Path

import pytest

from tests import nginx
from tests.benchmarks import looks, rescoring, scoring_jobs, street, tiles, uploads, workers
from tests.benchmarks.__main__ import main
from tests.benchmarks.bounds import Bounds


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_a_small_run_measures_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--photos", "1000"]) == 0
    found = said(capsys)
    for word in ("publish", "tile of zoom 6", "tile of zoom 18", "figures of 52", "check-totals"):
        assert word in found


def test_too_few_photos_are_refused() -> None:
    with pytest.raises(SystemExit):
        main(["--photos", "999"])


def test_looks_are_measured(capsys: pytest.CaptureFixture[str], shared_data: Path) -> None:
    assert looks.main(["--frames", "12", "--from", str(shared_data / "street_photos")]) == 0
    found = said(capsys)
    for words in ("WebP, quality 60", "2 % cut off at each side", "3 m, 6 bits"):
        assert words in found


@pytest.mark.slow
def test_uploads_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert uploads.main(["--photos", "8", "--rounds", "1"]) == 0
    found = said(capsys)
    for words in ("one Pillow process", "verdicts / Pillow │", "≥ 0.5", "/healthz meanwhile"):
        assert words in found


@pytest.mark.slow
def test_scoring_jobs_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--photos", "24", "--rounds", "1", "--side", "32"]
    assert scoring_jobs.main(few) == 0
    found = said(capsys)
    for words in ("worker / model score", "≥ 0.85", "speed on the page", "/healthz meanwhile"):
        assert words in found


@pytest.mark.slow
def test_two_workers_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert workers.main(["--photos", "24", "--rounds", "1", "--side", "32"]) == 0
    found = said(capsys)
    assert "both / sum of each" in found
    assert "≥ 0.9" in found
    assert "photos scored twice │ 0.00 │ ≤ 0 │ met" in found


@pytest.mark.slow
def test_rescoring_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert rescoring.main(["--photos", "1000", "--rounds", "1"]) == 0
    found = said(capsys)
    for what in (
        "tiles of the old map that failed",
        "photos without a score",
        "totals that differ from a recount",
    ):
        assert f"{what} │ 0.00 │ ≤ 0 │ met" in found
    assert "switching" in found


@pytest.mark.slow
def test_tiles_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Without tipg, which would be installed from a registry first."""
    if nginx.executable() is None:
        pytest.skip("needs nginx: run `make setup`")
    few = ["--photos", "2000", "--small", "1000", "--rounds", "1", "--no-tipg"]
    assert tiles.main(few) == 0
    found = said(capsys)
    for bound in ("≤ 1.5", "≤ 64", "≤ 2", "≥ 0.8"):
        assert bound in found
    assert found.count("≥ 0.8") == 2


def test_photos_are_drawn_where_there_are_none_and_never_the_same(tmp_path: Path) -> None:
    photos, source = street.photos(tmp_path / "absent", 5)
    assert "drawn" in source
    assert len({photo.data for photo in photos}) == 5
    uploads.check_same(photos)


def test_a_bound_is_met_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    bounds = Bounds("a title")
    bounds.at_least("enough", 0.5, 0.5)
    assert bounds.all_met
    bounds.at_most("too much", 1.01, 1)
    assert not bounds.all_met
    bounds.show()
    found = said(capsys)
    assert "enough │ 0.50 │ ≥ 0.5 │ met" in found
    assert "too much │ 1.01 │ ≤ 1 │ NOT met" in found
