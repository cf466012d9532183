"""Text from strangers made harmless: a path that stays in its folder, a cell that nothing runs."""

import re

MAX_PATH = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def clean_path(path: str) -> str:
    """A relative path as it is stored: never one that leaves its folder, and always a name."""
    parts = re.split(r"[/\\]+", "".join(c for c in path if c.isprintable()))
    kept = [part.strip() for part in parts if part.strip() not in ("", ".", "..")]
    return "/".join(kept)[-MAX_PATH:] or "unnamed"


def safe_cell(cell: str) -> str:
    """A quote before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
