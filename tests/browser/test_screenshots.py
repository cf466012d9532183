"""`make screenshots` takes a picture of each state, in each window size and language."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests import screenshots
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FEW = ("map",)


def test_there_are_twelve_states() -> None:
    assert len(screenshots.STATES) == 12


def test_a_picture_for_each_size_and_language(site: str, tmp_path: Path) -> None:
    """In a process of its own: one process holds one Playwright at a time."""
    options = [str(tmp_path), "--address", site, "--only", *FEW]
    subprocess.run(
        [sys.executable, "-m", "tests.screenshots", *options],
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    for name in FEW:
        for size, (width, height) in screenshots.SIZES.items():
            contents = set()
            for lang in screenshots.LANGUAGES:
                file = tmp_path / f"{name}-{size}-{lang}.png"
                with Image.open(file) as image:
                    scale = image.width / width
                    assert image.size == (width * scale, height * scale)
                    colours = image.convert("RGB").getcolors(1 << 24)
                assert colours is not None
                assert len(colours) > 100
                contents.add(file.read_bytes())
            assert len(contents) == len(screenshots.LANGUAGES)
    with Image.open(tmp_path / "map-small.png") as image:
        assert image.width == screenshots.SMALL_WIDTH_PX
    assert (tmp_path / "map-small.png").stat().st_size < 300_000


def test_every_state_is_found_in_the_city(site: str) -> None:
    found = screenshots.paths(site, None)
    assert found.keys() == screenshots.STATES.keys()
    assert not any("{" in path for path in found.values())
