"""Does the demo find the pattern that was drawn into it?

Nothing here is a figure of accuracy: the raters are simulated and the streets are drawn.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.table import Table
from scipy.stats import spearmanr

from app.attributes import KEYS
from app.demo.qualities import TURN
from app.errors import BadFile

Floats = npt.NDArray[np.float64]

LEAST_RANK_CORRELATION = 0.85
LEAST_OWN = len(KEYS)
LEAST_RESIDUAL = 0.50
LEAST_RATIO = 0.70


@dataclass(frozen=True)
class HeldOut:
    """On untied votes on two scenes that training never saw.

    `accuracy` of the ranker and of the `oracle`, which knows the hidden qualities.
    """

    accuracy: float
    oracle: float
    votes: int

    @property
    def ratio(self) -> float:
        """How much of what can be known the ranker knows: 0 is guessing, 1 the oracle."""
        return (self.accuracy - 0.5) / (self.oracle - 0.5)


@dataclass(frozen=True)
class Finding:
    """One attribute.

    hidden, human, residual: Spearman over the comunas. nearest: the human attribute with which
    the model's means correlate most, in absolute value.
    """

    attribute: str
    hidden: float
    human: float
    nearest: str
    residual: float
    held_out: HeldOut

    def missed(self) -> list[str]:
        """The bounds that it does not reach, in words; NaN reaches none."""
        checks = {
            f"Spearman with the drawn means {self.hidden:.2f} < {LEAST_RANK_CORRELATION}": (
                self.hidden >= LEAST_RANK_CORRELATION
            ),
            f"Spearman with the human means {self.human:.2f} < {LEAST_RANK_CORRELATION}": (
                self.human >= LEAST_RANK_CORRELATION
            ),
            f"nearest to {self.nearest}": self.nearest == self.attribute,
            f"Spearman without the common axis {self.residual:.2f} < {LEAST_RESIDUAL:.2f}": (
                self.residual >= LEAST_RESIDUAL
            ),
            f"share of the oracle {self.held_out.ratio:.2f} < {LEAST_RATIO:.2f}": (
                self.held_out.ratio >= LEAST_RATIO
            ),
        }
        return [words for words, reached in checks.items() if not reached]


def compare(
    model: pd.DataFrame,
    hidden: pd.DataFrame,
    human: pd.DataFrame,
    held_out: Mapping[str, HeldOut],
) -> list[Finding]:
    """The findings of all attributes.

    model, hidden, human: index comuna code, one column per attribute, in any order of rows.
    Only comunas of `human` count; BadFile where another table lacks one of them.
    """
    keys = list(KEYS)
    human = human[keys]
    model, hidden = (
        _aligned(name, one, human) for name, one in (("model", model), ("hidden", hidden))
    )
    with_hidden, with_human = spearman(model, hidden), spearman(model, human)
    without_axis = spearman(residual(model), residual(human))
    return [
        Finding(
            attribute=key,
            hidden=float(with_hidden[row, row]),
            human=float(with_human[row, row]),
            nearest=keys[int(np.argmax(np.abs(with_human[row])))],
            residual=float(without_axis[row, row]),
            held_out=held_out[key],
        )
        for row, key in enumerate(keys)
    ]


def _aligned(name: str, table: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    missing = like.index.difference(table.index)
    if len(missing):
        raise BadFile(f"The {name} means lack {len(missing)} comunas, the first {missing[0]}.")
    found = table.loc[like.index, list(like.columns)]
    if not np.isfinite(found.to_numpy(np.float64)).all():
        raise BadFile(f"The {name} means hold empty or infinite values.")
    return found


def hidden_means(hidden: pd.DataFrame) -> pd.DataFrame:
    """Comuna means of the hidden qualities of `hidden.csv`."""
    return hidden.groupby("comuna_code")[list(KEYS)].mean()


def spearman(first: pd.DataFrame, second: pd.DataFrame) -> Floats:
    """Rank correlations, shape (columns of first, columns of second), over the rows of both."""
    columns = first.shape[1]
    whole = spearmanr(first.to_numpy(np.float64), second.to_numpy(np.float64)).statistic
    block: Floats = whole[:columns, columns:]
    return block


def residual(means: pd.DataFrame) -> pd.DataFrame:
    """What is left of each attribute without the axis that all six share.

    Standardised over the comunas, boring and depressing turned, and the mean over the six
    subtracted from each row.
    """
    turned = (means - means.mean()) / means.std(ddof=0) * TURN
    return turned.sub(turned.mean(axis=1), axis=0)


def held_out(
    votes: pd.DataFrame,
    hidden: pd.DataFrame,
    test: Collection[str],
    metrics: Mapping[str, Mapping[str, Any]],
) -> dict[str, HeldOut]:
    """The oracle beside a release's own figures, on the same votes.

    votes: left, right, winner (+1, -1, 0), attribute, cleaned as for training. hidden: index scene
    id, six qualities. test: the scenes that training never saw. metrics: as in `release.json`.
    BadFile where the release was judged on another number of votes.
    """
    result = {}
    fresh = votes[votes["left"].isin(test) & votes["right"].isin(test) & (votes["winner"] != 0)]
    for key in KEYS:
        own, said = fresh[fresh["attribute"] == key], metrics[key]
        if len(own) != said["votes"] or said["accuracy"] is None:
            raise BadFile(
                f"The release was judged on {said['votes']} votes on {key}, but these votes hold "
                f"{len(own)} that could judge it. Give the votes that it was trained on."
            )
        quality = hidden[key]
        difference = quality.loc[own["left"]].to_numpy() - quality.loc[own["right"]].to_numpy()
        oracle = float((np.sign(difference) == own["winner"].to_numpy()).mean())
        result[key] = HeldOut(float(said["accuracy"]), oracle, len(own))
    return result


def table(findings: list[Finding]) -> Table:
    """The findings for a terminal, with what does not reach its bound in red."""
    result = Table(title="The demo finds the pattern that was drawn into it")
    result.add_column("attribute")
    for head in (
        f"drawn means\n≥ {LEAST_RANK_CORRELATION}",
        f"human means\n≥ {LEAST_RANK_CORRELATION}",
        "nearest human\nattribute",
        f"without the\ncommon axis ≥ {LEAST_RESIDUAL:.2f}",
        f"share of the\noracle ≥ {LEAST_RATIO:.2f}",
    ):
        result.add_column(head, justify="right")
    for one in findings:
        result.add_row(
            one.attribute,
            _marked(f"{one.hidden:.2f}", one.hidden >= LEAST_RANK_CORRELATION),
            _marked(f"{one.human:.2f}", one.human >= LEAST_RANK_CORRELATION),
            _marked(one.nearest, one.nearest == one.attribute),
            _marked(f"{one.residual:.2f}", one.residual >= LEAST_RESIDUAL),
            _marked(f"{one.held_out.ratio:.2f}", one.held_out.ratio >= LEAST_RATIO),
        )
    own = sum(one.nearest == one.attribute for one in findings)
    reached = sum(not one.missed() for one in findings)
    result.caption = (
        f"Spearman over the comunas; {own} of {LEAST_OWN} nearest to their own attribute; "
        f"{reached} of {len(findings)} attributes reach every bound."
    )
    return result


def _marked(text: str, reached: bool) -> str:
    return text if reached else f"[red]{text} ✗[/red]"
