"""Reads what a demo city and a release trained on it say, and compares them."""

from pathlib import Path

import pandas as pd

from app import releases
from app.demo import places, report
from app.demo.report import Finding, HeldOut
from app.errors import BadFile

_TEXT = {"comuna_code": str, "id": str, "photo": str, "left_id": str, "right_id": str}
_WINNERS = {"left": 1, "right": -1, "equal": 0}


def judge(city: Path, release: Path, model: pd.DataFrame) -> list[Finding]:
    """The findings for the demo city in the folder `city` and the release in the folder `release`.

    model: means over the photos of each comuna, raw outputs or scores; index comuna code, one
    column per attribute.
    """
    hidden = report.hidden_means(_read(city / "hidden.csv"))
    return report.compare(model, hidden, places.human_table(), held_out(city, release))


def held_out(city: Path, release: Path) -> dict[str, HeldOut]:
    """The release beside the oracle, by attribute, on the votes that judged the release."""
    manifest = releases.read_manifest(release)
    cast = _votes(city / "votes.csv")
    if manifest["training"]["config"]["votes"]["repeats"] == "first":
        cast = _unanimous(cast)
    split = _read(release / manifest["splits"]["file"])
    test = set(split.loc[split["part"] == "test", "photo"])
    hidden = _read(city / "training_hidden.csv").set_index("id")
    return report.held_out(cast, hidden, test, manifest["metrics"])


def _votes(path: Path) -> pd.DataFrame:
    names = {"left_id": "left", "right_id": "right", "category": "attribute"}
    cast = _read(path).rename(columns=names)
    return cast.assign(winner=cast["winner"].map(_WINNERS))


def _unanimous(cast: pd.DataFrame) -> pd.DataFrame:
    """One vote of each pair whose raters agree; training drops the others as well."""
    pair = ["left", "right", "attribute"]
    agreed = cast.groupby(pair)["winner"].transform("nunique") == 1
    return cast[agreed].drop_duplicates(pair)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=_TEXT)
    except (FileNotFoundError, NotADirectoryError):
        raise BadFile(f"{path} is missing; draw the city, or train the release, again.") from None
