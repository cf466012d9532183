"""What a ranker must beat: chance, the left side, and colours and edges without a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from PIL import Image

from model import device as devices
from model.config import Config, FittingConfig, NetworkConfig
from model.errors import UnreadablePhoto
from model.judging import evaluation
from model.learning.features import Progress
from model.learning.fitting import fit
from model.learning.learner import pairs_of
from model.photos.decoding import ahead
from model.photos.images import Pixels, Preprocessing, one_view
from model.votes.material import Material

SIZE = 64
STAGE = "baselines"


@dataclass(frozen=True)
class Simple:
    """values: (photos, `measure`'s numbers). row: photo key → row."""

    values: npt.NDArray[np.float32]
    row: dict[str, int]


def measure(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Sixteen numbers of a photo, (height, width, 3) from 0 to 255.

    Mean and standard deviation of red, green, blue, saturation and value, from 0 to 1, and the
    mean absolute difference of neighbouring grey values, across and down, in its upper, middle
    and lower third.
    """
    rgb = pixels.astype(np.float32) / 255
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV"), np.float32) / 255
    channels = np.concatenate([rgb, hsv[..., 1:]], axis=2)
    grey = rgb.mean(axis=2)
    edges = [
        np.abs(np.diff(third, axis=axis)).mean()
        for third in np.array_split(grey, 3)
        for axis in (0, 1)
    ]
    moments = [channels.mean(axis=(0, 1)), channels.std(axis=(0, 1))]
    return np.concatenate([*moments, np.array(edges)]).astype(np.float32)


def simple(
    files: Mapping[str, Path], preprocessing: Preprocessing, threads: int, progress: Progress
) -> Simple:
    """`measure` of every readable photo, cut as for the networks and made small."""
    small = Preprocessing(
        height=SIZE, width=SIZE, fit=preprocessing.fit, cut_bottom=preprocessing.cut_bottom
    )
    row: dict[str, int] = {}
    values: list[npt.NDArray[np.float32]] = []
    decoded = ahead(
        files.items(),
        lambda path: measure(one_view(path, small)[0]),
        threads=threads,
        window=8 * threads,
    )
    for done, (key, numbers) in enumerate(decoded, start=1):
        if not isinstance(numbers, UnreadablePhoto):
            row[key] = len(values)
            values.append(numbers)
        progress(STAGE, done, len(files))
    return Simple(np.stack(values) if values else np.zeros((0, 16), np.float32), row)


def judge(
    material: Material, preprocessing: Preprocessing, config: Config, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Attribute → accuracy of each baseline on the untied votes of the test part.

    `chance` and `always_left` need no training. `colour_and_edges` is a small head on `measure`,
    trained by the same loss on the same votes; it is None where the material holds no votes of
    the training or validation part.
    """
    trained = [key for key in material.attributes if _can_train(material, key)]
    colours = _colours(material, trained, preprocessing, config, progress)
    judged, minimum = {}, config.evaluation.minimum_votes
    for attribute in material.attributes:
        test = material.of(attribute, "test")
        left = evaluation.accuracy(test, np.ones(len(test)), minimum)
        judged[attribute] = {
            "chance": {"accuracy": 0.5},
            "always_left": left.as_dict(),
            "colour_and_edges": colours[attribute].as_dict() if attribute in colours else None,
        }
    return judged


def _colours(
    material: Material,
    attributes: Sequence[str],
    preprocessing: Preprocessing,
    config: Config,
    progress: Progress,
) -> dict[str, evaluation.Figure]:
    if not attributes:
        return {}
    features = simple(material.files, preprocessing, config.features.threads, progress)

    def one(attribute: str) -> evaluation.Figure:
        raw, test = _raw(material, attribute, features, config), material.of(attribute, "test")
        difference = evaluation.differences(test, raw)
        return evaluation.accuracy(test, difference, config.evaluation.minimum_votes)

    with devices.lanes(torch.device("cpu")) as pool:
        return dict(zip(attributes, pool.map(one, attributes), strict=True))


def _can_train(material: Material, attribute: str) -> bool:
    return not any(material.of(attribute, use).empty for use in ("train", "validation"))


def _raw(material: Material, attribute: str, features: Simple, config: Config) -> pd.DataFrame:
    """Raw outputs of the small head: index photo key, one column, the attribute."""
    views = torch.from_numpy(features.values)[:, None]
    fitted = fit(
        views,
        pairs_of(material.of(attribute, "train"), features.row),
        pairs_of(material.of(attribute, "validation"), features.row),
        network=NetworkConfig(hidden=64, dropout=0.0),
        loss=config.loss,
        fitting=FittingConfig(seed=config.fitting.seed),
        progress=lambda done, total: None,
    )
    with torch.inference_mode():
        raw = fitted.head(views[:, 0]).numpy()
    return pd.DataFrame({attribute: raw}, index=pd.Index(list(features.row)))
