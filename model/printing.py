"""What became of votes, and figures, as tables for a terminal. No torch here."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

USES = {
    "train": "both photos to train on",
    "validation": "to choose by",
    "test": "both photos new",
    "one-new": "one photo new",
    "none": "a photo in no part",
}
# Key of the metrics → what stands beside it; the keys of a figure within it differ.
_FIGURES = (
    ("one_photo_new", "accuracy", "one photo new"),
    ("three_way", "accuracy", "with ties, three ways"),
    ("auc", "auc", "AUC"),
    ("rater_agreement", "agreement", "raters agree with each other"),
    ("rank_correlation", "spearman", "rank correlation, TrueSkill"),
)
_BASELINES = {
    "colour_and_edges": "colour and edges alone",
    "always_left": "always left",
    "chance": "chance",
}


def of_votes(described: Mapping[str, Mapping[str, Any]]) -> Table:
    """described: attribute → what `model.votes.material.describe` says of it."""
    table = Table("attribute", "votes", "number", "of photos", title="Votes")
    for column in table.columns[2:]:
        column.justify = "right"
    for attribute, counts in described.items():
        name = attribute
        for use, words in USES.items():
            if counts[use] or use != "none":
                table.add_row(name, words, f"{counts[use]:,}", "")
                name = ""
        for rule, number in counts["dropped"].items():
            photos = counts["dropped_photos"][rule]
            table.add_row("", f"dropped: {rule}", f"{number:,}", f"{photos:,}")
        table.add_section()
    return table


def of_metrics(metrics: Mapping[str, Mapping[str, Any]], title: str) -> Table:
    """Every figure of every attribute with its 95 % interval and the votes it is based on."""
    table = _figures(title, "attribute", "figure")
    for attribute, figures in metrics.items():
        name = attribute
        for words, figure, key in _rows(figures):
            table.add_row(name, words, *_cells(figure, key))
            name = ""
        table.add_section()
    return table


def of_cities(metrics: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Accuracy by city, for cities with votes enough; None where there is no such city."""
    table = _figures("Accuracy on votes with a side in the city", "attribute", "city")
    few = 0
    for attribute, figures in metrics.items():
        for city, figure in figures.get("by_city", {}).items():
            if figure["accuracy"] is None:
                few += 1
            else:
                table.add_row(attribute, city, *_cells(figure, "accuracy"))
    table.caption = f"{few} more have too few votes for a figure." if few else None
    return table if table.row_count else None


def _figures(title: str, *names: str) -> Table:
    table = Table(*names, "× 100", "95 % interval", "votes", title=title)
    for column in table.columns[2:]:
        column.justify = "right"
    return table


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Words, the figure, and the key of its value."""
    yield "accuracy", figures, "accuracy"
    for part, key, words in _FIGURES:
        if part in figures:
            yield words, figures[part], key
    ties = {
        "auc": figures["tie_auc"],
        "ci95": figures.get("tie_auc_ci95"),
        "votes": figures["three_way"]["votes"],
    }
    yield "AUC, ties by small differences", ties, "auc"
    for part, words in _BASELINES.items():
        if figures.get("baselines", {}).get(part) is not None:
            yield words, figures["baselines"][part], "accuracy"


def _cells(figure: Mapping[str, Any], key: str) -> tuple[str, str, str]:
    value, interval = figure[key], figure.get("ci95")
    votes = f"{figure['votes']:,}" if "votes" in figure else ""
    if value is None:
        return "–", "too few votes", votes
    return (
        f"{100 * value:.1f}",
        "" if interval is None else f"{100 * interval[0]:.1f} – {100 * interval[1]:.1f}",
        votes,
    )
