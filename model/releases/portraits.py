"""How a release sees photos that training never saw: histograms of scores, and a few photos."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from model.photos.images import open_photo

Floats = npt.NDArray[np.float64]

SHOWN, REFERENCE = "test", "train"
BINS = 20
PLACES = ("most", "median", "least")
EACH = 3
WIDTH_PX = 200


def portraits(raw: pd.DataFrame, split: Mapping[str, str]) -> dict[str, Any]:
    """`portraits` of a release: what its card draws, as JSON.

    raw: index photo key, one column per attribute. split: photo key → part; others are left out.

    A score is a photo's place among the photos of the training part, 0 to 10. Photos of the test
    part that are seen like those fill all twenty bins alike; where a ranker tells new photos apart
    less well, they heap up in the middle, and where they are of other cities, at one side.
    `most`, `median` and `least` are photos of the test part, from the most on, at most three each
    and none twice.
    """
    part = raw.index.map(dict(split))
    shown, reference = raw[part == SHOWN].sort_index(), raw[part == REFERENCE]
    return {
        "part": SHOWN,
        "photos": len(shown),
        "reference": {"part": REFERENCE, "photos": len(reference)},
        "attributes": {
            str(attribute): _portrait(shown[attribute], reference[attribute]) for attribute in raw
        },
    }


def scores(raw: pd.Series, reference: pd.Series) -> Floats:
    """10 · (number of reference photos below + half of the equal ones) / number; 0 to 10."""
    ordered = np.sort(reference.to_numpy(np.float64))
    below, not_above = (np.searchsorted(ordered, raw, side) for side in ("left", "right"))
    return np.asarray(5 * (below + not_above) / len(ordered))


def _portrait(shown: pd.Series, reference: pd.Series) -> dict[str, Any]:
    ordered = shown.sort_values(ascending=False, kind="stable")
    found = scores(ordered, reference)
    photos = [
        {"photo": str(key), "score": round(float(score), 2)}
        for key, score in zip(ordered.index, found, strict=True)
    ]
    each = min(EACH, len(photos) // len(PLACES))
    middle = (len(photos) - each) // 2
    return {
        "histogram": np.histogram(found, BINS, (0, 10))[0].tolist(),
        "most": photos[:each],
        "median": photos[middle : middle + each],
        "least": photos[len(photos) - each :],
    }


def examples(described: Mapping[str, Any], files: Mapping[str, Path]) -> dict[str, bytes]:
    """Photo key → a small JPEG of each photo that `portraits` names, without its metadata."""
    keys = {
        one["photo"]
        for attribute in described["attributes"].values()
        for place in PLACES
        for one in attribute[place]
    }
    return {key: _small(files[key]) for key in sorted(keys)}


def _small(file: Path) -> bytes:
    image = open_photo(file, (WIDTH_PX, WIDTH_PX))
    image.thumbnail((WIDTH_PX, 2 * WIDTH_PX), Image.Resampling.LANCZOS)
    # A new image: Pillow would write the comment of the old one again.
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()
