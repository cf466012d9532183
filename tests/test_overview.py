"""The overview figure: one sheet, the same bytes for the same data, the colours of the page."""

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from app import areas, totals
from app.areas import AreaRow
from app.attributes import ATTRIBUTES
from app.errors import LayerNotFound
from app.exports import overview
from app.exports.colours import colour
from app.tables import Layer, Release
from tests.builders import flat, make_photo, make_release, square, write_scores

WEST, SOUTH = -70.7, -33.5


@pytest.fixture
def release(session: Session) -> Release:
    """Area a looks safe and boring, b ordinary; c has too few photos, d none."""
    names = {"a": "Ñuñoa $x$ <b>", "b": "Macul", "c": "Pocas", "d": "Sin datos"}
    rows = [
        AreaRow(code, name, square(WEST + 0.1 * column, SOUTH, 0.1))
        for column, (code, name) in enumerate(names.items())
    ]
    layer = Layer(key="comuna", label_es="Comunas", label_en="Communes", source="IDE $ Chile $")
    totals.load_layer(session, layer, rows)
    release = make_release(session, "shown", active=True, manifest={"demo": True})
    scores = {}
    for column, (number, extra) in enumerate([(30, 800), (30, 500), (3, 300)]):
        for i in range(number):
            west = WEST + 0.1 * column + 0.01 * (i % 9) + 0.002
            photo = make_photo(session, west, SOUTH + 0.003 * i + 0.001)
            scores[photo.id] = {**flat(500), "safety": extra, "boring": extra}
    write_scores(session, release, scores)
    totals.publish(session)
    session.refresh(release)
    return release


def fills(svg: bytes) -> list[str]:
    """Colours that shapes are filled with."""
    styles = [element.get("style", "") for element in ET.fromstring(svg).iter()]
    return [
        part.removeprefix("fill:").strip()
        for style in styles
        for part in style.split("; ")
        if part.startswith("fill:")
    ]


def test_a_picture_of_two_thousand_pixels(session: Session, release: Release) -> None:
    content = overview.draw(session, release, "png", "es", "Santiago")
    assert overview.draw(session, release, "png", "es", "Santiago") == content
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.width == 2400
        assert 1500 < picture.height < 2800
    assert overview.draw(session, release, "png", "en", "Santiago") != content


def test_areas_have_the_colours_of_the_page(session: Session, release: Release) -> None:
    drawn = overview.draw(session, release, "svg", "es", "Santiago")
    assert overview.draw(session, release, "svg", "es", "Santiago") == drawn
    found = fills(drawn)
    spread = areas.spread(session, release, "comuna")
    assert found.count(colour(8.0, spread, "forward")) == 1
    assert found.count(colour(8.0, spread, "reversed")) == 1
    # Area a in the other four, b in all six.
    assert found.count(colour(5.0, spread, "forward")) == len(ATTRIBUTES) - 2 + len(ATTRIBUTES)
    # Too few photos have no colour of their own.
    assert colour(3.0, spread, "forward") not in found


def test_the_highest_and_the_lowest_are_named(session: Session, release: Release) -> None:
    """As they are written, dollars and all; text in the drawing is named in its comments."""
    drawn = overview.draw(session, release, "svg", "es", "Santiago").decode()
    assert drawn.count("<!-- Ñuñoa $x$ &lt;b&gt; -->") >= 2
    assert "<!-- Macul -->" in drawn
    assert "<!-- Pocas -->" not in drawn
    assert "<!-- Cómo se ve Santiago -->" in drawn
    assert "Demostración: calles dibujadas, no fotos reales." in drawn
    assert "63 fotos" in drawn
    assert "Límites: IDE $ Chile $." in drawn
    assert (
        "<!-- How Santiago looks -->"
        in overview.draw(session, release, "svg", "en", "Santiago").decode()
    )


@pytest.mark.parametrize("name", ["city.png", "city.svg"])
def test_written_at_once_and_over_an_older_one(
    session: Session, release: Release, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_text("old")
    overview.write(session, release, file, "es", "Santiago")
    assert file.read_bytes().startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_no_layer_no_figure(session: Session) -> None:
    release = make_release(session, "shown", active=True)
    with pytest.raises(LayerNotFound, match="mirada import areas"):
        overview.draw(session, release, "png", "es", "Santiago")


def test_without_any_photo_all_is_grey(session: Session) -> None:
    rows = [AreaRow("a", "Uno", square(WEST, SOUTH, 0.1))]
    totals.load_layer(session, Layer(key="comuna", label_es="C", label_en="C"), rows)
    release = make_release(session, "shown", active=True)
    found = fills(overview.draw(session, release, "svg", "es", "Santiago"))
    assert overview.NO_DATA in found
