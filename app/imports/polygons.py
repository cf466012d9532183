"""Polygons out of whatever file they come in, valid, in WGS 84, one for each code.

geopandas takes a second to import, so it is imported by the functions that need it.
"""

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import GeometryCollection, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from app.areas import AreaRow
from app.errors import BadFile, BadRequest
from app.imports.summary import Summary
from app.imports.table import BadRow

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

PARQUET = frozenset({".parquet", ".geoparquet", ".pq"})
NAMED = 5
"""How many repaired or nameless areas a note names."""


@dataclass(frozen=True)
class Dissolve:
    """Features that share the first `length` characters of a column become one area."""

    column: str
    length: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Dissolve":
        column, colon, length = text.rpartition(":")
        if not colon or not length.isdecimal():
            return cls(text)
        if int(length) == 0 or not column:
            raise BadRequest(f"--dissolve {text} must be COLUMN or COLUMN:N with N from 1 on.")
        return cls(column, int(length))

    def code(self, value: str) -> str:
        if self.length is not None and len(value) < self.length:
            raise BadRow("bad-code", f"{self.column} {value!r} is shorter than {self.length}")
        return value[: self.length]


def read(path: Path, *, crs: str | None = None, file_layer: str | None = None) -> "GeoDataFrame":
    """All features in WGS 84. Raises BadFile for no map file, or one whose place is not known.

    crs: for a file that names none, or a wrong one. file_layer: which of several in a GeoPackage.
    """
    frame = _read(path, file_layer)
    if len(frame) == 0:
        raise BadFile(f"{path} has no features.")
    frame = _with_crs(frame, path, crs)
    west, south, east, north = frame.total_bounds
    if not math.isfinite(west) or west < -180.01 or east > 180.01 or south < -90 or north > 90:
        raise BadFile(
            f"The coordinates of {path} lie beyond the Earth in the reference system that it "
            f"names. Say which one it is really in, for example --crs EPSG:32719."
        )
    return frame


def _read(path: Path, file_layer: str | None) -> "GeoDataFrame":
    import geopandas
    import pyogrio

    if not path.exists():
        raise BadFile(f"There is no file {path}.")
    try:
        if path.suffix.lower() in PARQUET:
            return geopandas.read_parquet(path)
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        if file_layer is None and len(names) > 1:
            raise BadFile(
                f"{path} holds several layers: {', '.join(names)}. Name one with --file-layer."
            )
        with warnings.catch_warnings():
            # Of the driver, about details of the format; what is wrong with a shape is found later.
            warnings.simplefilter("ignore", RuntimeWarning)
            frame = geopandas.read_file(path, layer=file_layer or names[0])
    except BadFile:
        raise
    except Exception as error:  # each format has errors of its own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadFile(f"{path} cannot be read as a map file: {reason}") from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise BadFile(f"{path} is a table without geometries.")
    return frame


def _with_crs(frame: "GeoDataFrame", path: Path, crs: str | None) -> "GeoDataFrame":
    from pyproj.exceptions import CRSError

    if crs is None and frame.crs is None:
        west, south, east, north = frame.total_bounds
        degrees = abs(west) <= 180 and abs(east) <= 180 and abs(south) <= 90 and abs(north) <= 90
        hint = (
            "its coordinates look like longitude and latitude, which is --crs EPSG:4326"
            if degrees
            else "its coordinates are no degrees; UTM zone 19 south is --crs EPSG:32719"
        )
        raise BadFile(f"{path} does not say its reference system ({hint}). Name it with --crs.")
    try:
        if crs is not None:
            frame = frame.set_crs(crs, allow_override=True)
        return frame.to_crs("EPSG:4326")
    except CRSError:
        raise BadRequest(f"--crs {crs} is no reference system; EPSG:32719 would be one.") from None


def rows(
    frame: "GeoDataFrame",
    path: Path,
    *,
    code_column: str,
    name_column: str | None,
    dissolve: Dissolve | None,
    names: Mapping[str, str],
    summary: Summary,
) -> list[AreaRow]:
    """One area a code; what cannot be one goes to the summary as “feature n”, counted from 1.

    names: by code, before those of the file. An area without any name is called by its code.
    """
    _require(frame, path, [code_column, name_column, dissolve.column if dissolve else None])
    parts: dict[str, list[MultiPolygon]] = {}
    own_names: dict[str, set[str]] = {}
    repaired: list[str] = []
    column = dissolve.column if dissolve else code_column
    for index, (value, geometry) in enumerate(
        zip(frame[column], frame.geometry, strict=True), start=1
    ):
        name = _text(frame[name_column].iloc[index - 1]) if name_column else ""
        fields = {column: _text(value), "name": name}
        try:
            code = _code(_text(value), column, dissolve)
            shape, repair = polygons(geometry)
        except BadRow as problem:
            summary.reject(f"feature {index}", problem.code, str(problem), fields)
            continue
        if repair is not None:
            repaired.append(f"{_text(value)} ({repair})")
        parts.setdefault(code, []).append(shape)
        if name:
            own_names.setdefault(code, set()).add(name)
    summary.accepted = sum(len(shapes) for shapes in parts.values())
    if dissolve is None:
        _refuse_twice(parts, path, code_column)
    _note(summary, repaired, "geometries were repaired")
    found = _named(parts, own_names, names, summary)
    return [AreaRow(code, found[code], _union(shapes)) for code, shapes in sorted(parts.items())]


def _require(frame: "GeoDataFrame", path: Path, columns: Iterable[str | None]) -> None:
    there = [str(name) for name in frame.columns if name != frame.geometry.name]
    for column in columns:
        if column is not None and column not in there:
            raise BadFile(f"{path} has no column {column!r}. It has {', '.join(there) or 'none'}.")


def _text(value: Any) -> str:
    """A cell as text; whole numbers without the .0 that gaps in a column give them."""
    if value is None or value != value or str(value) in ("<NA>", "NaT"):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _code(value: str, column: str, dissolve: Dissolve | None) -> str:
    if not value:
        raise BadRow("bad-code", f"{column} is empty")
    return dissolve.code(value) if dissolve else value


def polygons(geometry: BaseGeometry | None) -> tuple[MultiPolygon, str | None]:
    """The polygons of a geometry, valid and flat; what was wrong with it, if it was repaired.

    Raises BadRow where no polygon can be made of it.
    """
    if geometry is None or geometry.is_empty:
        raise BadRow("empty-geometry", "it has no geometry")
    flat = shapely.force_2d(geometry)
    # Not the bounds, which pass over NaN.
    if not np.isfinite(shapely.get_coordinates(flat)).all():
        raise BadRow("invalid-geometry", "it has a coordinate that is no number")
    if not isinstance(flat, Polygon | MultiPolygon | GeometryCollection):
        raise BadRow("not-a-polygon", f"it is a {flat.geom_type}, not a polygon")
    problem = None
    if not flat.is_valid:
        problem = shapely.is_valid_reason(flat).split("[")[0]
        flat = shapely.make_valid(flat)
    whole = _only_polygons(flat)
    if whole.is_empty:
        reason = f"it is invalid ({problem})" if problem else f"it is a {flat.geom_type}"
        raise BadRow("invalid-geometry", f"{reason}, and no polygon can be made of it")
    return whole, problem


def _only_polygons(geometry: BaseGeometry) -> MultiPolygon:
    """Without the lines and points that a repair or a union may leave."""
    parts = [part for part in shapely.get_parts(geometry) if not part.is_empty]
    inner = [each for part in parts for each in shapely.get_parts(part)]
    return MultiPolygon([each for each in inner if isinstance(each, Polygon) and each.area > 0])


def _union(shapes: list[MultiPolygon]) -> MultiPolygon:
    return shapes[0] if len(shapes) == 1 else _only_polygons(shapely.union_all(shapes))


def _refuse_twice(parts: Mapping[str, list[MultiPolygon]], path: Path, code_column: str) -> None:
    twice = {code: len(shapes) for code, shapes in parts.items() if len(shapes) > 1}
    if twice:
        code, times = next(iter(twice.items()))
        raise BadFile(
            f"{len(twice)} codes stand in several features of {path} (the first is {code!r}, "
            f"{times} times). If these are parts of one area, add --dissolve {code_column}; "
            f"otherwise name another --code-column."
        )


def _named(
    parts: Mapping[str, list[MultiPolygon]],
    own: Mapping[str, set[str]],
    given: Mapping[str, str],
    summary: Summary,
) -> dict[str, str]:
    """A name for each code. Dissolved features that are called differently give none."""
    found = {}
    nameless = []
    for code in sorted(parts):
        own_names = own.get(code, set())
        name = given.get(code) or (next(iter(own_names)) if len(own_names) == 1 else "")
        if not name:
            nameless.append(code)
        found[code] = name or code
    _note(summary, nameless, "areas have no name of their own and are called by their code")
    return found


def _note(summary: Summary, listed: list[str], words: str) -> None:
    if listed:
        named = ", ".join(listed[:NAMED]) + (" …" if len(listed) > NAMED else "")
        summary.notes.append(f"{len(listed)} {words}: {named}")
