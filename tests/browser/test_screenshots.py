"""`make screenshots` takes a picture of the map for each window size."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests import screenshots
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_picture_for_each_size(site: str, tmp_path: Path) -> None:
    """In a process of its own: one process holds one Playwright at a time."""
    subprocess.run(
        [sys.executable, "-m", "tests.screenshots", str(tmp_path), "--address", site],
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    for size, (width, height) in screenshots.SIZES.items():
        with Image.open(tmp_path / f"map-{size}.png") as image:
            scale = image.width / width
            assert image.size == (width * scale, height * scale)
            colours = image.convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert len(colours) > 100
    with Image.open(tmp_path / "map-small.png") as image:
        assert image.width == screenshots.SMALL_WIDTH_PX
    assert (tmp_path / "map-small.png").stat().st_size < 300_000
