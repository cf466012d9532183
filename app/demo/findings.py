"""Gathers what the demo's report compares: the map's figures, the hidden truth, the votes."""

import json
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from app import areas, releases
from app.attributes import KEYS
from app.demo import places, report
from app.errors import BadFile

JUDGED = "judged.csv"
"""Held-out votes, as `mirada model evaluate --predictions` writes them."""


def gather(session: Session, folder: Path, *, release: str, layer: str) -> list[report.Finding]:
    """What the release found in the city that `folder` holds. BadFile where a file is missing."""
    hidden = _read(folder / "hidden.csv", {"comuna_code": str})
    return report.compare(
        model=comuna_means(session, release, layer),
        hidden=report.hidden_means(hidden),
        human=places.human_table(),
        held_out=_held_out(folder, release),
    )


def comuna_means(session: Session, release: str, layer: str) -> pd.DataFrame:
    """Mean scores as the map shows them, 0 to 10; index comuna code, a column per attribute."""
    found = areas.figures(session, releases.get(session, release), layer)
    rows = {
        area.code: {key: figures.mean for key, figures in area.attributes.items()}
        for area in found
        if area.shown
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(KEYS))


def _held_out(folder: Path, release: str) -> dict[str, report.HeldOut]:
    votes = _read(folder / JUDGED)
    hidden = _read(folder / "training_hidden.csv").set_index("id")
    manifest = _there(folder / release / "release.json").read_text(encoding="utf-8")
    scenes = {*votes["left"], *votes["right"]}
    return report.held_out(votes, hidden, scenes, json.loads(manifest)["metrics"])


def _read(path: Path, types: dict[str, type] | None = None) -> pd.DataFrame:
    return pd.read_csv(_there(path), dtype=types)


def _there(path: Path) -> Path:
    if not path.exists():
        raise BadFile(f"{path} is missing. `make demo` makes it.")
    return path
