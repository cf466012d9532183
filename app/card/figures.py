"""How often a release is right: the tables of its metrics."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.card.parts import Block, Notice, Paragraph, Section, Table
from app.card.reading import Manifest, at, in_order, interval, number, table
from app.card.words import Words

AUTHORS = {
    "safety": 0.640,
    "lively": 0.634,
    "boring": 0.611,
    "wealthy": 0.663,
    "depressing": 0.643,
    "beautiful": 0.680,
}
"""Published for Place Pulse 2.0: single untied votes, photos shared between the parts."""

SUSPECT = 0.75
MINIMUM_VOTES = 300

Metrics = Mapping[str, Mapping[str, Any]]
Cell = Callable[[Mapping[str, Any]], str]


def section(manifest: Manifest, words: Words) -> Section | None:
    """Accuracy beside that of the authors, of simpler rules, and of people."""
    metrics = _metrics(manifest)
    if not metrics:
        return None
    blocks: list[Block] = [Paragraph(words("accuracy.lead")), _accuracy(metrics, words)]
    blocks += _remarks(manifest, metrics, words)
    blocks += _tables((_beside, _agreement), metrics, words)
    return Section("accuracy", words("accuracy.title"), tuple(blocks))


def more(manifest: Manifest, words: Words) -> Section | None:
    """What else was measured."""
    blocks = _tables((_one_new, _ties, _auc, _rank), _metrics(manifest), words)
    return Section("more", words("more.title"), tuple(blocks), folded=True) if blocks else None


def _metrics(manifest: Manifest) -> Metrics:
    found = table(manifest, "metrics").items()
    return {key: figures for key, figures in found if isinstance(figures, Mapping)}


def _tables(
    makers: Iterable[Callable[[Metrics, Words], Table | None]], metrics: Metrics, words: Words
) -> list[Block]:
    return [made for make in makers if (made := make(metrics, words)) is not None]


def share(words: Words, figure: Any, name: str = "accuracy") -> str:
    """`71,0 % (68,0–74,0)`, or that there are too few votes."""
    value, around = number(figure, name), interval(figure, "ci95")
    if value is None:
        return words("few")
    if around is None:
        return words.percent(value)
    low, high = (words.number(100 * end) for end in around)
    return f"{words.percent(value)} ({low}–{high})"


def unit(words: Words, figure: Any, name: str) -> str:
    """`0,71 (0,68–0,74)`, of a figure that is no share."""
    value, around = number(figure, name), interval(figure, "ci95")
    if value is None:
        return words("few")
    text = f"{value:.2f}"
    if around is not None:
        text += f" ({around[0]:.2f}–{around[1]:.2f})"
    return text.replace(".", ",") if words.language == "es" else text


def per_attribute(
    metrics: Metrics, words: Words, part: str, caption: str, columns: Mapping[str, Cell]
) -> Table | None:
    """A row for each attribute that has the part; none where no attribute has it."""
    rows = []
    for key in in_order(metrics):
        figure = at(metrics[key], part)
        if isinstance(figure, Mapping):
            rows.append((words.attribute(key), *(cell(figure) for cell in columns.values())))
    if not rows:
        return None
    return Table(words(caption), (words("accuracy.attribute"), *map(words, columns)), tuple(rows))


def _accuracy(metrics: Metrics, words: Words) -> Table:
    rows = tuple(
        (
            words.attribute(key),
            share(words, metrics[key]),
            words.count(at(metrics[key], "votes")),
            words.percent(AUTHORS[key]) if key in AUTHORS else words("none"),
        )
        for key in in_order(metrics)
    )
    head = ("attribute", "right", "votes", "authors")
    return Table(words("accuracy.caption"), tuple(words(f"accuracy.{name}") for name in head), rows)


def _remarks(manifest: Manifest, metrics: Metrics, words: Words) -> list[Block]:
    demo = at(manifest, "demo") is True
    protocol = words("accuracy.protocol")
    if demo:
        protocol += " " + words("accuracy.protocol.demo")
    blocks: list[Block] = [
        Paragraph(protocol),
        Paragraph(words("accuracy.interval", minimum=minimum_votes(manifest)), quiet=True),
    ]
    high = [
        words.attribute(key)
        for key in in_order(metrics)
        if (number(metrics[key], "accuracy") or 0) > SUSPECT
    ]
    if high and not demo:
        blocks.insert(0, Notice(words("accuracy.high", attributes=", ".join(high))))
    return blocks


def _beside(metrics: Metrics, words: Words) -> Table | None:
    """The rankers and the baselines, on the same votes."""
    both = {
        key: {"both": {"own": figures, **table(figures, "baselines")}}
        for key, figures in metrics.items()
        if table(figures, "baselines")
    }
    columns: dict[str, Cell] = {
        "baselines.own": lambda figure: share(words, at(figure, "own")),
        "baselines.colours": lambda figure: share(words, at(figure, "colour_and_edges")),
        "baselines.left": lambda figure: share(words, at(figure, "always_left")),
        "baselines.chance": lambda figure: share(words, at(figure, "chance")),
    }
    return per_attribute(both, words, "both", "baselines.caption", columns)


def _agreement(metrics: Metrics, words: Words) -> Table | None:
    columns: dict[str, Cell] = {
        "agreement.agree": lambda figure: share(words, figure, "agreement"),
        "agreement.ceiling": lambda figure: _ceiling(words, figure),
        "agreement.pairs": lambda figure: words.count(at(figure, "pairs")),
        "accuracy.votes": lambda figure: words.count(at(figure, "votes")),
    }
    return per_attribute(metrics, words, "rater_agreement", "agreement.caption", columns)


def _ceiling(words: Words, figure: Mapping[str, Any]) -> str:
    ends = interval(figure, "ceiling")
    if ends is None:
        return words("none")
    return f"{words.number(100 * ends[0])}–{words.percent(ends[1])}"


def _one_new(metrics: Metrics, words: Words) -> Table | None:
    columns: dict[str, Cell] = {
        "accuracy.right": lambda figure: share(words, figure),
        "accuracy.votes": lambda figure: words.count(at(figure, "votes")),
    }
    return per_attribute(metrics, words, "one_photo_new", "one_new.caption", columns)


def _ties(metrics: Metrics, words: Words) -> Table | None:
    both = {
        key: {"ties": {"tied": _tied(figures), **table(figures, "three_way")}}
        for key, figures in metrics.items()
        if table(figures, "three_way")
    }
    columns: dict[str, Cell] = {
        "ties.right": lambda figure: share(words, figure),
        "ties.auc": lambda figure: unit(words, at(figure, "tied"), "auc"),
        "ties.ties": lambda figure: words.count(at(figure, "ties")),
        "accuracy.votes": lambda figure: words.count(at(figure, "votes")),
    }
    return per_attribute(both, words, "ties", "ties.caption", columns)


def _tied(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {"auc": at(figures, "tie_auc"), "ci95": at(figures, "tie_auc_ci95")}


def _auc(metrics: Metrics, words: Words) -> Table | None:
    columns: dict[str, Cell] = {
        "auc.auc": lambda figure: unit(words, figure, "auc"),
        "accuracy.votes": lambda figure: words.count(at(figure, "votes")),
    }
    return per_attribute(metrics, words, "auc", "auc.caption", columns)


def _rank(metrics: Metrics, words: Words) -> Table | None:
    columns: dict[str, Cell] = {
        "rank.rho": lambda figure: unit(words, figure, "spearman"),
        "rank.photos": lambda figure: words.count(at(figure, "photos")),
        "accuracy.votes": lambda figure: words.count(at(figure, "votes")),
    }
    return per_attribute(metrics, words, "rank_correlation", "rank.caption", columns)


def cities(manifest: Manifest, words: Words) -> Section | None:
    """A row for each city, a column for each attribute; cities without any figure are counted."""
    found = {
        key: table(figures, "by_city")
        for key, figures in table(manifest, "metrics").items()
        if table(figures, "by_city")
    }
    keys = in_order(found)
    names = sorted({name for key in keys for name in found[key]})
    shown = [
        name
        for name in names
        if any(number(found[key], name, "accuracy") is not None for key in keys)
    ]
    if not names:
        return None
    blocks: list[Block] = []
    if shown:
        rows = tuple(
            (name, *(_in_city(words, at(found[key], name)) for key in keys)) for name in shown
        )
        head = (words("cities.city"), *map(words.attribute, keys))
        blocks.append(Table(words("cities.caption"), head, rows))
    if few := len(names) - len(shown):
        told = words("cities.few", n=words.count(few), minimum=minimum_votes(manifest))
        blocks.append(Paragraph(told))
    return Section("cities", words("cities.title"), tuple(blocks), folded=True)


def _in_city(words: Words, figure: Any) -> str:
    if figure is None:
        return words("none")
    return f"{share(words, figure)} · {words.count(at(figure, 'votes'))}"


def minimum_votes(manifest: Manifest) -> int:
    said = number(manifest, "training", "config", "evaluation", "minimum_votes")
    return MINIMUM_VOTES if said is None else round(said)
