"""The map to take away: complete in one file, and saying what the pages say."""

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from shapely import Point
from sqlalchemy.orm import Session

from app import areas, totals
from app.areas import AreaRow
from app.attributes import ATTRIBUTES, KEYS
from app.errors import LayerNotFound, SetupMissing
from app.exports import map as map_export
from app.exports.built import Built
from app.exports.colours import cividis, colour
from app.exports.texts import TEXTS, number
from app.tables import Layer, Release
from tests.builders import flat, make_photo, make_release, square, write_scores

LEAFLET = Path(__file__).parents[1] / "node_modules" / "leaflet" / "dist"
NASTY = "Ñuñoa </script><img src=x onerror=alert(1)> {{ 7 * 7 }} {% raw %} {# «Co»"
SOURCE = "IDE <Chile> {{ 7 * 7 }}"
WEST, SOUTH = -70.7, -33.5


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Leaflet as npm has it, under the names that the build gives it."""
    if not LEAFLET.is_dir():
        pytest.skip("needs the npm packages: run `make setup`")
    folder = tmp_path_factory.mktemp("dist")
    for name in ("leaflet.js", "leaflet.css"):
        shutil.copy(LEAFLET / name, folder)
    names = {"leaflet.js": "leaflet.js", "leaflet.css": "leaflet.css"}
    (folder / "manifest.json").write_text(json.dumps(names))
    return Built(folder)


@pytest.fixture
def release(session: Session) -> Release:
    """Area a is shown, b has too few photos, c none; c would be the first by its key."""
    rows = [
        AreaRow(code, name, square(WEST + 0.1 * column, SOUTH, 0.1))
        for column, (code, name) in enumerate(
            [("{{a}}", NASTY), ("b", "Pocas"), ("c", "Sin datos")]
        )
    ]
    layer = Layer(
        key="comuna", label_es="Comunas", label_en="Communes", source=SOURCE, licence="CC0"
    )
    totals.load_layer(session, layer, rows)
    release = make_release(session, "shown", active=True, manifest={"demo": True})
    photos = [make_photo(session, WEST + 0.01 * (i % 9), SOUTH + 0.003 * i) for i in range(30)]
    photos += [make_photo(session, WEST + 0.15, SOUTH + 0.05) for _ in range(3)]
    scores = {photo.id: {**flat(500), "safety": 700, "boring": 700} for photo in photos}
    write_scores(session, release, scores)
    totals.publish(session)
    session.refresh(release)
    return release


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.titles: list[str] = []
        self.tags: list[str] = []
        self.lang: str | None = None
        self._in = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in = tag
        self.tags.append(tag)
        if tag == "script":
            self.scripts.append("")
        if tag == "html":
            self.lang = dict(attrs).get("lang")
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster", "background"):
                self.addresses.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "style":
            self.styles.append(data)
        elif self._in == "script":
            self.scripts[-1] += data
        elif self._in == "h1":
            self.titles.append(data)


def test_the_file_asks_nobody_for_anything(
    session: Session, release: Release, built: Built
) -> None:
    page = Page(map_export.html(session, release, "es", built))
    assert page.addresses == []
    assert not {"link", "iframe", "object", "embed", "img"} & set(page.tags)
    styles = "".join(page.styles)
    assert "@import" not in styles
    assert [a for a in re.findall(r"url\(([^)]*)\)", styles) if not a.startswith("#")] == []
    ours = "".join(script for script in page.scripts if "Leaflet 1.9" not in script)
    assert "http" not in ours
    for word in ("fetch(", "XMLHttpRequest", "tileLayer", "import("):
        assert word not in ours
    leaflet = [script for script in page.scripts if "Leaflet 1.9" in script]
    assert len(leaflet) == 1
    assert "sourceMappingURL" not in leaflet[0]


def test_leaflet_arrives_whole(session: Session, release: Release, built: Built) -> None:
    text = built.text("leaflet.js").split("//# sourceMappingURL")[0].strip()
    assert len(text) > 100_000
    assert text in map_export.html(session, release, "es", built)


def test_six_layers_of_which_the_first_is_shown(
    session: Session, release: Release, built: Built
) -> None:
    html = map_export.html(session, release, "es", built)
    names = [f"Se ve {attribute.label['es']}" for attribute in ATTRIBUTES]
    assert Page(html).titles == names
    control = html[html.index("base_layers : {") :]
    control = control[: control.index("overlays")]
    entries = dict(re.findall(r'"([^"]+)" : (\w+),', control))
    assert list(entries) == names
    shown = [n for n, layer in entries.items() if f"{layer}.addTo(map_" in html.replace(" ", "")]
    assert shown == names[:1]
    assert len(re.findall(r"<section[^>]*hidden", html)) == len(KEYS) - 1


def test_a_name_is_text_wherever_it_stands(
    session: Session, release: Release, built: Built
) -> None:
    """Neither HTML nor a template: folium runs what it has written once more."""
    html = map_export.html(session, release, "es", built)
    assert "<img" not in html
    tips = [unescape(tip) for tip in re.findall(r'"tip": "([^"]*)"', json_text(html))]
    assert len(tips) == 3 * len(KEYS)
    assert sum(tip.startswith(NASTY) for tip in tips) == len(KEYS)
    assert SOURCE in unescape(html.split("</head>")[1])


def test_the_tip_has_mean_interval_and_number(
    session: Session, release: Release, built: Built
) -> None:
    spanish = map_export.html(session, release, "es", built)
    english = map_export.html(session, release, "en", built)
    assert "· 7,0 (7,0–7,0) · 30 fotos" in json_text(spanish)
    assert "· 7.0 (7.0–7.0) · 30 photos" in json_text(english)
    assert "Pocas · pocas fotos (3)" in json_text(spanish)
    assert "Sin datos · no data" in json_text(english)
    assert (Page(spanish).lang, Page(english).lang) == ("es", "en")


def json_text(html: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), html)


def test_the_legend_says_what_the_map_does(
    session: Session, release: Release, built: Built
) -> None:
    html = map_export.html(session, release, "es", built)
    assert areas.spread(session, release, "comuna") == 2.0
    sections = re.findall(r"<section.*?</section>", html, re.DOTALL)
    numbers = [re.findall(r"<span>([\d,]+)</span>", section) for section in sections]
    ends = [re.findall(r"<span>(m[^<]+)</span>", section) for section in sections]
    assert numbers[0] == ["3", "4", "5", "6", "7"]
    assert numbers[KEYS.index("boring")] == ["7", "6", "5", "4", "3"]
    assert ends[0] == ["menos segura", "más segura"]
    assert ends[KEYS.index("boring")] == ["más aburrida", "menos aburrida"]
    for line in (
        TEXTS["es"]["demo"],
        TEXTS["es"]["meaning.demo"],
        "Versión shown-1",
        "33 fotos",
        "5 = mitad de la ciudad",
    ):
        assert line in html


def test_yellow_is_the_favourable_end(session: Session, release: Release, built: Built) -> None:
    """Of equal means, the safe area is yellow and the boring one blue."""
    html = map_export.html(session, release, "es", built)
    assert cividis(1) in html
    assert cividis(0) in html
    assert colour(7, 2, "forward") == cividis(1) == colour(3, 2, "reversed")
    assert colour(7, 2, "reversed") == cividis(0) == colour(3, 2, "forward")
    assert colour(5, 2, "forward") == colour(5, 2, "reversed")
    assert colour(9, 2, "forward") == cividis(1), "beyond the range is its end"


def test_cividis_is_the_published_one() -> None:
    """Blue rises to yellow, and lightness with it: that is what makes it safe for all eyes."""
    assert cividis(0) == "#002051"
    assert cividis(1) == "#fdea45"

    def lightness(hexadecimal: str) -> float:
        red, green, blue = (int(hexadecimal[i : i + 2], 16) for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    steps = [lightness(cividis(step / 20)) for step in range(21)]
    assert steps == sorted(steps)


def test_written_at_once_and_over_an_older_one(
    session: Session,
    release: Release,
    built: Built,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "map.html"
    path.write_text("older")
    unbuilt = Built(tmp_path / "nowhere")
    monkeypatch.setattr(map_export, "Built", lambda: unbuilt)
    with pytest.raises(SetupMissing, match="make assets"):
        map_export.write(session, release, path)
    assert path.read_text() == "older"
    monkeypatch.setattr(map_export, "Built", lambda: built)
    map_export.write(session, release, path)
    assert "Se ve segura" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_detailed_outlines_are_drawn_coarsely(session: Session, built: Built) -> None:
    """The file holds each outline six times."""
    circles = [Point(WEST + 0.3 * i, SOUTH).buffer(0.1, quad_segs=3_000) for i in range(2)]
    rows = [AreaRow(str(i), f"Area {i}", circle) for i, circle in enumerate(circles)]
    totals.load_layer(session, Layer(key="round", label_es="x", label_en="x"), rows)
    html = map_export.html(session, make_release(session), "es", built)
    assert sum(len(circle.exterior.coords) for circle in circles) > 3 * map_export.VERTICES
    assert len(html) < 400_000


def test_no_layer_no_map(session: Session, built: Built) -> None:
    release = make_release(session)
    with pytest.raises(LayerNotFound, match="mirada import areas"):
        map_export.html(session, release, "es", built)


def test_a_layer_without_any_photo_is_outlines(
    session: Session, release: Release, built: Built
) -> None:
    other = make_release(session, "empty")
    html = map_export.html(session, other, "en", built)
    assert "no data" in html
    assert (
        cividis(1) not in html.split("</head>")[1].replace("linear-gradient", "").split("<div")[-1]
    )


@pytest.mark.parametrize(
    ("value", "decimals", "es", "en"),
    [(7.04, 1, "7,0", "7.0"), (4.5, 2, "4,5", "4.5"), (3, 2, "3", "3"), (10, 2, "10", "10")],
)
def test_numbers_as_people_write_them(value: float, decimals: int, es: str, en: str) -> None:
    assert number(value, "es", decimals) == es
    assert number(value, "en", decimals) == en


def test_both_languages_say_everything() -> None:
    assert TEXTS["es"].keys() == TEXTS["en"].keys()
    for key, text in TEXTS["es"].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", TEXTS["en"][key])


def test_the_manifest_is_read_again_after_a_build(tmp_path: Path) -> None:
    built = Built(tmp_path)
    with pytest.raises(SetupMissing, match="not built"):
        built.file("map.js")
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"map.js": "map-1.js"}')
    assert built.file("map.js").name == "map-1.js"
    manifest.unlink()
    manifest.write_text('{"map.js": "map-2.js"}')
    assert built.file("map.js").name == "map-2.js"
    with pytest.raises(SetupMissing, match=r"no gallery\.js"):
        built.file("gallery.js")
