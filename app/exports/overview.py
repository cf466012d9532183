"""The overview figure of the city: one map an attribute on one sheet, drawn by geopandas."""

import io
import json
import textwrap
import threading
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from sqlalchemy.orm import Session

from app import areas, releases
from app.areas import AreaFigures, ListedLayer
from app.attributes import ATTRIBUTES, Attribute, Language
from app.exports import wording
from app.exports.colours import cividis, colour
from app.exports.map import first_layer
from app.exports.texts import TEXTS
from app.tables import Release

Kind = Literal["png", "svg"]
Bounds = tuple[float, float, float, float]

WIDTH_IN = 12.0
TOP_IN, BETWEEN_IN, BELOW_IN = 1.48, 1.35, 1.5
"""What stands over, between and under the panels."""
TALLEST, FLATTEST = 1.3, 0.7
"""Height of a panel by its width."""
DPI = 200
INK, QUIET, NO_DATA, HATCH = "#15202b", "#4c5965", "#e6e9ea", "#7d8891"
LEFT = 0.025
FOOT_LETTERS = 165
"""In a line across the sheet."""
MIDDLE, MARGIN = 0.92, 0.2
"""Far valleys would make the city small: the middle share of the areas, and what is around it."""

_STEPS = 256
_PALETTE = ListedColormap([cividis(step / (_STEPS - 1)) for step in range(_STEPS)])
# Bytes that depend on the data alone: no random names in an SVG, and a font that comes along.
# Names may hold dollars, which are no mathematics.
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "svg.hashsalt": "mirada",
    "hatch.linewidth": 0.5,
    "text.parse_math": False,
}
_ONE_AT_A_TIME = threading.Lock()
"""What matplotlib is told holds for the whole process."""


def write(
    session: Session, release: Release, path: Path, language: Language, city_name: str
) -> None:
    """path: its suffix, .png or .svg, says which. A file that is there is replaced at the end."""
    kind: Kind = "svg" if path.suffix.lower() == ".svg" else "png"
    content = draw(session, release, kind, language, city_name)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def draw(
    session: Session, release: Release, kind: Kind, language: Language, city_name: str
) -> bytes:
    """The first layer coloured by each attribute; the same data give the same bytes.

    Raises LayerNotFound where there is no layer.
    """
    layer = first_layer(session)
    figures = areas.figures(session, release, layer.key)
    spread = areas.spread(session, release, layer.key)
    outlines = _outlines(session, layer, figures)
    with _ONE_AT_A_TIME, mpl.rc_context(_STYLE):
        bounds = _bounds(outlines)
        sheet = _sheet(bounds)
        for axes, attribute in zip(sheet.subplots(2, 3).flat, ATTRIBUTES, strict=True):
            _panel(axes, outlines, bounds, attribute, spread, language)
            _legend(axes, sheet.get_figheight(), attribute, spread, language)
        _words(sheet, release, layer, figures, language, city_name)
        content = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        sheet.savefig(content, format=kind, dpi=DPI, metadata=metadata)
    return content.getvalue()


def _sheet(bounds: Bounds) -> Figure:
    """As high as panels of the city's shape make it."""
    west, south, east, north = bounds
    shape = min(max((north - south) / (east - west), FLATTEST), TALLEST)
    gap = 0.06
    panel_in = WIDTH_IN * (1 - 2 * LEFT) / (3 + 2 * gap) * shape
    height_in = TOP_IN + 2 * panel_in + BETWEEN_IN + BELOW_IN
    sheet = Figure(figsize=(WIDTH_IN, height_in), facecolor="white")
    sheet.subplots_adjust(
        *(LEFT, BELOW_IN / height_in, 1 - LEFT, 1 - TOP_IN / height_in),
        wspace=gap,
        hspace=BETWEEN_IN / panel_in,
    )
    return sheet


def _outlines(session: Session, layer: ListedLayer, figures: list[AreaFigures]) -> gpd.GeoDataFrame:
    """In Web Mercator, with the figures of each area in `area`."""
    features = json.loads(areas.geojson(session, layer.key))["features"]
    frame = gpd.GeoDataFrame.from_features(features, crs=4326)
    by_code = {each.code: each for each in figures}
    frame["area"] = [by_code[code] for code in frame["code"]]
    return frame[frame.geometry.notna()].to_crs(3857)


def _bounds(outlines: gpd.GeoDataFrame) -> Bounds:
    """west, south, east, north of what is drawn, in metres."""
    shown = outlines[[area.shown for area in outlines["area"]]]
    frame = shown if len(shown) else outlines
    middles = frame.representative_point()
    low, high = (1 - MIDDLE) / 2, (1 + MIDDLE) / 2
    west, east = middles.x.quantile([low, high])
    south, north = middles.y.quantile([low, high])
    # Half an area at least, where there are too few to spread over anything.
    around = max(MARGIN * (east - west), MARGIN * (north - south), frame.area.median() ** 0.5)
    all_west, all_south, all_east, all_north = frame.total_bounds
    return (
        max(all_west, west - around),
        max(all_south, south - around),
        min(all_east, east + around),
        min(all_north, north + around),
    )


def _panel(
    axes: Axes,
    outlines: gpd.GeoDataFrame,
    bounds: Bounds,
    attribute: Attribute,
    spread: float,
    language: Language,
) -> None:
    colours = [_fill(area, attribute, spread) for area in outlines["area"]]
    outlines.plot(ax=axes, color=colours, edgecolor="white", linewidth=0.6)
    few = outlines[
        [not area.shown and attribute.key in area.attributes for area in outlines["area"]]
    ]
    if len(few):
        few.plot(ax=axes, facecolor=NO_DATA, edgecolor=HATCH, hatch="////", linewidth=0.3)
    west, south, east, north = bounds
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set(xlabel="", ylabel="")
    # Neighbours that were simplified one by one leave gaps, which are no streets.
    axes.set_facecolor(NO_DATA)
    axes.set_aspect("equal", anchor="NW")
    _name_ends(axes, outlines, bounds, attribute)
    axes.set_title(
        wording.title(attribute, language), size=14, weight="bold", color=INK, loc="left", pad=8
    )


def _name_ends(
    axes: Axes, outlines: gpd.GeoDataFrame, bounds: Bounds, attribute: Attribute
) -> None:
    """Names the areas with the highest and the lowest mean, of those that are in sight."""
    seen = outlines.cx[bounds[0] : bounds[2], bounds[1] : bounds[3]].clip(bounds)
    means = {
        row: area.attributes[attribute.key].mean
        for row, area in seen["area"].items()
        if area.shown and attribute.key in area.attributes
    }
    if not means:
        return
    rows = {max(means, key=means.__getitem__), min(means, key=means.__getitem__)}
    middles = {row: seen.geometry[row].representative_point() for row in rows}
    upper = max(rows, key=lambda row: middles[row].y)
    for row, middle in middles.items():
        axes.text(
            middle.x,
            middle.y,
            seen["area"][row].name,
            size=8,
            color=INK,
            ha="center",
            # Away from each other, where the two are neighbours.
            va="bottom" if row == upper else "top",
            clip_on=True,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
        )


def _fill(area: AreaFigures, attribute: Attribute, spread: float) -> str:
    found = area.attributes.get(attribute.key)
    if found is None or not area.shown:
        return NO_DATA
    return colour(found.mean, spread, attribute.palette)


def _legend(
    axes: Axes, height_in: float, attribute: Attribute, spread: float, language: Language
) -> None:
    """height_in: of the sheet. Bar and words keep their size, whatever the panel's shape."""
    inch = 1 / (axes.get_position().height * height_in)
    bar = axes.inset_axes((0.0, -0.25 * inch, 1.0, 0.1 * inch))
    bar.imshow([range(_STEPS)], aspect="auto", cmap=_PALETTE, extent=(0, 4, 0, 1))
    bar.set_yticks([])
    bar.set_xticks(range(5), wording.numbers(attribute, spread, language), size=8.5, color=QUIET)
    bar.tick_params(length=2, color=QUIET, pad=2)
    for side in bar.spines.values():
        side.set_visible(False)
    left, right = wording.ends(attribute, language)
    below: Any = {"transform": axes.transAxes, "size": 9, "color": INK, "va": "center"}
    axes.text(0, -0.58 * inch, left, **below)
    axes.text(1, -0.58 * inch, right, ha="right", **below)


def _words(
    sheet: Figure,
    release: Release,
    layer: ListedLayer,
    figures: list[AreaFigures],
    language: Language,
    city_name: str,
) -> None:
    texts = TEXTS[language]
    heading = texts["overview"].format(city=city_name)
    inch = 1 / sheet.get_figheight()
    sheet.text(LEFT, 1 - 0.39 * inch, heading, size=24, weight="bold", color=INK, va="center")
    below = [f"{wording.meaning(release, language)} {texts['half']}."]
    if releases.is_demo(release):
        below.append(texts["demo"])
    sheet.text(LEFT, 1 - 0.78 * inch, " ".join(below), size=10.5, color=QUIET, va="center")
    ends = [wording.about(release, figures, language), wording.source(layer, language)]
    said = "Mirada. " + ". ".join(line for line in ends if line) + "."
    lines = [texts["overview.marks"], *textwrap.wrap(said, FOOT_LETTERS)]
    for row, line in enumerate(lines):
        sheet.text(LEFT, (0.62 - 0.21 * row) * inch, line, size=9, color=QUIET, va="center")
