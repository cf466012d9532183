"""One HTML file with the map of a layer, made by folium, that works without any network."""

import json
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from shapely.geometry import mapping, shape
from sqlalchemy.orm import Session

from app import areas, releases
from app.areas import AreaFigures, ListedLayer
from app.attributes import ATTRIBUTES, Attribute, Language
from app.errors import LayerNotFound
from app.exports import wording
from app.exports.built import Built
from app.exports.colours import cividis, colour
from app.exports.offline import Legend, OfflineMap, inert, page
from app.exports.texts import TEXTS, number
from app.tables import Release

Geometry = dict[str, Any]

VERTICES = 8_000
TOLERANCES_DEG = (1e-4, 2e-4, 5e-4, 1e-3)
"""10 to 100 m."""


def write(session: Session, release: Release, path: Path, language: Language = "es") -> None:
    """Writes the map of the first layer; a file that is there is replaced when all is well."""
    content = html(session, release, language)
    part = path.with_name(path.name + ".part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)


def html(
    session: Session, release: Release, language: Language = "es", built: Built | None = None
) -> str:
    """Raises SetupMissing while the front end, which has Leaflet, is not built."""
    layer = first_layer(session)
    figures = areas.figures(session, release, layer.key)
    drawn = _outlines(session, layer.key, figures)
    spread = areas.spread(session, release, layer.key)

    city = OfflineMap(tiles=None)
    for attribute in ATTRIBUTES:
        _choropleth(drawn, attribute, spread, language).add_to(city)
    folium.LayerControl(collapsed=False).add_to(city)
    Legend(
        [_legend(attribute, spread, language) for attribute in ATTRIBUTES],
        [cividis(step / 8) for step in range(9)],
        TEXTS[language]["few"],
        _about(release, layer, figures, language),
    ).add_to(city)
    _fit(city, figures)
    return page(city, built or Built(), title=TEXTS[language]["title"], language=language)


def first_layer(session: Session) -> ListedLayer:
    """The one that the map opens with."""
    layers = [layer for layer in areas.layers(session) if not layer.is_city]
    if not layers:
        raise LayerNotFound(
            "There is no layer of areas to draw. Load one with `mirada import areas`."
        )
    return layers[0]


def _outlines(
    session: Session, layer: str, figures: list[AreaFigures]
) -> list[tuple[AreaFigures, Geometry]]:
    """Areas that are larger than the grid of coordinates, each with its geometry in GeoJSON.

    The file holds them six times, so they are drawn more coarsely than on the page.
    """
    by_code = {each.code: each for each in figures}
    features = json.loads(areas.geojson(session, layer))["features"]
    there = [feature for feature in features if feature["geometry"] is not None]
    whole = np.array([shape(feature["geometry"]) for feature in there], dtype=object)
    shapes = whole
    for tolerance_deg in TOLERANCES_DEG:
        if shapely.get_num_coordinates(shapes).sum() <= VERTICES:
            break
        shapes = shapely.coverage_simplify(whole, tolerance_deg)
    codes = [feature["properties"]["code"] for feature in there]
    return [(by_code[code], mapping(each)) for code, each in zip(codes, shapes, strict=True)]


def _tip(area: AreaFigures, attribute: Attribute, language: Language) -> str:
    texts = TEXTS[language]
    found = area.attributes.get(attribute.key)
    if found is None:
        return f"{area.name} · {texts['none']}"
    if not area.shown:
        return f"{area.name} · {texts['few']} ({area.n})"
    mean = number(found.mean, language)
    if found.ci95 is not None:
        mean += f" ({number(found.ci95[0], language)}–{number(found.ci95[1], language)})"
    return f"{area.name} · {mean} · {texts['photos'].format(n=found.n)}"


def _choropleth(
    drawn: list[tuple[AreaFigures, Geometry]],
    attribute: Attribute,
    spread: float,
    language: Language,
) -> folium.GeoJson:
    """Ids are places in the list, since folium writes them into a script as they are."""
    features = [
        {
            "type": "Feature",
            "id": place,
            "geometry": geometry,
            "properties": {"tip": inert(_tip(area, attribute, language))},
        }
        for place, (area, geometry) in enumerate(drawn)
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=wording.title(attribute, language),
        overlay=False,
        show=attribute is ATTRIBUTES[0],
        style_function=lambda feature: _style(drawn[feature["id"]][0], attribute, spread),
        highlight_function=lambda feature: {"weight": 3, "color": "#1b1f24"},
        tooltip=folium.GeoJsonTooltip(["tip"], labels=False, sticky=True),
    )


def _style(area: AreaFigures, attribute: Attribute, spread: float) -> dict[str, Any]:
    found = area.attributes.get(attribute.key)
    if found is None:
        return {"color": "#9aa0a6", "weight": 0.5, "fillOpacity": 0}
    if not area.shown:
        line = {"color": "#6b7178", "weight": 1, "dashArray": "3 4"}
        return {**line, "fillColor": "#d4d6d9", "fillOpacity": 0.6}
    fill = colour(found.mean, spread, attribute.palette)
    return {"color": "#ffffff", "weight": 1, "fillColor": fill, "fillOpacity": 0.9}


def _legend(attribute: Attribute, spread: float, language: Language) -> dict[str, Any]:
    left, right = wording.ends(attribute, language)
    return {
        "title": wording.title(attribute, language),
        "numbers": wording.numbers(attribute, spread, language),
        "left": left,
        "right": right,
    }


def _about(
    release: Release, layer: ListedLayer, figures: list[AreaFigures], language: Language
) -> list[str]:
    texts = TEXTS[language]
    lines = [
        texts["demo"] if releases.is_demo(release) else None,
        texts["half"],
        wording.about(release, figures, language),
        wording.meaning(release, language),
        wording.source(layer, language),
    ]
    return [inert(line) for line in lines if line is not None]


def _fit(city: folium.Map, figures: list[AreaFigures]) -> None:
    """To the areas that have a colour, else to all."""
    boxes = [each.bbox for each in figures if each.shown] or [each.bbox for each in figures]
    wests, souths, easts, norths = zip(*boxes, strict=True)
    city.fit_bounds([[min(souths), min(wests)], [max(norths), max(easts)]])
