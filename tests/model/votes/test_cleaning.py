import pandas as pd

from model.votes import cleaning
from model.votes import reading as votes


def frame_of(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(votes.COLUMNS))


def rows(frame: pd.DataFrame) -> list[tuple[str, str, int, str]]:
    return list(frame.itertuples(index=False, name=None))


FRAME = frame_of(
    ("a", "b", 1, "safety"),
    ("a", "b", 1, "safety"),
    ("b", "a", 1, "safety"),
    ("a", "c", 1, "safety"),
    ("a", "c", 0, "safety"),
    ("a", "c", 0, "lively"),
    ("a", "gone", 0, "lively"),
)


def test_cleans_as_the_authors_did_and_counts_votes_and_photos() -> None:
    kept, dropped = cleaning.clean(
        FRAME,
        {
            "missing": lambda frame: cleaning.drop_missing(frame, {"a", "b", "c"}),
            "repeats": cleaning.drop_repeats,
        },
    )
    assert rows(kept) == [
        ("a", "b", 1, "safety"),
        ("b", "a", 1, "safety"),
        ("a", "c", 0, "lively"),
    ]
    # Of the votes on safety, only the two that differed were on c.
    assert dropped == {
        "missing": {"safety": (0, 0), "lively": (1, 1)},
        "repeats": {"safety": (3, 1), "lively": (0, 0)},
    }


def test_a_rule_that_is_not_asked_for_drops_nothing() -> None:
    kept, dropped = cleaning.clean(FRAME, {})
    assert rows(kept) == rows(FRAME)
    assert dropped == {}


def test_repeats_are_found_whichever_photo_stood_on_the_left() -> None:
    found = cleaning.repeated(
        frame_of(
            ("b", "a", 1, "safety"),
            ("a", "b", 1, "safety"),
            ("a", "b", 0, "lively"),
            ("c", "a", -1, "safety"),
        )
    )
    assert rows(found) == [("a", "b", -1, "safety"), ("a", "b", 1, "safety")]
