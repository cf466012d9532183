import numpy as np
import pandas as pd
import pytest

from app.attributes import KEYS
from app.demo import city, qualities, raters

Cast = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def cast() -> Cast:
    recipe = city.Recipe(seed=11, places=1, scenes=2000, votes=20_000)
    table, _, votes = city.plan_training(recipe)
    return table, votes


def test_11_to_16_of_100_votes_are_ties(cast: Cast) -> None:
    _, votes = cast
    for key in KEYS:
        ties = (votes.loc[votes["category"] == key, "winner"] == "equal").mean()
        assert 0.11 <= ties <= 0.16, key


def test_a_pair_asked_twice_gets_the_same_untied_answer_in_62_to_68_of_100_cases() -> None:
    hidden = qualities.of_scenes(2000, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    left, right = rng.integers(0, 2000, (2, 200_000))
    for column in range(6):
        difference = hidden[left, column] - hidden[right, column]
        first, second = raters.answers(difference, rng), raters.answers(difference, rng)
        both = (first != 0) & (second != 0)
        assert 0.62 <= (first[both] == second[both]).mean() <= 0.68


def test_the_repeats_in_the_file_show_the_same(cast: Cast) -> None:
    _, votes = cast
    untied = votes[votes["winner"] != "equal"]
    groups = untied.groupby(["left_id", "right_id", "category"])["winner"]
    asked = groups.agg(["size", "nunique"]).query("size == 2")
    assert len(asked) > 1000
    assert 0.60 <= (asked["nunique"] == 1).mean() <= 0.70


def test_the_file_has_the_format_of_place_pulse(cast: Cast) -> None:
    table, votes = cast
    assert tuple(votes.columns) == raters.COLUMNS
    assert votes["category"].value_counts().to_dict() == dict.fromkeys(KEYS, 20_000)
    assert set(votes["winner"]) == {"left", "right", "equal"}
    assert votes["left_id"].str.fullmatch("[0-9a-f]{24}").all()
    assert set(votes["left_id"]) | set(votes["right_id"]) <= set(table["id"])
    assert (votes["left_id"] != votes["right_id"]).all()


def test_the_winner_is_more_often_the_one_with_more_of_the_quality(cast: Cast) -> None:
    table, votes = cast
    hidden = table.set_index("id")
    for key in KEYS:
        own = votes[(votes["category"] == key) & (votes["winner"] != "equal")]
        left_has_more = (
            hidden.loc[own["left_id"], key].to_numpy() > hidden.loc[own["right_id"], key].to_numpy()
        )
        oracle = (left_has_more == (own["winner"] == "left").to_numpy()).mean()
        assert 0.70 < oracle < 0.80, key


def test_equal_scenes_are_a_tie_or_a_coin() -> None:
    seen = raters.answers(np.zeros(100_000), np.random.default_rng(0))
    shares = pd.Series(seen).value_counts(normalize=True)
    assert abs(shares[1] - shares[-1]) < 0.01
