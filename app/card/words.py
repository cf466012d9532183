"""The words and numbers of a card in one language."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.attributes import BY_KEY, Language
from app.exports.texts import count, number

TEMPLATES = Path(__file__).parents[2] / "templates"


@cache
def _texts(language: Language) -> Mapping[str, str | list[str]]:
    path = TEMPLATES / "card" / f"{language}.json"
    texts: dict[str, str | list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return texts


class Words:
    """words(key, **values): the text with its {values}; a key that is missing is an error."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        text = _texts(self.language)[key]
        assert isinstance(text, str)
        return text.format(**values)

    def all(self, key: str) -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(_texts(self.language)[key])

    def name(self, kind: str, key: str) -> str:
        """Of a rule, a part, a method; what the card has no word for is named as it is."""
        text = _texts(self.language).get(f"{kind}.{key}", key)
        return str(text)

    def attribute(self, key: str) -> str:
        return BY_KEY[key].label[self.language] if key in BY_KEY else key

    def ends(self, key: str) -> tuple[str, str]:
        """A score of 0 and one of 10, in words."""
        if key in BY_KEY:
            return BY_KEY[key].least[self.language], BY_KEY[key].most[self.language]
        return self("least", attribute=key), self("most", attribute=key)

    def number(self, value: float, decimals: int = 1) -> str:
        return number(value, self.language, decimals)

    def count(self, value: Any) -> str:
        """1.234.567 in Spanish, 1,234,567 in English."""
        if not isinstance(value, int):
            return "–"
        return count(value, self.language)

    def percent(self, share: float) -> str:
        sign = " %" if self.language == "es" else "%"
        return f"{self.number(100 * share)}{sign}"
