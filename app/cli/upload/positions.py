"""Which row of a manifest is for which file; the server has the last word on held ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.untrusted import clean_path

Row = Mapping[str, Any]
"""filename, lat, lon, heading_deg and captured_at, as the server has read them."""


class Positions:
    def __init__(self) -> None:
        self._by_path: dict[str, Row] = {}
        self._by_name: dict[str, Row | None] = {}

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            path = clean_path(row["filename"])
            if path not in self._by_path:
                self._by_path[path] = row
                name = _name(path)
                self._by_name[name] = None if name in self._by_name else row

    def of(self, path: str) -> dict[str, str]:
        """The fields of the form: of the row of this path, else of the only row of this name.

        Then one path has to be the end of the other, as `a.jpg` of `calle/a.jpg`.
        """
        path = clean_path(path)
        row = self._by_path.get(path)
        if row is None:
            row = self._by_name.get(_name(path))
            if row is None or not _is_end(clean_path(row["filename"]), path):
                return {}
        fields = ("lat", "lon", "heading_deg", "captured_at")
        return {field: str(row[field]) for field in fields if row.get(field) is not None}


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_end(one: str, other: str) -> bool:
    return f"/{one}".endswith(f"/{other}") or f"/{other}".endswith(f"/{one}")
