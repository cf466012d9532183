"""How a release sees photos that training never saw: its histograms and examples."""

from collections.abc import Callable, Mapping
from typing import Any

from app.attributes import BY_KEY
from app.card.parts import (
    Bar,
    Block,
    Chart,
    Charts,
    Example,
    Examples,
    Paragraph,
    Ranked,
    Section,
)
from app.card.reading import Manifest, at, in_order, number, table
from app.card.words import Words
from app.exports.colours import cividis

WIDTH, HEIGHT = 200, 60
GROUPS = ("most", "median", "least")

Address = Callable[[str], str | None]
"""Photo key → where its small copy is, if there is one."""


def section(manifest: Manifest, words: Words, address: Address) -> Section | None:
    portraits = table(manifest, "portraits")
    attributes = {
        key: portrait
        for key, portrait in table(portraits, "attributes").items()
        if isinstance(portrait, Mapping)
    }
    charts = [
        chart for key in in_order(attributes) if (chart := _chart(key, attributes[key], words))
    ]
    if not charts:
        return None
    lead = words(
        "scores.lead",
        n=words.count(at(portraits, "photos")),
        reference=words.count(at(portraits, "reference", "photos")),
    )
    blocks: list[Block] = [Paragraph(lead), Charts(tuple(charts))]
    ranked = tuple(_ranked(key, attributes[key], words, address) for key in in_order(attributes))
    shown = [one for each in ranked for _, photos in each.groups for one in photos]
    if not shown:
        blocks.append(Paragraph(words("scores.few")))
    else:
        pictures = all(one.source is not None for one in shown)
        told = words("scores.each") + ("" if pictures else " " + words("scores.keys"))
        blocks += [Paragraph(told), Examples(ranked, pictures)]
    return Section("scores", words("scores.title"), tuple(blocks))


def _chart(key: str, portrait: Mapping[str, Any], words: Words) -> Chart | None:
    """Yellow, the favourable end, is on the right, as on every scale of Mirada."""
    counts = at(portrait, "histogram")
    if not isinstance(counts, list) or not all(isinstance(n, int) for n in counts) or not counts:
        return None
    quarter = len(counts) // 4
    described = words(
        "scores.described",
        n=words.count(sum(counts)),
        attribute=words.attribute(key),
        low=words.count(sum(counts[:quarter])),
        middle=words.count(sum(counts[quarter:-quarter])),
        high=words.count(sum(counts[-quarter:])),
    )
    least, most = words.ends(key)
    if key in BY_KEY and BY_KEY[key].palette == "reversed":
        counts, left, right = counts[::-1], ("10", most), ("0", least)
    else:
        left, right = ("0", least), ("10", most)
    top = max(*counts, 1)
    step = WIDTH / len(counts)
    bars = tuple(
        Bar(
            x=round(i * step + 0.5, 2),
            y=round(HEIGHT - (high := HEIGHT * n / top), 2),
            width=round(step - 1, 2),
            height=round(high, 2),
            colour=cividis((i + 0.5) / len(counts)),
        )
        for i, n in enumerate(counts)
    )
    even = round(HEIGHT * (1 - sum(counts) / len(counts) / top), 2)
    return Chart(words.attribute(key), described, bars, tuple(counts), even, left=left, right=right)


def _ranked(key: str, portrait: Mapping[str, Any], words: Words, address: Address) -> Ranked:
    least, most = words.ends(key)
    titles = {"most": most, "median": words("median"), "least": least}
    groups = tuple(
        (titles[group], tuple(_examples(at(portrait, group), words, address))) for group in GROUPS
    )
    return Ranked(words.attribute(key), groups)


def _examples(photos: Any, words: Words, address: Address) -> list[Example]:
    shown = []
    for one in photos if isinstance(photos, list) else []:
        photo, score = str(at(one, "photo")), number(one, "score")
        written = words("none") if score is None else words.number(score)
        told = words("scores.photo", photo=photo, score=written)
        shown.append(Example(photo, written, told, address(photo)))
    return shown
