"""Many rows at once: as bytes for COPY, and without keeping indexes up to date row by row."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.db import copy_in

Column = NDArray[Any] | bytes
"""Values of one width: an array of numbers, an array of bytes (dtype S), or one value for all."""


def insert(session: Session, table: str, columns: Mapping[str, Column]) -> None:
    """Appends rows. Numbers have the width of their column; no value is NULL."""
    n = next(len(values) for values in columns.values() if not isinstance(values, bytes))
    fields: list[tuple[str, Any]] = [("columns", ">i2")]
    arrays = {name: _big_endian(values) for name, values in columns.items()}
    for name, values in arrays.items():
        fields += [(f"{name} length", ">i4"), (name, values.dtype)]
    rows = np.empty(n, np.dtype(fields))
    rows["columns"] = len(columns)
    for name, values in arrays.items():
        rows[f"{name} length"] = values.dtype.itemsize
        rows[name] = values
    copy_in(session, table, list(columns), rows.tobytes())


def _big_endian(values: Column) -> NDArray[Any]:
    if isinstance(values, bytes):
        return np.array(values, f"S{len(values)}")
    return values if values.dtype.kind == "S" else values.astype(values.dtype.newbyteorder(">"))


def points(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bytes_]:
    """Points as PostGIS sends and takes them: EWKB with the SRID 4326."""
    form = np.dtype([("head", ">u1"), ("type", ">u4"), ("srid", ">u4"), ("xy", ">f8", 2)])
    rows = np.empty(len(lon), form)
    rows["head"], rows["type"], rows["srid"] = 0, 0x20000001, 4326
    rows["xy"][:, 0], rows["xy"][:, 1] = lon, lat
    return rows.view(f"V{form.itemsize}")


def numbered(numbers: NDArray[np.int64], digits: int) -> NDArray[np.bytes_]:
    """The numbers in so many decimal digits, zeros first."""
    powers = 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64)
    figures = (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return np.ascontiguousarray(figures).view(f"S{digits}").ravel()


_CONSTRAINTS = text("""
    SELECT conrelid::regclass AS of, conname AS name, pg_get_constraintdef(oid) AS definition,
           contype = 'f' AS refers
      FROM pg_constraint
     WHERE conrelid = ANY (CAST(CAST(:tables AS text[]) AS regclass[])) AND contype IN ('u', 'f')
     ORDER BY contype = 'f', conname
""")
_INDEXES = text("""
    SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition
      FROM pg_index
     WHERE indrelid = ANY (CAST(CAST(:tables AS text[]) AS regclass[]))
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
     ORDER BY 1
""")


@contextmanager
def without_indexes(session: Session, tables: Sequence[str]) -> Iterator[None]:
    """Takes away all indexes, unique and foreign keys of tables, and makes them anew at the end.

    Primary keys stay. Nobody else can use the tables until the transaction ends; where it fails,
    everything is as it was.
    """
    names = {"tables": list(tables)}
    constraints = session.execute(_CONSTRAINTS, names).all()
    for each in reversed(constraints):
        session.execute(text(f'ALTER TABLE {each.of} DROP CONSTRAINT "{each.name}"'))
    indexes = session.execute(_INDEXES, names).all()
    for each in indexes:
        session.execute(text(f"DROP INDEX {each.name}"))
    yield
    session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    for statement in (*_made_again(indexes), *_added_again(constraints)):
        session.execute(text(statement))


def _made_again(indexes: Sequence[Row[Any]]) -> Iterator[str]:
    return (each.definition for each in indexes)


def _added_again(constraints: Sequence[Row[Any]]) -> Iterator[str]:
    return (f'ALTER TABLE {c.of} ADD CONSTRAINT "{c.name}" {c.definition}' for c in constraints)
