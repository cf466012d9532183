from dataclasses import replace

from app.demo import up
from model.config import Config, load


def test_the_demo_trains_as_everyone_does_but_gives_its_scenes_away() -> None:
    config = load(up.TRAINING)
    assert config.release.examples
    assert "CC0-1.0" in config.release.licence
    assert replace(config, release=Config().release) == Config()
