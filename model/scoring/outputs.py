"""A file of the raw outputs of a folder of photos, written in runs that may be killed."""

import csv
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import ModelError
from model.learning.features import Progress
from model.photos.decoding import chunks
from model.photos.listing import Listed, Listing, printable
from model.releases import manifest
from model.releases.release import Release
from model.scoring.parts import Parts, Row
from model.scoring.scorer import Item, Scored, Scorer

# A killed run loses at most what fills one part.
ROWS_A_PART = 4096
SECONDS_A_PART = 30.0
ROWS_AT_A_TIME = 8192
SHOWN = 20

REASONS = ("photo", "file", "code", "reason")


class Writer(Protocol):
    def __call__(self, rows: list[Row], /) -> None: ...


@dataclass(frozen=True)
class Written:
    """photos: rows in the file; before: those of earlier runs among them.

    unreadable: photos that have no row. All of them are in the file `reasons`, which is written
    where there are any; the first `SHOWN` are in `examples`, as sentences.
    """

    photos: int
    before: int
    unreadable: int
    examples: list[str]
    reasons: Path


def write(
    out: Path,
    folder: Path,
    scorer: Scorer,
    progress: Progress,
    *,
    rows_a_part: int = ROWS_A_PART,
    seconds_a_part: float = SECONDS_A_PART,
) -> Written:
    """Score all photos under `folder` into `out`: `photo` and one column per attribute, by photo.

    `<out>.parts` holds what is finished until `out` is whole; a run that finds it goes on from
    there. Then photos that are new in the folder are scored, those that are gone have no row, and
    unreadable ones are tried again.
    """
    columns = [(key, pa.float64()) for key in scorer.attributes]
    schema = pa.schema([("photo", pa.string()), *columns])
    _refuse(out)
    identity = _identity(scorer.release, folder)
    with Parts(out.with_name(out.name + ".parts"), schema, identity) as parts:
        listing = Listing(folder, parts.folder / "photos.jsonl")
        run = _Run(scorer, listing, parts, progress)
        run.score(rows_a_part, seconds_a_part)
        whole = parts.folder / f"whole{out.suffix}"
        number = _join(whole, schema, listing, parts.rows())
        reasons = out.with_suffix(".unreadable.csv")
        if run.unreadable:
            run.reasons.replace(reasons)
        else:
            reasons.unlink(missing_ok=True)
        whole.replace(out)
        parts.remove()
    return Written(number, run.before, run.unreadable, run.examples, reasons)


def _refuse(out: Path) -> None:
    if out.suffix not in (".csv", ".parquet"):
        raise ModelError(f"{out} must end in .csv or .parquet.")
    if out.exists():
        raise ModelError(f"{out} is there already; delete it, or choose another file to write to.")
    if not out.parent.is_dir():
        raise ModelError(f"There is no folder {out.parent} to write {out.name} to; make it first.")


def _identity(release: Release, folder: Path) -> dict[str, str]:
    # It names the hashes of all weights.
    described = (release.folder / manifest.FILE).read_bytes()
    return {
        "release": release.name,
        "SHA-256": hashlib.sha256(described).hexdigest(),
        "photos": printable(str(folder.resolve())),
    }


class _Run:
    """Scores what earlier runs have not, and counts what became of it."""

    def __init__(self, scorer: Scorer, listing: Listing, parts: Parts, progress: Progress) -> None:
        self._scorer = scorer
        self._listing = listing
        self._parts = parts
        self._progress = progress
        self.before = self.scored = self.unreadable = 0
        self.examples: list[str] = []
        self.reasons = parts.folder / "unreadable.csv"

    def score(self, rows_a_part: int, seconds_a_part: float) -> None:
        rows: list[Row] = []
        begun = time.monotonic()
        with self.reasons.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(REASONS)
            try:
                for photo in self._scorer.score(self._todo()):
                    if photo.raw is None:
                        table.writerow(self._unreadable(photo))
                    else:
                        rows.append({"photo": cast(Listed, photo.id)[0], **photo.raw})
                        self.scored += 1
                    self._tell()
                    late = time.monotonic() - begun > seconds_a_part
                    if rows and (late or len(rows) >= rows_a_part):
                        self._parts.add(rows)
                        rows, begun = [], time.monotonic()
            finally:
                # Also when the user interrupts it.
                if rows:
                    self._parts.add(rows)

    def _todo(self) -> Iterator[Item]:
        done = (row["photo"] for row in self._parts.rows())
        for entry, is_done in _compared(self._listing, itemgetter(0), done):
            if is_done:
                self.before += 1
            else:
                yield entry, entry[1]
        self._tell()

    def _tell(self) -> None:
        done = self.before + self.scored + self.unreadable
        self._progress("photos", done, self._listing.number)

    def _unreadable(self, photo: Scored) -> list[str]:
        key, path = cast(Listed, photo.id)
        self.unreadable += 1
        reason = printable(photo.error or "")
        if len(self.examples) < SHOWN:
            self.examples.append(f"{key}: {reason}")
        return [key, printable(str(path)), photo.code or "", reason]


def _join(path: Path, schema: pa.Schema, listing: Listing, rows: Iterator[Row]) -> int:
    """Write the rows of photos that are in the listing; their number."""
    keys = (key for key, _ in listing)
    present = (row for row, is_there in _compared(rows, itemgetter("photo"), keys) if is_there)
    number = 0
    with _writer(path, schema) as append:
        for chunk in chunks(present, ROWS_AT_A_TIME):
            append(chunk)
            number += len(chunk)
    return number


def _compared(
    items: Iterable[Any], key: Callable[[Any], str], keys: Iterator[str]
) -> Iterator[tuple[Any, bool]]:
    """Each item, and whether its key is among `keys`; both are sorted, and read as needed."""
    other = next(keys, None)
    for item in items:
        while other is not None and other < key(item):
            other = next(keys, None)
        yield item, other == key(item)


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[Writer]:
    if path.suffix == ".parquet":
        with pq.ParquetWriter(path, schema) as parquet:
            yield lambda rows: parquet.write_table(pa.Table.from_pylist(rows, schema))
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, schema.names, lineterminator="\n")
            table.writeheader()
            yield table.writerows
