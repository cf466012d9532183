"""What a benchmark found, each figure with the bound that it should keep."""

import os

from rich.console import Console
from rich.table import Table


class Bounds:
    """Rows of (what, figure, bound, met), printed as one table with the machine's load."""

    def __init__(self, title: str) -> None:
        self.table = Table("measured", "figure", "bound", "", "note", title=title)
        self._load = os.getloadavg()[0]
        self.all_met = True

    def at_least(self, what: str, figure: float, bound: float, note: str = "") -> None:
        self._row(what, figure, f"≥ {bound:g}", figure >= bound, note)

    def at_most(self, what: str, figure: float, bound: float, note: str = "") -> None:
        self._row(what, figure, f"≤ {bound:g}", figure <= bound, note)

    def within(self, what: str, figure: float, bound: tuple[float, float], note: str = "") -> None:
        low, high = bound
        self._row(what, figure, f"{low:g} to {high:g}", low <= figure <= high, note)

    def told(self, what: str, figure: float, note: str = "") -> None:
        """A figure that has no bound."""
        self.table.add_row(what, _rounded(figure), "", "", note)

    def _row(self, what: str, figure: float, bound: str, is_met: bool, note: str) -> None:
        self.all_met &= is_met
        self.table.add_row(what, _rounded(figure), bound, "met" if is_met else "NOT met", note)

    def show(self) -> None:
        load = f"{self._load:.1f} before, {os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores"
        self.table.caption = f"load {load}; ratios are of one run, compare runs, not machines"
        Console(width=max(Console().width, 120)).print(self.table)


def _rounded(figure: float) -> str:
    return f"{figure:.2f}" if abs(figure) < 10 else f"{figure:,.0f}"
