"""Writes a whole demo city: photos, their manifest, training scenes, votes, and the truth.

photos/<key>.jpg, manifest.csv            the city, ready to import
training/<id>.jpg, votes.csv              what the rankers learn from
hidden.csv, training_hidden.csv           the hidden qualities, never read by training
city.json                                 what it was made from
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.attributes import KEYS
from app.demo import drawing, places, qualities, raters, traits
from app.errors import Conflict

Floats = npt.NDArray[np.float64]

DRAWING = 3
"""Raised whenever the same seed gives other files than before."""

SEED = 2019
VOTES = 20_000
SOURCE = "mirada-demo"
LICENCE = "CC0-1.0"
_SUMMER = timezone(timedelta(hours=-3))


class AnotherCity(Conflict):
    """The folder holds a demo city that was made from something else."""

    code = "another-city"


@dataclass(frozen=True)
class Recipe:
    """All that decides what is written."""

    seed: int
    places: int
    scenes: int
    votes: int
    drawing: int = DRAWING


def quiet(done: int, total: int) -> None:
    """The progress of whoever does not want to hear of it."""


def write(
    folder: Path,
    *,
    seed: int = SEED,
    places: int = 3000,
    scenes: int = 2000,
    votes: int = VOTES,
    workers: int = 2,
    progress: Callable[[int, int], None] = quiet,
) -> Recipe:
    """Write the city into `folder`; scenes that are drawn already are kept.

    votes: per attribute. progress: called with the number of scenes drawn, and of all. The same
    arguments give the same bytes, whatever the number of workers. AnotherCity where the folder
    holds one made from other arguments.
    """
    recipe = Recipe(seed, places, scenes, votes)
    _claim(folder, recipe)
    city, city_levels = plan_city(recipe)
    training, training_levels, cast = plan_training(recipe)
    photos = folder / "photos"
    manifest = ["filename", "lat", "lon", "captured_at", "heading_deg", "source", "licence"]
    _table(folder / "manifest.csv", city[manifest])
    _table(folder / "hidden.csv", city[["key", "comuna_code", *KEYS]])
    _table(folder / "training_hidden.csv", training[["id", *KEYS]])
    _table(folder / "votes.csv", cast)
    jobs = [
        drawing.Job(photos, city["filename"].tolist(), city_levels, seed),
        drawing.Job(
            folder / "training", [f"{key}.jpg" for key in training["id"]], training_levels, seed
        ),
    ]
    drawing.draw_all(jobs, workers, progress)
    return recipe


def _claim(folder: Path, recipe: Recipe) -> None:
    """Makes the folder this recipe's, or refuses."""
    for name in ("photos", "training"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    path, wanted = folder / "city.json", asdict(recipe)
    if not path.exists():
        _replace(path, json.dumps(wanted, indent=2) + "\n")
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = {}
    if found != wanted:
        said = ", ".join(f"{name} {value}" for name, value in wanted.items())
        raise AnotherCity(
            f"{folder} holds another demo city than the one asked for ({said}); "
            "delete the folder, or write to another one."
        )


def plan_city(recipe: Recipe) -> tuple[pd.DataFrame, Floats]:
    """A row per place (key, filename, where, when, comuna, qualities), and its trait levels."""
    found = places.comunas()
    counts = places.allot(recipe.places, found)
    ground = _rng(recipe, 0)
    where = np.concatenate(
        [places.lay(one, n, ground) for one, n in zip(found, counts, strict=True)]
    )
    human = np.repeat(np.array([one.human for one in found]), counts, axis=0)
    hidden = qualities.of_places(human, _rng(recipe, 1))
    levels = traits.follow(hidden, _rng(recipe, 2))
    codes = np.repeat([one.code for one in found], counts)
    number = np.concatenate([np.arange(1, n + 1) for n in counts])
    table = pd.DataFrame(hidden.round(6), columns=list(KEYS))
    table["comuna_code"] = codes
    table["key"] = [f"demo-{code}-{n:05d}" for code, n in zip(codes, number, strict=True)]
    table["filename"] = table["key"] + ".jpg"
    table["lat"], table["lon"], table["heading_deg"] = where.T
    table["captured_at"] = _captured(levels[:, traits.NAMES.index("daylight")], _rng(recipe, 3))
    table["source"], table["licence"] = SOURCE, LICENCE
    return table, levels


def plan_training(recipe: Recipe) -> tuple[pd.DataFrame, Floats, pd.DataFrame]:
    """A row per scene (id, qualities), its trait levels, and the votes."""
    hidden = qualities.of_scenes(recipe.scenes, _rng(recipe, 4))
    levels = traits.follow(hidden, _rng(recipe, 5))
    table = pd.DataFrame(hidden.round(6), columns=list(KEYS))
    table["id"] = [
        hashlib.sha256(f"{recipe.seed}:scene:{n}".encode()).hexdigest()[:24]
        for n in range(recipe.scenes)
    ]
    cast = raters.vote(table["id"].tolist(), hidden, recipe.votes, _rng(recipe, 6))
    return table, levels, cast


def _captured(daylight: Floats, rng: np.random.Generator) -> list[str]:
    """When each photo was taken: a day of one southern summer, an hour that fits its light."""
    days = rng.integers(0, 150, len(daylight))
    dark = 1.0 - daylight
    evening = 13.0 + 7.7 * dark
    morning = 13.0 - 6.6 * dark
    hours = np.where(rng.random(len(daylight)) < 0.3, morning, evening)
    hours += rng.normal(0.0, 0.2, len(daylight))
    start = datetime(2023, 11, 1, tzinfo=_SUMMER)
    return [
        (start + timedelta(days=int(day), seconds=round(hour * 3600))).isoformat()
        for day, hour in zip(days, hours, strict=True)
    ]


def _rng(recipe: Recipe, stream: int) -> np.random.Generator:
    return np.random.default_rng([recipe.seed, stream])


def _table(path: Path, frame: pd.DataFrame) -> None:
    _replace(path, frame.to_csv(index=False, lineterminator="\n"))


def _replace(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
