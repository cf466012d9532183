"""Looking into a manifest that was checked at its surface only: what is not there is not shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.attributes import KEYS

Manifest = Mapping[str, Any]


def at(found: Any, *keys: str) -> Any:
    """`found[key]…`, None where a step is missing."""
    for key in keys:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def table(found: Any, *keys: str) -> Mapping[str, Any]:
    """The same for a step that is an object; empty where it is none."""
    value = at(found, *keys)
    return value if isinstance(value, Mapping) else {}


def number(found: Any, *keys: str) -> float | None:
    value = at(found, *keys)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def interval(found: Any, *keys: str) -> tuple[float, float] | None:
    value = at(found, *keys)
    if isinstance(value, list | tuple) and len(value) == 2:
        low, high = value
        if isinstance(low, int | float) and isinstance(high, int | float):
            return float(low), float(high)
    return None


def in_order(found: Iterable[str], known: Sequence[str] = KEYS) -> list[str]:
    """Those that are known as they are listed, by default the attributes, then others by name.

    PostgreSQL keeps the keys of an object in an order of its own.
    """
    there = set(found)
    return [key for key in known if key in there] + sorted(there - set(known))
