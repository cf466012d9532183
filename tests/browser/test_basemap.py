"""A base map out of a file of the server's own: no other host is asked for anything."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import archives
from tests.browser.city import COMUNAS, City
from tests.browser.conftest import OpenSite, Visit, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GROUND = ".leaflet-ground-pane .ground"
TONES = """(canvases) => canvases.map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) found.add(data[i]);
  return found.size;
})"""

WithGround = Callable[[Path], Visit]


@pytest.fixture
def with_ground(visit: OpenSite, city: City, tmp_path: Path) -> Iterator[WithGround]:
    """A page of a server that has the file; both are closed before the page is judged."""
    with ExitStack() as stack:

        def begin(file: Path) -> Visit:
            address = stack.enter_context(serving(city.url, city.data_dir, tmp_path, file))
            visited = visit(address=address)
            stack.enter_context(closing(visited.page.context))
            return visited

        yield begin


def attribution(page: Page) -> str:
    return page.locator("#map .leaflet-control-attribution").inner_text()


def test_pictures(with_ground: WithGround, tmp_path: Path) -> None:
    visited = with_ground(archives.pictures(tmp_path / "ground.pmtiles"))
    page = visited.open()
    expect(page.locator(f"{GROUND} img").first).to_have_js_property("naturalWidth", 256)
    assert "The makers of the file" in attribution(page)
    assert [url for url in visited.requests if url.endswith("/basemap.pmtiles")]


def test_vector_tiles_are_drawn(with_ground: WithGround, tmp_path: Path) -> None:
    """Land and water in two tones, on the map and on the small one beside a photo."""
    page = with_ground(archives.vectors(tmp_path / "ground.pmtiles")).open()
    expect(page.locator(f"{GROUND} canvas").first).to_be_attached()
    page.wait_for_timeout(500)
    assert max(page.locator(f"{GROUND} canvas").evaluate_all(TONES)) >= 2
    assert "The makers of the file" in attribution(page)


def test_a_file_that_breaks_off_leaves_the_map_whole(
    with_ground: WithGround, tmp_path: Path
) -> None:
    file = archives.pictures(tmp_path / "ground.pmtiles")
    file.write_bytes(file.read_bytes()[:100])
    visited = with_ground(file)
    page = visited.open()
    assert page.locator(".area[fill^=rgb]").count() == len(COMUNAS)
    assert page.locator(GROUND).count() == 0
    assert len(visited.complaints) == 1
    assert "base map's file cannot be read" in visited.complaints[0]
    visited.complaints.clear()
