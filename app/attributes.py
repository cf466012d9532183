"""The six attributes of Place Pulse, in the order in which everything lists them."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["es", "en"]
Text = dict[Language, str]


@dataclass(frozen=True)
class Attribute:
    """One attribute in words. A score of 0 is `least`, one of 10 is `most`.

    palette: yellow is always the favourable end, so "reversed" runs the palette from 10 to 0.
    label completes «se ve …» / "looks …"; most and least are the ends of the scale.
    """

    key: str
    label: Text
    question: Text
    least: Text
    most: Text
    palette: Literal["forward", "reversed"]


def _attribute(
    key: str,
    es: str,
    en: str,
    question_es: str,
    palette: Literal["forward", "reversed"] = "forward",
) -> Attribute:
    return Attribute(
        key=key,
        label={"es": es, "en": en},
        question={"es": question_es, "en": f"Which place looks more {en}?"},
        least={"es": f"menos {es}", "en": f"less {en}"},
        most={"es": f"más {es}", "en": f"more {en}"},
        palette=palette,
    )


ATTRIBUTES: tuple[Attribute, ...] = (
    _attribute("safety", "segura", "safe", "¿Qué lugar se ve más seguro?"),
    _attribute("lively", "animada", "lively", "¿Qué lugar se ve más animado?"),
    _attribute("boring", "aburrida", "boring", "¿Qué lugar se ve más aburrido?", "reversed"),
    _attribute("wealthy", "adinerada", "wealthy", "¿Qué lugar se ve más adinerado?"),
    _attribute(
        "depressing", "deprimente", "depressing", "¿Qué lugar se ve más deprimente?", "reversed"
    ),
    _attribute("beautiful", "bonita", "beautiful", "¿Qué lugar se ve más bonito?"),
)
KEYS: tuple[str, ...] = tuple(a.key for a in ATTRIBUTES)
BY_KEY: dict[str, Attribute] = {a.key: a for a in ATTRIBUTES}
