"""Heads on a frozen trunk, trained on features that were computed once."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from torch import nn

from model import device as devices
from model.learning.features import Features
from model.learning.fitting import Fitted, fit
from model.learning.learner import pairs_of
from model.learning.outcome import SHARED, Fit, Outcome
from model.learning.work import Work
from model.networks.head import Head
from model.votes.material import Material


def train(material: Material, trunk: nn.Module, features: Features, work: Work) -> Outcome:
    """One head per attribute, as many side by side as the device has lanes."""
    device, config = work.group.device, work.config
    views = torch.from_numpy(features.views).to(device)
    journals = {attribute: work.journal(attribute) for attribute in material.attributes}

    def one(attribute: str) -> Fitted:
        train, validation = (
            pairs_of(material.of(attribute, use), features.row).to(device)
            for use in ("train", "validation")
        )
        return fit(
            views,
            train,
            validation,
            network=config.network,
            loss=config.loss,
            fitting=config.fitting,
            group=work.group,
            keeper=work.keeper(attribute),
            journal=journals[attribute],
            progress=work.teller(attribute),
        )

    if work.group.size == 1:
        with devices.lanes(device) as pool:
            fitted = list(pool.map(one, material.attributes))
    else:
        # Processes can only meet in one fit at a time.
        fitted = [one(attribute) for attribute in material.attributes]
    by_attribute = dict(zip(material.attributes, fitted, strict=True))
    heads = {key: one.head for key, one in by_attribute.items()}
    return Outcome(
        {SHARED: trunk},
        {key: (SHARED, head) for key, head in heads.items()},
        raw_outputs(heads, features, list(features.row)),
        {key: Fit(one.epochs, one.best_epoch, one.tie_weight) for key, one in by_attribute.items()},
        [row for journal in journals.values() for row in journal.rows],
    )


@torch.inference_mode()
def raw_outputs(heads: Mapping[str, Head], features: Features, keys: list[str]) -> pd.DataFrame:
    """Raw outputs of whole photos: index photo key, one column per attribute."""
    rows = np.array([features.row[key] for key in keys], np.int64)
    columns: dict[str, list[float]] = {attribute: [] for attribute in heads}
    for chunk in np.array_split(rows, max(1, len(rows) // 4096)):
        whole = torch.from_numpy(np.ascontiguousarray(features.views[chunk, 0]))
        for attribute, head in heads.items():
            columns[attribute].extend(head(whole).tolist())
    return pd.DataFrame(columns, index=pd.Index(keys, name="photo"))
