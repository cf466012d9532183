"""How to train, as a TOML file checked into dataclasses. The defaults train frozen trunks."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from model.errors import ConfigError
from model.photos.images import Preprocessing

_CHECKED = ConfigDict(extra="forbid")
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, config=_CHECKED)
class VotesConfig:
    """attributes: those to train, all in the file when empty.

    repeats: `keep` all votes on one pair, or, as the authors of Place Pulse, the `first` of
    unanimous ones and none of others.
    min_photo_bytes: smaller files are treated as missing. The grey "no imagery" cards of Place
    Pulse have at most 12,288 bytes.
    places: CSV or TSV that says where the photos are; without it, what the votes file and the
    names of the photos say.
    """

    attributes: tuple[str, ...] = ()
    repeats: Literal["keep", "first"] = "first"
    min_photo_bytes: Annotated[int, Field(ge=0)] = 0
    places: str | None = None


@dataclass(frozen=True, config=_CHECKED)
class SplitConfig:
    """Shares of the photos; the rest is for testing.

    by: what falls on one side as a whole: each `photo`, each `city`, or each spatial `block`.
    distance_m: by block, photos of different parts are farther apart than this.
    test_cities, validation_cities: by city, those to hold out; drawn by the shares when empty.
    """

    by: Literal["photo", "city", "block"] = "photo"
    distance_m: Positive = 200.0
    test_cities: tuple[str, ...] = ()
    validation_cities: tuple[str, ...] = ()
    train: Share = 0.7
    validation: Share = 0.1
    seed: int = 0

    @model_validator(mode="after")
    def _leave_a_test(self) -> "SplitConfig":
        if self.train + self.validation >= 1:
            raise ValueError("train and validation must sum to less than 1")
        return self

    @property
    def shares(self) -> dict[str, float]:
        return {
            "train": self.train,
            "validation": self.validation,
            "test": 1 - self.train - self.validation,
        }


@dataclass(frozen=True, config=_CHECKED)
class NetworkConfig:
    """weights: `imagenet`, `random`, or the path of a state dict (.safetensors or .pth).

    pooling: features as the network hands them to its own classifier (`last`), or the means of
    its `last` maps with the means and deviations of inner ones (`several`), which keeps small
    things and textures that a frozen trunk has lost at its end.
    train_trunk: the trunk learns too, and each attribute gets one of its own, unless
    `together` trains one trunk for all.
    """

    trunk: str = "mobilenet_v2"
    pooling: Literal["last", "several"] = "several"
    weights: str = "imagenet"
    train_trunk: bool = False
    together: bool = False
    hidden: Count = 512
    dropout: Share = 0.3


@dataclass(frozen=True, config=_CHECKED)
class ViewsConfig:
    """Views of a photo beside the whole one; a training step draws one a side.

    crop_area: smallest and largest share of the photo's area that a crop keeps.
    """

    flip: bool = True
    crops: Annotated[int, Field(ge=0, le=16)] = 2
    crop_area: tuple[Positive, Positive] = (0.6, 0.9)
    seed: int = 0

    @model_validator(mode="after")
    def _crop_within(self) -> "ViewsConfig":
        if not self.crop_area[0] <= self.crop_area[1] <= 1:
            raise ValueError("crop_area must rise and not exceed 1")
        return self

    @property
    def number(self) -> int:
        return 1 + self.flip + self.crops


@dataclass(frozen=True, config=_CHECKED)
class LossConfig:
    """kind: the ranking loss with its margins, or the `smooth` one (Davidson 1970).

    tie_weight: Davidson's ν of the smooth loss; learned with the weights when not given.
    """

    kind: Literal["margin", "smooth"] = "margin"
    margin: Positive = 1.0
    tie_margin: NotNegative = 0.0
    tie_weight: Positive | None = None


@dataclass(frozen=True, config=_CHECKED)
class FittingConfig:
    """SGD. `warm_up`: share of all steps over which the rate rises from 0.

    accumulate: batches whose gradients are added up before a step.
    schedule: `cosine` falls to 0; `step` falls to a tenth at a half and again at three quarters.
    patience: epochs without a lower validation loss after which it stops.
    precision: `mixed` on CUDA, or `full` everywhere. threads: that decode for a trained trunk.
    checkpoint_s: seconds between two states kept on disk, from which a killed run goes on.
    """

    epochs: Count = 12
    batch: Count = 128
    accumulate: Count = 1
    learning_rate: Positive = 5e-3
    momentum: Share = 0.9
    weight_decay: NotNegative = 0.1
    warm_up: Share = 0.05
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    patience: Count = 5
    precision: Literal["mixed", "full"] = "mixed"
    threads: Count = 2
    checkpoint_s: NotNegative = 30.0
    seed: int = 0


@dataclass(frozen=True, config=_CHECKED)
class FeaturesConfig:
    """cache: folder for the features of views, by default `.features` beside the release.

    batch: views at a time, by default what suits the device. threads: that decode.
    """

    cache: str | None = None
    batch: Count | None = None
    threads: Count = 2


@dataclass(frozen=True, config=_CHECKED)
class EvaluationConfig:
    """No figure is given on fewer votes than `minimum_votes`.

    baselines: also what chance, the left side, and colours and edges alone reach.
    scores: `qscores.tsv` of Place Pulse, for the rank correlation with its TrueSkill scores.
    """

    minimum_votes: Count = 300
    baselines: bool = True
    scores: str | None = None


@dataclass(frozen=True, config=_CHECKED)
class ReleaseConfig:
    """What the release says of itself: its licence, and sentences for whoever uses it.

    examples: the release may hold small copies of photos, for its card.
    """

    licence: str = "not stated"
    examples: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, config=_CHECKED)
class Config:
    """One section of the TOML file per field."""

    votes: VotesConfig = dataclasses.field(default_factory=VotesConfig)
    split: SplitConfig = dataclasses.field(default_factory=SplitConfig)
    preprocessing: Preprocessing = dataclasses.field(default_factory=Preprocessing)
    network: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)
    views: ViewsConfig = dataclasses.field(default_factory=ViewsConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    fitting: FittingConfig = dataclasses.field(default_factory=FittingConfig)
    features: FeaturesConfig = dataclasses.field(default_factory=FeaturesConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    release: ReleaseConfig = dataclasses.field(default_factory=ReleaseConfig)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


# Defaults that differ where the trunk is trained too: those of the authors of Place Pulse.
TRAINED_TRUNK: dict[str, dict[str, Any]] = {
    "network": {"pooling": "last", "hidden": 4096},
    "fitting": {"epochs": 10, "batch": 32, "learning_rate": 1e-3, "weight_decay": 1e-5},
}


def _with_defaults(values: dict[str, Any]) -> dict[str, Any]:
    network = values.get("network")
    if not isinstance(network, dict) or network.get("train_trunk") is not True:
        return values
    return {
        **values,
        **{
            section: {**defaults, **values.get(section, {})}
            for section, defaults in TRAINED_TRUNK.items()
            if isinstance(values.get(section, {}), dict)
        },
    }


def check(values: dict[str, Any], where: str = "the configuration") -> Config:
    """The configuration that `values` describe; ConfigError names every key that is wrong."""
    try:
        return TypeAdapter(Config).validate_python(_with_defaults(values))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: "
            + ("unknown key" if fault["type"] == "unexpected_keyword_argument" else fault["msg"])
            for fault in error.errors()
        )
        raise ConfigError(f"In {where}, {faults}.") from None


def load(path: Path) -> Config:
    """Read a TOML file; what it does not name keeps its default."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration {path}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not a TOML file: {error}.") from None
    return check(values, str(path))
