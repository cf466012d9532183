import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from app.attributes import KEYS
from app.demo import places, report
from app.errors import BadFile

CODES = [f"131{n:02d}" for n in range(1, 33)]
GOOD = {key: report.HeldOut(0.70, 0.75, 500) for key in KEYS}


def means(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, index=pd.Index(CODES[: len(values)]), columns=list(KEYS))


def human() -> pd.DataFrame:
    return places.human_table()[list(KEYS)]


def test_what_is_found_exactly_reaches_every_bound_in_any_order_and_unit() -> None:
    model = (human() * 3 + 500).sample(frac=1, random_state=1)[list(reversed(KEYS))]
    findings = report.compare(model, human(), human(), GOOD)
    assert [one.attribute for one in findings] == list(KEYS)
    for one in findings:
        assert one.hidden == one.human == pytest.approx(1)
        assert one.residual == pytest.approx(1)
        assert one.nearest == one.attribute
        assert one.missed() == []


def test_one_map_shown_six_times_passes_the_ranks_and_only_those() -> None:
    turn = np.array([1, 1, -1, 1, -1, 1])
    table = human()
    axis = ((table - table.mean()) / table.std() * turn).mean(axis=1)
    model = pd.DataFrame(np.outer(axis, turn), index=table.index, columns=table.columns)
    model += np.random.default_rng(0).normal(0, 0.01, model.shape)
    findings = report.compare(model, table, table, GOOD)
    assert all(one.human >= 0.8 for one in findings)
    assert len({one.nearest for one in findings}) < 6
    assert all(any("common axis" in words for words in one.missed()) for one in findings)


def test_swapped_rankers_are_named() -> None:
    model = human().rename(columns={"safety": "lively", "lively": "safety"})
    findings = {one.attribute: one for one in report.compare(model, human(), human(), GOOD)}
    assert findings["safety"].nearest == "lively"
    assert findings["lively"].nearest == "safety"
    assert "nearest to lively" in findings["safety"].missed()


def test_a_turned_ranker_is_nearest_to_its_own_but_misses_the_ranks() -> None:
    model = human().assign(boring=-human()["boring"])
    one = {one.attribute: one for one in report.compare(model, human(), human(), GOOD)}["boring"]
    assert one.nearest == "boring"
    assert one.human == pytest.approx(-1)
    assert len(one.missed()) >= 2


def test_the_residual_by_hand() -> None:
    values = np.array([[0.0, 0, 4, 0, 4, 0], [2, 4, 0, 2, 0, 2]])
    found = report.residual(means(values))
    # Standardised and turned, every column is -1, 1: nothing is left of the common axis.
    assert np.abs(found.to_numpy()).max() == pytest.approx(0)
    values = np.array([[0.0, 2, 4, 0, 4, 0], [2, 0, 0, 2, 0, 2]])
    # One of six columns goes against the others: rows are (-1, 1, -1, -1, -1, -1) and its mirror,
    # with means -2/3 and 2/3.
    expected = np.array([-1, 5, -1, -1, -1, -1]) / 3
    assert report.residual(means(values)).iloc[0].to_numpy() == pytest.approx(expected)


def test_spearman_is_the_correlation_of_ranks_with_ties() -> None:
    rng = np.random.default_rng(3)
    first, second = (
        means(rng.integers(0, 6, (32, 6)).astype(float)),
        means(rng.normal(size=(32, 6))),
    )
    expected = np.corrcoef(first.rank().T, second.rank().T)[:6, 6:]
    assert report.spearman(first, second) == pytest.approx(expected)


@pytest.mark.parametrize("wrong", ["missing", "empty"])
def test_a_table_that_lacks_a_comuna_is_refused(wrong: str) -> None:
    model = human()
    if wrong == "missing":
        model = model.drop(index="13101")
    else:
        model.loc["13101", "safety"] = np.nan
    with pytest.raises(BadFile, match="The model means"):
        report.compare(model, human(), human(), GOOD)


def test_hidden_means_are_those_of_the_places_in_a_comuna() -> None:
    rows = pd.DataFrame(
        [["a", "13101", *[1.0] * 6], ["b", "13101", *[2.0] * 6], ["c", "13102", *[5.0] * 6]],
        columns=["key", "comuna_code", *KEYS],
    )
    found = report.hidden_means(rows)
    assert found.loc["13101"].tolist() == [1.5] * 6
    assert found.loc["13102"].tolist() == [5.0] * 6


def votes(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(rows, columns=["left", "right", "winner"]).assign(attribute=key)
            for key in KEYS
        ],
        ignore_index=True,
    )


HIDDEN = pd.DataFrame(
    [[3.0] * 6, [2.0] * 6, [1.0] * 6, [0.0] * 6], index=list("abcd"), columns=list(KEYS)
)


def test_the_oracle_is_the_sign_of_the_true_difference_on_untied_votes_of_two_new_scenes() -> None:
    cast = votes(
        ("a", "b", 1), ("b", "a", -1), ("c", "a", -1), ("b", "c", -1), ("a", "b", 0), ("a", "d", -1)
    )
    metrics = {key: {"accuracy": 0.65, "votes": 4} for key in KEYS}
    found = report.held_out(cast, HIDDEN, {"a", "b", "c"}, metrics)
    for key in KEYS:
        assert found[key] == report.HeldOut(0.65, 0.75, 4)
        assert found[key].ratio == pytest.approx(0.15 / 0.25)


@pytest.mark.parametrize("said", [{"accuracy": 0.65, "votes": 5}, {"accuracy": None, "votes": 1}])
def test_votes_that_are_not_those_of_the_release_are_refused(said: dict[str, float | None]) -> None:
    metrics = dict.fromkeys(KEYS, said)
    with pytest.raises(BadFile, match="Give the votes that it was trained on"):
        report.held_out(votes(("a", "b", 1)), HIDDEN, {"a", "b"}, metrics)


def test_each_bound_is_checked_and_nan_reaches_none() -> None:
    fine = report.Finding("safety", 0.85, 0.85, "safety", 0.50, report.HeldOut(0.675, 0.75, 500))
    assert fine.missed() == []
    for changed in (
        {"hidden": 0.849},
        {"human": float("nan")},
        {"nearest": "lively"},
        {"residual": 0.499},
        {"held_out": report.HeldOut(0.674, 0.75, 500)},
    ):
        assert len(dataclasses.replace(fine, **changed).missed()) == 1, changed


def test_the_table_says_what_it_is_and_marks_what_misses() -> None:
    findings = report.compare(human(), human(), human(), GOOD)
    findings[0] = dataclasses.replace(findings[0], residual=0.1)
    console = Console(width=160, file=io.StringIO())
    with console.capture() as captured:
        console.print(report.table(findings))
    text = " ".join(captured.get().split())
    assert "The demo finds the pattern that was drawn into it" in text
    assert "accuracy" not in text
    assert text.count("✗") == 1
    assert "5 of 6 attributes reach every bound" in text
