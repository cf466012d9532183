"""The words of the admin's pages, in files that their scripts read as well."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from app.attributes import Language

FOLDER = Path(__file__).parents[2] / "static" / "src" / "admin" / "texts"


class AdminWords:
    """words(key, **values): a text with its {values}; a missing key is an error."""

    def __init__(self, lang: Language) -> None:
        self._texts = _texts(lang)

    def __call__(self, key: str, **values: object) -> str:
        text = self._texts[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


@cache
def _texts(lang: Language) -> Mapping[str, str]:
    texts: dict[str, str] = json.loads((FOLDER / f"{lang}.json").read_text(encoding="utf-8"))
    return texts
