"""What a form or a manifest says of a photo's place and time, read by the rules of imports."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from app.batches import File, Placement
from app.batches.shapes import ProblemOut
from app.errors import BadFile
from app.imports.table import BadRow, Table, heading, moment, position

COLUMNS = ("filename", "lat", "lon", "heading_deg", "captured_at")


def file(path: str, data: bytes, fields: Mapping[str, str]) -> File:
    """A file with what the form says of it; a position that is none is kept as a problem."""
    found = File(path, data)
    try:
        place = position(dict(fields))
        if place is not None:
            found = replace(found, lat=place[0], lon=place[1])
        return replace(found, heading_deg=_heading(fields), captured_at=_moment(fields))
    except BadRow as error:
        return replace(found, lat=None, lon=None, problem=(error.code, f"{error}."))


def manifest(data: bytes, name: str) -> tuple[list[Placement], list[ProblemOut]]:
    """The rows that place a photo, and what is wrong with the others.

    Raises BadFile for what is no manifest at all.
    """
    placements: list[Placement] = []
    problems: list[ProblemOut] = []
    seen: dict[str, int] = {}
    for line, fields, problem in _rows(data, name):
        filename = fields.get("filename", "")
        try:
            if problem is not None:
                raise BadRow("bad-row", problem)
            if not filename:
                raise BadRow("no-filename", "filename is empty")
            if filename in seen:
                raise BadRow("repeated", f"{filename} stands in line {seen[filename]} already")
            place = position(fields)
            if place is None:
                raise BadRow("no-position", "lat and lon are empty")
            placements.append(
                Placement(filename, *place, _heading(fields), _moment(fields)),
            )
            seen[filename] = line
        except BadRow as error:
            where = f"line {line}" + (f", {filename}" if filename else "")
            problems.append(ProblemOut(where=where, reason=error.code, message=f"{error}."))
    return placements, problems


def _rows(data: bytes, name: str) -> Iterator[tuple[int, dict[str, str], str | None]]:
    with tempfile.TemporaryDirectory(prefix="mirada-manifest-") as folder:
        path = Path(folder) / "manifest.csv"
        path.write_bytes(data)
        try:
            table = Table(path)
            table.require(("filename", "lat", "lon"), "manifest")
            for row in table:
                yield row.line, row.fields, row.problem
        except BadFile as error:
            raise BadFile(str(error).replace(str(path), name)) from None


def _heading(fields: Mapping[str, str]) -> float | None:
    return heading(fields.get("heading_deg", ""))


def _moment(fields: Mapping[str, str]) -> datetime | None:
    found = moment(fields.get("captured_at", ""))
    return None if found is None else found[0]
