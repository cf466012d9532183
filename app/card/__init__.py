"""The model card of a release: what made it, how often it is right, and what its scores are not.

One list of sections, from what `release.json` says, which HTML and Markdown draw alike. What a
release does not say, since it is older or was made by others, the card leaves out.
"""

import base64
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.attributes import Language
from app.card import figures, making, seen
from app.card.parts import Block, Bullets, Paragraph, Section, Sources
from app.card.reading import Manifest, at
from app.card.seen import Address
from app.card.words import TEMPLATES, Words

CSS = TEMPLATES.parent / "static" / "css"

__all__ = ["Section", "html", "markdown", "sections"]


def nowhere(photo: str) -> str | None:
    """The address of a photo where there are no small copies."""
    return None


def sections(
    manifest: Manifest, language: Language, address: Address = nowhere
) -> tuple[Section, ...]:
    """The whole card, in order. address: where the small copy of a photo is, by its key."""
    words = Words(language)
    demo = at(manifest, "demo") is True
    found = [
        making.facts(manifest, words),
        figures.section(manifest, words),
        seen.section(manifest, words, address),
        Section("not", words("not.title"), (_bullets(words.all("not.items")),)),
        Section("biases", words("biases.title"), _biases(words, demo)),
        making.votes(manifest, words),
        figures.more(manifest, words),
        figures.cities(manifest, words),
        making.training(manifest, words),
        Section("sources", words("sources.title"), (Sources(words.all("sources.items")),)),
    ]
    return tuple(section for section in found if section is not None)


def _biases(words: Words, demo: bool) -> tuple[Block, ...]:
    before = (Paragraph(words("biases.demo")),) if demo else ()
    return (*before, _bullets(words.all("biases.items"), led=True))


def _bullets(texts: tuple[str, ...], led: bool = False) -> Bullets:
    """led: the first sentence says what the text is about."""
    if not led:
        return Bullets(tuple(("", text) for text in texts))
    parted = (text.partition(". ") for text in texts)
    return Bullets(tuple((f"{lead}.", text) for lead, _, text in parted))


def html(
    manifest: Manifest, language: Language = "es", examples: Mapping[str, bytes] | None = None
) -> str:
    """One file that asks nobody for anything. examples: photo key → JPEG."""
    pictures = {} if examples is None else examples

    def address(photo: str) -> str | None:
        if photo not in pictures:
            return None
        return "data:image/jpeg;base64," + base64.b64encode(pictures[photo]).decode()

    return _render("card/page.html", manifest, language, sections(manifest, language, address))


def markdown(manifest: Manifest, language: Language = "es") -> str:
    """With the keys of photos in place of their pictures, which Markdown cannot hold."""
    text = _render("card/card.md", manifest, language, sections(manifest, language))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _render(
    template: str, manifest: Manifest, language: Language, shown: tuple[Section, ...]
) -> str:
    words = Words(language)
    values: dict[str, Any] = {
        "lang": language,
        "title": words("title", name=at(manifest, "name") or ""),
        "demo": words("demo") if at(manifest, "demo") is True else None,
        "made": words("made"),
        "card": shown,
    }
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    """A name that a template mistypes is an error, not an empty word."""
    found = Environment(
        loader=FileSystemLoader([TEMPLATES, CSS]),
        autoescape=lambda name: name is None or not name.endswith(".md"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["md"] = inert
    found.filters["sparkline"] = sparkline
    return found


def sparkline(counts: tuple[int, ...]) -> str:
    """The bars of a histogram as a line of text."""
    top = max(*counts, 1)
    return "".join("▁▂▃▄▅▆▇█"[round(7 * n / top)] for n in counts)


def inert(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(text.split()))
