"""The log of a training: one CSV that spreadsheets and plotting libraries read."""

import csv
from collections.abc import Iterable
from pathlib import Path

COLUMNS = ("fit", "epoch", "step", "learning_rate", "train_loss", "validation_loss")

Row = tuple[str | int | float | None, ...]


class Journal:
    """Rows of one fit, appended to a file as they come; without a path, only kept.

    fit: the attribute, or `together`. epoch and step count from 1, steps through all epochs.
    train_loss: mean over the pairs of the epoch so far. validation_loss: at an epoch's end only.
    """

    def __init__(self, fit: str, path: Path | None) -> None:
        self.fit = fit
        self.path = path
        self.rows: list[Row] = []

    def restore(self, rows: Iterable[Row]) -> None:
        """Begin with these rows, whatever a killed process wrote after them."""
        self.rows = [tuple(row) for row in rows]
        if self.path is not None:
            write(self.path, self.rows)

    def add(
        self,
        epoch: int,
        step: int,
        learning_rate: float,
        train_loss: float,
        validation_loss: float | None = None,
    ) -> None:
        row = (self.fit, epoch, step, learning_rate, train_loss, validation_loss)
        self.rows.append(row)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(row)


def write(path: Path, rows: Iterable[Row]) -> None:
    """A whole log, with its header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
