import re
import tomllib
from pathlib import Path

import pytest

from model.config import Config, check, load
from model.errors import ConfigError


def test_what_is_not_named_keeps_its_default(tmp_path: Path) -> None:
    file = tmp_path / "train.toml"
    file.write_text("[fitting]\nepochs = 3\n[votes]\nattributes = ['safety']\n")
    config = load(file)
    assert config.fitting.epochs == 3
    assert config.votes.attributes == ("safety",)
    assert config.loss == Config().loss


def test_a_trained_trunk_has_the_defaults_of_the_authors() -> None:
    config = check({"network": {"train_trunk": True}, "fitting": {"epochs": 2}})
    assert (config.network.hidden, config.network.pooling) == (4096, "last")
    assert (config.fitting.epochs, config.fitting.batch) == (2, 32)
    assert config.fitting.weight_decay == 1e-5
    assert check(config.as_dict()) == config


def test_survives_its_own_description() -> None:
    config = check({"views": {"crops": 5}, "preprocessing": {"fit": "crop"}})
    assert check(config.as_dict()) == config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fitting]\nepoch = 3\n", "fitting.epoch: unknown key"),
        ("[fiting]\n", "fiting: unknown key"),
        ("epochs = 3\n", "epochs: unknown key"),
        ("[fitting]\nepochs = 0\n", "fitting.epochs"),
        ("[fitting]\nepochs = 'many'\n", "fitting.epochs"),
        ("[fitting]\nschedule = 'linear'\n", "fitting.schedule"),
        ("[split]\ntrain = 0.9\nvalidation = 0.2\n", "less than 1"),
        ("[views]\ncrop_area = [0.9, 0.6]\n", "crop_area"),
        ("[preprocessing]\nmean = [0.5]\n", "preprocessing.mean"),
        ("[preprocessing]\nsize = 224\n", "preprocessing.size: unknown key"),
        ("[fitting\n", "not a TOML file"),
    ],
)
def test_refuses_what_it_does_not_know(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "train.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration"):
        load(tmp_path / "train.toml")


def test_the_documentation_shows_every_default() -> None:
    text = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    shown, defaults = tomllib.loads(block), Config().as_dict()
    assert check(shown) == Config()
    for section, values in defaults.items():
        named = {key for key, value in values.items() if value is not None}
        assert set(shown[section]) == named
