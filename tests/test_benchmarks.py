"""The benchmarks still run; what they measure depends on the machine and is not judged here."""

import pytest

from tests.benchmarks.__main__ import main


def test_a_small_run_measures_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--photos", "1000"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for word in ("publish", "tile of zoom 6", "tile of zoom 18", "figures of 52", "check-totals"):
        assert word in said


def test_too_few_photos_are_refused() -> None:
    with pytest.raises(SystemExit):
        main(["--photos", "999"])
