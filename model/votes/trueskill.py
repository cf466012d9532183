"""The TrueSkill scores that the authors of Place Pulse computed from all votes."""

from pathlib import Path
from typing import Any

import pandas as pd

from model import table
from model.errors import VotesError
from model.intervals import rank_correlation
from model.votes.reading import STUDIES

_COLUMNS = {
    "location_id": "photo",
    "study_id": "attribute",
    "trueskill.score": "score",
    "num_votes": "votes",
}
LEAST_PHOTOS = 10


def read(path: Path) -> pd.DataFrame:
    """Columns `photo`, `attribute`, `score` and `votes` (behind the score) of `qscores.tsv`.

    Rows of unknown studies, and those without a score, are left out.
    """
    raw = table.read(path, "scores")
    if missing := sorted(set(_COLUMNS) - set(raw)):
        raise VotesError(f"{path} is no qscores.tsv: it has no column {', '.join(missing)}.")
    frame = raw[list(_COLUMNS)].rename(columns=_COLUMNS)
    frame = frame.assign(
        attribute=frame["attribute"].map(STUDIES),
        score=pd.to_numeric(frame["score"], errors="coerce"),
        votes=pd.to_numeric(frame["votes"], errors="coerce").fillna(0).astype(int),
    )
    return frame.dropna(subset=["attribute", "score"]).reset_index(drop=True)


def correlate(scores: pd.DataFrame, raw: pd.Series, minimum_votes: int) -> dict[str, Any]:
    """Spearman's correlation of raw outputs with the scores of one attribute.

    raw: index photo key; photos without a score are left out. votes: the sum of those behind the
    scores, each of which stands behind two photos. The interval takes photos as independent.
    """
    own = scores.drop_duplicates("photo").set_index("photo")
    own = own[own.index.isin(raw.index)]
    votes = int(own["votes"].sum())
    rho, interval = None, None
    if votes >= minimum_votes and len(own) >= LEAST_PHOTOS:
        rho, interval = rank_correlation(raw[own.index].to_numpy(), own["score"].to_numpy())
    return {
        "spearman": rho,
        "ci95": None if interval is None else list(interval),
        "photos": len(own),
        "votes": votes,
    }
