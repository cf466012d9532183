"""What the person sees while photos are sent and at the end, and the table for a spreadsheet."""

import csv
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.cli.upload.api import VERDICTS, Json
from app.cli.upload.found import Left
from app.cli.upload.sending import Outcome
from app.untrusted import safe_cell

COLUMNS = ("path", "verdict", "reason", "warnings", "message", "photo_id")
NOT_SENT = "not-sent"
_SHOWN = 50
_WIDE = 200
"""Columns of a table in a file or a pipe."""


class Watch:
    """The bar of a running upload; on anything but a terminal it draws nothing."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, counts="")
        self._began = time.monotonic()

    def notice(self, outcome: Outcome) -> None:
        done = len(outcome.answers) + len(outcome.unread) + len(outcome.unsent)
        self._progress.update(self._task, completed=done, counts=self._counts(outcome))

    def _counts(self, outcome: Outcome) -> str:
        sent = len(outcome.answers) - outcome.known
        seconds = max(time.monotonic() - self._began, 0.001)
        counted = Counter(answer["verdict"] for answer in outcome.answers)
        parts = [f"{counted[verdict]} {verdict}" for verdict in VERDICTS if counted[verdict]]
        not_sent = len(outcome.unread) + len(outcome.unsent)
        parts += [f"{not_sent} not sent"] if not_sent else []
        return " · ".join([f"{sent / seconds:.1f} photos/s", *parts])


@contextmanager
def watching(total: int) -> Iterator[Watch]:
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Watch(progress, total)


def say(text: str) -> None:
    print(plain(text), file=sys.stderr)


def plain(text: str) -> str:
    """Without what a terminal would obey: names and sentences come from strangers."""
    return "".join(c for c in text if c.isprintable())


def summary(outcome: Outcome, left: Iterable[Left], seconds: float) -> list[str]:
    """A line for each verdict and reason."""
    sent = len(outcome.answers) - outcome.known
    rate = f", {sent / seconds:.1f} a second" if sent and seconds > 0 else ""
    before = f", {outcome.known} had arrived before" if outcome.known else ""
    lines = [f"{len(outcome.answers)} photos have a verdict: {sent} sent now{rate}{before}"]
    counted = Counter((answer["verdict"], answer["reason"] or "") for answer in outcome.answers)
    for verdict in VERDICTS:
        for (of, reason), number in sorted(counted.items()):
            if of == verdict:
                lines.append(
                    f"  {number} {verdict}" + (f", {reason}" if reason not in ("", verdict) else "")
                )
    warned = Counter(warning for answer in outcome.answers for warning in answer["warnings"])
    for warning, number in sorted(warned.items()):
        lines.append(f"  {number} with the warning {warning}")
    not_sent = Counter(item.reason for item in [*outcome.unread, *outcome.unsent, *left])
    lines += [f"  {number} {NOT_SENT}, {reason}" for reason, number in sorted(not_sent.items())]
    return lines


def refused(outcome: Outcome, left: Iterable[Left]) -> None:
    """Prints a table of the photos that did not become one, and why."""
    rows = [
        (answer["path"], answer["verdict"], answer["reason"] or "", answer["message"] or "")
        for answer in outcome.answers
        if answer["verdict"] == "rejected"
    ]
    rows += [
        (item.path, NOT_SENT, item.reason, item.message)
        for item in [*outcome.unread, *outcome.unsent, *(item for item in left if item.photo)]
    ]
    if not rows:
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    table = Table(box=None, header_style="bold")
    for column in ("file", "verdict", "reason", "why"):
        table.add_column(column, overflow="fold")
    for row in sorted(rows)[:_SHOWN]:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print(table)
    if len(rows) > _SHOWN:
        print(f"… and {len(rows) - _SHOWN} more; --verdicts FILE.csv has them all.")


def write(path: Path, outcome: Outcome, left: Iterable[Left]) -> None:
    """All verdicts as CSV, UTF-8 with a mark, which spreadsheets ask for."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for answer in sorted(outcome.answers, key=lambda answer: str(answer["path"])):
            table.writerow(map(safe_cell, _cells(answer)))
        for item in [*outcome.unread, *outcome.unsent, *left]:
            cells = (plain(item.path), NOT_SENT, item.reason, "", item.message, "")
            table.writerow(map(safe_cell, cells))


def _cells(answer: Json) -> Iterator[str]:
    for column in COLUMNS:
        value = answer[column]
        if isinstance(value, list):
            yield " ".join(map(str, value))
        else:
            yield "" if value is None else str(value)
