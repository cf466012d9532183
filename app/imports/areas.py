"""A layer of areas out of any map file, with every photo given its area in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import areas, totals
from app.areas import AreaRow
from app.db import SessionFactory
from app.errors import BadFile, BadRequest, NameTaken
from app.imports import polygons
from app.imports.polygons import Dissolve
from app.imports.progress import Step, silent
from app.imports.recipes import Recipe
from app.imports.summary import Summary
from app.imports.table import Table
from app.tables import Area, Layer

_KEY = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True)
class Wanted:
    """What layer is to be made of a file, and how.

    names: a CSV file and its columns of codes and of names. names_from: a layer with the same
    codes. where: (column, value) of the features that count. The layer `city` needs no codes.
    """

    path: Path
    layer: str
    code_column: str | None = None
    name_column: str | None = None
    dissolve: Dissolve | None = None
    names: tuple[Path, str, str] | None = None
    names_from: str | None = None
    label_es: str | None = None
    label_en: str | None = None
    source: str | None = None
    licence: str | None = None
    crs: str | None = None
    file_layer: str | None = None
    where: tuple[str, str] | None = None
    replace: bool = False


def by_recipe(recipe: Recipe, layer: str | None = None, *, replace: bool = False) -> Wanted:
    return Wanted(
        path=recipe.path,
        layer=layer or recipe.layer,
        code_column=recipe.code_column,
        name_column=recipe.name_column,
        label_es=recipe.label_es,
        label_en=recipe.label_en,
        source=recipe.source,
        licence=recipe.licence,
        where=recipe.where,
        replace=replace,
    )


def parse_names(text: str) -> tuple[Path, str, str]:
    """Of CSV:CODE_COLUMN:NAME_COLUMN; a path may hold colons too."""
    parts = text.rsplit(":", 2)
    if len(parts) != 3 or not all(parts):
        raise BadRequest(f"--names {text} must be CSV:CODE_COLUMN:NAME_COLUMN.")
    return Path(parts[0]), parts[1], parts[2]


def run(factory: SessionFactory, wanted: Wanted, *, city_name: str, step: Step = silent) -> Summary:
    """Makes the layer in one transaction: photos, areas and totals change together.

    Features that cannot be areas are in the summary, and so is how many photos lie in no area and
    in several. city_name: of the city, where this is the first layer. Raises BadFile for a file
    that makes no layer, NameTaken for a layer that is there unless it is to be replaced.
    """
    summary = Summary("features")
    if _KEY.fullmatch(wanted.layer) is None:
        raise BadRequest(
            f"{wanted.layer!r} cannot be the key of a layer: it takes up to 41 lower case letters "
            f"without accents, digits and `_`, and begins with a letter."
        )
    with factory() as session:
        there = session.get(Layer, wanted.layer) is not None
        if there and not wanted.replace:
            raise NameTaken(
                f"Layer {wanted.layer} is there already. Add --replace to load it anew, or name "
                f"another --layer."
            )
        names = _names(session, wanted)
    step("reading polygons", 0, None)
    rows = _rows(wanted, names, city_name, summary)
    if not rows:
        summary.write_rejected(wanted.path)
        reasons = ", ".join(f"{n} × {code}" for code, n in summary.reasons.items())
        raise BadFile(f"No feature of {wanted.path} can be an area ({reasons}).")
    step("giving photos their areas", 0, None)
    with factory.begin() as session:
        totals.lock_exclusive(session)
        if session.get(Layer, wanted.layer) is not None and wanted.replace:
            totals.drop_layer(session, wanted.layer)
        made = totals.load_layer(session, _layer(wanted), rows, city_name=city_name)
        _note_coverage(session, wanted.layer, len(rows), made, summary)
    summary.write_rejected(wanted.path)
    return summary


def _layer(wanted: Wanted) -> Layer:
    words = wanted.layer.replace("_", " ").capitalize()
    label_es = wanted.label_es or wanted.label_en or words
    return Layer(
        key=wanted.layer,
        label_es=label_es,
        label_en=wanted.label_en or label_es,
        source=wanted.source,
        licence=wanted.licence,
    )


def _names(session: Session, wanted: Wanted) -> dict[str, str]:
    names: dict[str, str] = {}
    if wanted.names_from is not None:
        areas.layer(session, wanted.names_from)
        query = select(Area.code, Area.name).where(Area.layer == wanted.names_from)
        names.update((code, name) for code, name in session.execute(query))
    if wanted.names is not None:
        path, code_column, name_column = wanted.names
        table = Table(path)
        table.require([code_column.lower(), name_column.lower()], "table of names")
        for row in table:
            code, name = (row.fields.get(c.lower(), "") for c in (code_column, name_column))
            if code and name:
                names[code] = name
    return names


def _rows(
    wanted: Wanted, names: Mapping[str, str], city_name: str, summary: Summary
) -> list[AreaRow]:
    frame = polygons.read(wanted.path, crs=wanted.crs, file_layer=wanted.file_layer)
    if wanted.where is not None:
        column, value = wanted.where
        frame = frame[frame[column] == value]
    code_column, dissolve = wanted.code_column, wanted.dissolve
    if wanted.layer == areas.CITY:
        frame = frame.assign(**{areas.CITY: areas.CITY})
        code_column, dissolve = areas.CITY, Dissolve(areas.CITY)
        names = {areas.CITY: city_name}
    elif code_column is None:
        if dissolve is None:
            raise BadRequest("Say which column holds the codes of the areas, with --code-column.")
        code_column = dissolve.column
    return polygons.rows(
        frame,
        wanted.path,
        code_column=code_column,
        name_column=wanted.name_column,
        dissolve=dissolve,
        names=names,
        summary=summary,
    )


def _note_coverage(
    session: Session, key: str, number: int, made: list[str], summary: Summary
) -> None:
    summary.notes.append(f"layer {key} has {number} areas now")
    found = areas.coverage(session, key)
    if found.photos:
        summary.notes.append(
            f"of {found.photos} photos {found.none} lie in no area of it, and {found.several} in "
            f"several, where the lowest code counts"
        )
    if areas.CITY in made and key != areas.CITY:
        summary.notes.append("the city is the union of these areas, since no layer was there")
