"""What became of each row or file of an import, in numbers, in words and as a CSV file."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NAMED_ROWS = 10
"""How many rejected rows the summary names itself; the file has all of them."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """where: "line 7" of a table, the path of a file, "feature 3" of a layer; for people.

    code: stable, to count by. row: the fields as they were read, to be put right and imported.
    """

    where: str
    code: str
    message: str
    row: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Summary:
    """accepted, duplicates and rejected make up all rows and files that were looked at."""

    what: str
    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rejected_file: Path | None = None

    def reject(
        self, where: str, code: str, message: str, row: Mapping[str, str] | None = None
    ) -> None:
        self.rejected.append(Rejected(where, code, message, row or {}))

    @property
    def reasons(self) -> dict[str, int]:
        """How often each code, the most frequent first."""
        return dict(Counter(each.code for each in self.rejected).most_common())

    def lines(self) -> list[str]:
        """For a terminal, and for a log."""
        said = [
            f"{self.what}: {self.accepted} accepted, {self.duplicates} duplicate, "
            f"{len(self.rejected)} rejected"
        ]
        said += [f"  rejected, {code}: {number}" for code, number in self.reasons.items()]
        said += [f"  {each.where}: {each.message}" for each in self.rejected[:NAMED_ROWS]]
        if len(self.rejected) > NAMED_ROWS:
            said.append(f"  … and {len(self.rejected) - NAMED_ROWS} more")
        if self.rejected_file is not None:
            said.append(f"  all rejected rows: {self.rejected_file}")
        return said + [f"  note: {note}" for note in self.notes]

    def write_rejected(self, beside: Path) -> None:
        """Writes `<name>.rejected.csv` beside what was imported; nothing where nothing is rejected.

        Where that folder cannot be written to, the file goes to the current one.
        """
        if not self.rejected:
            return
        name = f"{beside.name if beside.is_dir() else beside.stem}.rejected.csv"
        for folder in (beside.resolve().parent, Path.cwd()):
            try:
                self._write(folder / name)
            except OSError:
                continue
            self.rejected_file = folder / name
            return
        self.notes.append("the file of the rejected rows could not be written anywhere")

    def _write(self, path: Path) -> None:
        columns = _columns(each.row for each in self.rejected)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["rejected_where", "rejected_code", "rejected_reason", *columns])
            for each in self.rejected:
                fields = [each.row.get(column, "") for column in columns]
                writer.writerow([each.where, each.code, each.message, *fields])


def _columns(rows: Iterable[Mapping[str, str]]) -> Sequence[str]:
    """All columns of all rows, in the order in which they first come."""
    return list(dict.fromkeys(column for row in rows for column in row))
