"""Reading votes, from either distribution of Place Pulse 2.0 or a plain CSV.

A frame of votes has the columns `left`, `right` (photo keys, str), `winner` (+1 left, -1 right,
0 equal; int8) and `attribute` (str), in the order of the file.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from model.errors import VotesError

COLUMNS = ("left", "right", "winner", "attribute")
WINNERS = {"left": 1, "right": -1, "equal": 0}

# The attribute of each study in the distribution with `votes.tsv`.
STUDIES = {
    "50a68a51fdc9f05596000002": "safety",
    "50f62c41a84ea7c5fdd2e454": "lively",
    "50f62c68a84ea7c5fdd2e456": "boring",
    "50f62cb7a84ea7c5fdd2e458": "wealthy",
    "50f62ccfa84ea7c5fdd2e459": "depressing",
    "5217c351ad93a7d3e7b07a64": "beautiful",
}


@dataclass(frozen=True)
class Layout:
    """How one kind of file names the four columns.

    places: its columns with latitude and longitude of the left, then of the right photo.
    """

    left: str
    right: str
    winner: str
    attribute: str
    delimiter: str = ","
    attribute_names: Mapping[str, str] | None = None
    hexadecimal_ids: bool = False
    places: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, str, str, str]:
        return self.left, self.right, self.winner, self.attribute


LAYOUTS = (
    Layout(
        *("left_id", "right_id", "winner", "category"),
        places=("left_lat", "left_long", "right_lat", "right_long"),
    ),
    Layout("left", "right", "choice", "study_id", "\t", STUDIES, hexadecimal_ids=True),
    Layout("left", "right", "winner", "attribute"),
)


@dataclass(frozen=True)
class Votes:
    """`frame` as the module says; `rejected`: reason → rows that were not votes.

    places: what the file says of where photos are, as text, columns `photo`, `lat`, `lon`.
    `examples` holds up to three line numbers of the file per reason (1 is the header).
    """

    frame: pd.DataFrame
    places: pd.DataFrame
    rejected: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[int]] = field(default_factory=dict)


def read(path: Path) -> Votes:
    """Read `votes.csv` or `votes.tsv` of Place Pulse 2.0, or a plain CSV with `COLUMNS`.

    Further columns are ignored. A row that is not a vote is counted in `rejected` and the rest
    goes on; a file that is no votes file raises VotesError.
    """
    layout, names = _layout(path)
    with_places = bool(layout.places) and set(layout.places) <= set(names)
    raw, ragged = _read_text(path, layout, layout.places if with_places else ())
    renamed = raw[list(layout.columns)].set_axis(list(COLUMNS), axis=1)
    frame = renamed.apply(lambda column: column.str.strip())
    frame["line"] = _line_numbers(len(frame), ragged)
    frame = frame[(frame[list(COLUMNS)] != "").any(axis=1)]
    reasons = _reasons(frame, layout)
    rejected = Counter(reasons[reasons != ""])
    examples = {
        str(reason): [int(line) for line in frame.loc[reasons == reason, "line"].head(3)]
        for reason in rejected
    }
    if ragged:
        rejected["another number of columns than the header"] = len(ragged)
        examples["another number of columns than the header"] = ragged[:3]
    good = frame[reasons == ""]
    if good.empty:
        raise VotesError(f"{path} holds no votes{_because(rejected)}.")
    if layout.attribute_names is not None:
        good = good.assign(attribute=good["attribute"].map(dict(layout.attribute_names)))
    good = good.assign(winner=good["winner"].map(WINNERS).astype("int8"))
    places = _places(good, raw.loc[good.index, list(layout.places) if with_places else []])
    return Votes(good[list(COLUMNS)].reset_index(drop=True), places, dict(rejected), examples)


def _places(good: pd.DataFrame, columns: pd.DataFrame) -> pd.DataFrame:
    names = ["photo", "lat", "lon"]
    if columns.empty:
        return pd.DataFrame(columns=names)
    sides = [
        columns.iloc[:, at : at + 2].set_axis(names[1:], axis=1).assign(photo=good[side])
        for side, at in (("left", 0), ("right", 2))
    ]
    return pd.concat(sides)[names].drop_duplicates(ignore_index=True)


def _layout(path: Path) -> tuple[Layout, list[str]]:
    """The layout, and the names of all columns."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
    except FileNotFoundError:
        raise VotesError(f"There is no votes file {path}.") from None
    except IsADirectoryError:
        raise VotesError(f"{path} is a folder; name the votes file in it.") from None
    except UnicodeDecodeError:
        raise VotesError(f"{path} is not a UTF-8 text file; save the votes as UTF-8.") from None
    for layout in LAYOUTS:
        names = [name.strip().strip('"') for name in header.rstrip("\r\n").split(layout.delimiter)]
        if set(layout.columns) <= set(names):
            repeated = [name for name in layout.columns if names.count(name) > 1]
            if repeated:
                raise VotesError(f"{path} names the column {repeated[0]} twice.")
            return layout, names
    known = "; or ".join(", ".join(layout.columns) for layout in LAYOUTS)
    raise VotesError(
        f"{path} is not a votes file: its first line is {header.strip()[:120]!r}, "
        f"but a votes file has the columns {known}."
    )


def _read_text(
    path: Path, layout: Layout, further: tuple[str, ...]
) -> tuple[pd.DataFrame, list[int]]:
    """The four columns and `further` ones as text, and the lines of rows of another length."""
    ragged: list[int] = []
    columns = [*layout.columns, *further]

    def note(row: csv.InvalidRow) -> str:
        ragged.append(int(row.number))
        return "skip"

    try:
        table = csv.read_csv(
            path,
            # Row numbers are only known to a reader on one thread.
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(
                delimiter=layout.delimiter,
                invalid_row_handler=note,
                # Skipped lines would shift the numbers of those that follow.
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(
                include_columns=columns,
                column_types={name: pa.string() for name in columns},
            ),
        )
    except pa.ArrowInvalid as error:
        raise VotesError(f"{path} cannot be read as UTF-8 text in columns: {error}.") from None
    return table.to_pandas().fillna(""), ragged


def _line_numbers(rows: int, ragged: Collection[int]) -> list[int]:
    """Line numbers in the file of the rows that were kept: the header is line 1."""
    skipped = set(ragged)
    return [line for line in range(2, rows + len(skipped) + 2) if line not in skipped]


def _reasons(frame: pd.DataFrame, layout: Layout) -> pd.Series:
    """Why each row is no vote, "" where it is one; the first reason that applies."""
    no_photo = (frame["left"] == "") | (frame["right"] == "")
    if layout.hexadecimal_ids:
        for side in ("left", "right"):
            no_photo |= ~frame[side].str.fullmatch(r"[0-9a-f]{24}")
    known = layout.attribute_names
    no_attribute = (
        ~frame["attribute"].isin(list(known)) if known is not None else frame["attribute"] == ""
    )
    rules: dict[str, pd.Series] = {
        "no photo id on one side": no_photo,
        "a winner other than left, right or equal": ~frame["winner"].isin(list(WINNERS)),
        "no known attribute": no_attribute,
        "the same photo on both sides": frame["left"] == frame["right"],
    }
    reasons = pd.Series("", index=frame.index, dtype=object)
    for reason, holds in reversed(rules.items()):
        reasons[holds] = reason
    return reasons


def _because(rejected: Mapping[str, int]) -> str:
    if not rejected:
        return ""
    return " (" + "; ".join(f"{n} rows: {reason}" for reason, n in rejected.items()) + ")"
