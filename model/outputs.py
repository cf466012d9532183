"""A file of raw outputs, written as they come."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from model.decoding import chunks
from model.errors import ModelError
from model.features import Progress
from model.scoring import Scored

ROWS_AT_A_TIME = 1024

Row = dict[str, Any]


class Writer(Protocol):
    def __call__(self, rows: list[Row], /) -> None: ...


def write(
    path: Path,
    attributes: tuple[str, ...],
    photos: Iterable[Scored],
    total: int,
    progress: Progress,
) -> tuple[int, list[Scored]]:
    """Write `photo` and one column per attribute; the number of rows, and the unreadable photos.

    The file has its name only when it is whole; until then `.part` is added to it.
    """
    part = path.with_name(path.name + ".part")
    written, unreadable = 0, []
    with _writer(path, part, attributes) as append:
        for chunk in chunks(photos, ROWS_AT_A_TIME):
            rows = [{"photo": str(photo.id), **photo.raw} for photo in chunk if photo.raw]
            append(rows)
            written += len(rows)
            unreadable += [photo for photo in chunk if not photo.raw]
            progress("photos", written + len(unreadable), total)
    part.replace(path)
    return written, unreadable


@contextmanager
def _writer(path: Path, part: Path, attributes: tuple[str, ...]) -> Iterator[Writer]:
    if path.suffix == ".parquet":
        schema = pa.schema([("photo", pa.string()), *((key, pa.float64()) for key in attributes)])
        with pq.ParquetWriter(part, schema) as parquet:
            yield lambda rows: parquet.write_table(pa.Table.from_pylist(rows, schema))
    elif path.suffix == ".csv":
        with part.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, ["photo", *attributes], lineterminator="\n")
            table.writeheader()
            yield table.writerows
    else:
        raise ModelError(f"{path} must end in .csv or .parquet.")
