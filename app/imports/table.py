"""CSV files as people send them: read row by row, each problem named by its line."""

import codecs
import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from app.errors import BadFile
from app.tilegrid import MAX_LATITUDE_DEG

DELIMITERS = (",", ";", "\t")
MAX_FIELD = 100_000


class BadRow(Exception):
    """A row that is left out; `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Row:
    """line: where the row begins in the file, the header being line 1. fields: stripped.

    problem: why it cannot be read as a row of this table.
    """

    line: int
    fields: dict[str, str]
    problem: str | None = None

    @property
    def where(self) -> str:
        return f"line {self.line}"


class Table:
    """A CSV file with a header, in UTF-8 with or without a byte order mark.

    Raises BadFile for what is no such table at all: empty, binary, of another encoding, without a
    header. Columns are found whatever their case. Cells are text and never anything to run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Not str.splitlines, which also splits at characters that a cell may hold.
        self._lines = io.StringIO(_read(path)).readlines()
        self._delimiter = max(DELIMITERS, key=self._lines[0].count)
        header = next(csv.reader(self._lines[:1], delimiter=self._delimiter), [])
        self.columns = [name.strip() for name in header]
        lower = [name.lower() for name in self.columns]
        twice = {name for name in lower if name and lower.count(name) > 1}
        if twice:
            raise BadFile(f"{path} has two columns called {sorted(twice)[0]!r}. Rename one.")
        self._keys = lower
        if not any(line.strip(" \t\n,;") for line in self._lines[1:]):
            raise BadFile(f"{path} has no rows below its header.")

    def has(self, column: str) -> bool:
        return column in self._keys

    def others(self, known: Iterable[str]) -> list[str]:
        """Columns that nobody asked for, as they are written."""
        ignored = set(known)
        pairs = zip(self.columns, self._keys, strict=True)
        return [column for column, key in pairs if key not in ignored and column]

    def require(self, columns: Sequence[str], kind: str) -> None:
        missing = [column for column in columns if not self.has(column)]
        if missing:
            raise BadFile(
                f"{self.path} is no {kind}: the column {', '.join(missing)} is missing. "
                f"It has {', '.join(self.columns[:12]) or 'no columns'}."
            )

    def __len__(self) -> int:
        """Rows at most: a cell may hold line breaks, and empty lines are no rows."""
        return len(self._lines) - 1

    def __iter__(self) -> Iterator[Row]:
        """Empty lines are passed over. Keys of fields are lower case."""
        csv.field_size_limit(MAX_FIELD)
        start = 1
        while start < len(self._lines):
            rest = islice(self._lines, start, None)
            reader = csv.reader(rest, delimiter=self._delimiter, strict=True)
            base = start
            try:
                for cells in reader:
                    begin, start = start, base + reader.line_num
                    if any(cell.strip() for cell in cells):
                        yield self._row(begin + 1, cells)
                return
            except csv.Error as error:
                # A quote that is never closed swallows all lines after it, so they are read again.
                fields = {"unread": self._lines[start].strip()}
                yield Row(start + 1, fields, f"it cannot be read as CSV ({error})")
                start += 1

    def _row(self, line: int, cells: list[str]) -> Row:
        fields = dict(zip(self._keys, (cell.strip() for cell in cells), strict=False))
        if len(cells) == len(self._keys):
            return Row(line, fields)
        return Row(
            line, fields, f"it has {len(cells)} cells, but there are {len(self._keys)} columns"
        )


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadFile(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise BadFile(f"{path} is a folder, not a CSV file.") from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    if not data.strip():
        raise BadFile(f"{path} is empty.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadFile(f"{path} is UTF-16. Save it as “CSV UTF-8” and import it again.")
    if b"\x00" in data:
        raise BadFile(f"{path} is no CSV file: it is binary.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadFile(
            f"{path} is not UTF-8: line {line} has the byte 0x{data[error.start]:02X}, as "
            f"Latin-1 or Windows-1252 files have. Save it as “CSV UTF-8” and import it again."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def number(text: str, column: str) -> float:
    """Raises BadRow for what is no finite number."""
    try:
        value = float(text)
    except ValueError:
        hint = "; decimals are written with a point" if "," in text else ""
        raise BadRow("not-a-number", f"{column} is {text!r}, which is no number{hint}") from None
    if not math.isfinite(value):
        raise BadRow("not-a-number", f"{column} is {text!r}, which is no finite number")
    return value


def position(fields: dict[str, str]) -> tuple[float, float] | None:
    """(lat, lon) of WGS 84, None where both cells are empty. Raises BadRow for no place on Earth.

    0, 0 is refused: it is what programs write that know no position.
    """
    lat_text, lon_text = fields.get("lat", ""), fields.get("lon", "")
    if not lat_text and not lon_text:
        return None
    if not lat_text or not lon_text:
        raise BadRow("no-position", f"{'lat' if not lat_text else 'lon'} is empty")
    lat, lon = number(lat_text, "lat"), number(lon_text, "lon")
    if lat == 0 and lon == 0:
        raise BadRow("no-position", "lat and lon are both 0, which stands for no position")
    if abs(lat) > MAX_LATITUDE_DEG and abs(lat) <= 180 and abs(lon) <= MAX_LATITUDE_DEG:
        raise BadRow("impossible-position", f"lat {lat:g}, lon {lon:g} look swapped")
    if abs(lat) > MAX_LATITUDE_DEG or abs(lon) > 180:
        raise BadRow(
            "impossible-position",
            f"lat {lat:g}, lon {lon:g} is no place on the map (±{MAX_LATITUDE_DEG}, ±180)",
        )
    return lat, lon


def heading(text: str) -> float | None:
    """Degrees clockwise from north, 0 ≤ heading < 360; -90 and 450 are read as well."""
    if not text:
        return None
    value = number(text, "heading_deg")
    if abs(value) > 720:
        raise BadRow("bad-heading", f"heading_deg is {text}, which is no direction in degrees")
    return round(value % 360, 2) % 360


def moment(text: str) -> tuple[datetime, bool] | None:
    """The moment and whether its zone was written; without one it is read as UTC."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        written = read.tzinfo is not None
        zoned = read if written else read.replace(tzinfo=UTC)
        # Fails here rather than in the database, on a year that leaves the calendar in UTC.
        return zoned.astimezone(UTC), written
    except (ValueError, OverflowError):
        raise BadRow(
            "bad-time",
            f"captured_at is {text!r}, which is no ISO 8601 time such as 2024-05-31T16:20:00-04:00",
        ) from None


def slug(text: str) -> str:
    """A source as it stands in the tables: lower case, without accents, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._]+", "-", plain.lower()).strip("-")
