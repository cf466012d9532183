"""What training hands to a release."""

from dataclasses import dataclass

import pandas as pd
from torch import nn

from model.learning.course import Epoch
from model.learning.journal import Row
from model.networks.head import Head

# Name of a trunk that all heads stand on.
SHARED = "shared"


@dataclass(frozen=True)
class Fit:
    """tie_weight: ν of the smooth loss, None for the other."""

    epochs: tuple[Epoch, ...]
    best_epoch: int
    tie_weight: float | None


@dataclass(frozen=True)
class Outcome:
    """Networks in evaluation mode on the CPU, and how they came to be.

    trunks: name → network. heads: attribute → (name of its trunk, head). raw: raw outputs of
    whole photos, index photo key, one column per attribute. fits: by attribute. rows: of the log.
    """

    trunks: dict[str, nn.Module]
    heads: dict[str, tuple[str, Head]]
    raw: pd.DataFrame
    fits: dict[str, Fit]
    rows: list[Row]
