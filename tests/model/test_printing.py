from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

from model import printing

FIGURE = {"accuracy": 0.6543, "ci95": [0.61, 0.702], "votes": 1234}
METRICS: dict[str, dict[str, Any]] = {
    "safety": {
        **FIGURE,
        "three_way": {"accuracy": 0.5, "ci95": [0.4, 0.6], "votes": 1500, "ties": 266},
        "auc": {"auc": 0.713, "ci95": [0.68, 0.75], "votes": 1234},
        "tie_auc": 0.55,
        "one_photo_new": {"accuracy": None, "ci95": None, "votes": 12},
        "by_city": {"Lima": FIGURE, "Quito": {"accuracy": None, "ci95": None, "votes": 7}},
        "baselines": {"chance": {"accuracy": 0.5}, "colour_and_edges": None},
    }
}


def printed(table: Table | None) -> list[str]:
    """The cells of each row, without lines."""
    out = StringIO()
    Console(file=out, width=80).print(table)
    rows = [line.strip(" │┃").replace("┃", "│") for line in out.getvalue().splitlines()]
    return [" | ".join(cell.strip() for cell in row.split("│")) for row in rows]


def test_every_figure_stands_beside_its_interval_and_its_votes() -> None:
    rows = printed(printing.of_metrics(METRICS, "New photos"))
    assert rows[0] == "New photos"
    for row in (
        "safety | accuracy | 65.4 | 61.0 – 70.2 | 1,234",
        "one photo new | – | too few votes | 12",
        "with ties, three ways | 50.0 | 40.0 – 60.0 | 1,500",
        "AUC | 71.3 | 68.0 – 75.0 | 1,234",
        "AUC, ties by small differences | 55.0 |  | 1,500",
        "chance | 50.0",
    ):
        assert row in rows
    assert not any("colour" in row for row in rows)


def test_cities_with_few_votes_are_counted() -> None:
    rows = printed(printing.of_cities(METRICS))
    assert "safety | Lima | 65.4 | 61.0 – 70.2 | 1,234" in rows
    assert "1 more have too few votes for a figure." in rows
    assert printing.of_cities({"safety": METRICS["safety"] | {"by_city": {}}}) is None


def test_what_became_of_the_votes() -> None:
    counts = {"train": 1000, "validation": 0, "test": 20, "one-new": 3, "none": 0}
    dropped = {"dropped": {"repeats": 7}, "dropped_photos": {"repeats": 2}}
    rows = printed(printing.of_votes({"lively": counts | dropped}))
    assert "lively | both photos to train on | 1,000" in rows
    assert "to choose by | 0" in rows
    assert "dropped: repeats | 7 | 2" in rows
    assert not any("no part" in row for row in rows)
