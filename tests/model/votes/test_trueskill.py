from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from model.errors import VotesError
from model.votes import trueskill

SAFETY, LIVELY = "50a68a51fdc9f05596000002", "50f62c41a84ea7c5fdd2e454"


def test_reads_the_real_scores(shared_data: Path) -> None:
    frame = trueskill.read(shared_data / "place_pulse" / "qscores.tsv")
    assert list(frame.itertuples(index=False, name=None)) == [
        ("513d5c7afdc9f03587003718", "safety", 25.9862708308, 5),
        ("513d61e8fdc9f03587003edd", "safety", 16.8931801005, 4),
    ]


def test_leaves_out_unknown_studies_and_missing_scores(tmp_path: Path) -> None:
    file = tmp_path / "qscores.tsv"
    file.write_text(
        "\t_id\tlocation_id\tnum_votes\tplace_id\tstudy_id\ttrueskill.score\n"
        f"0\tx\ta\t5\tp\t{LIVELY}\t20.5\n"
        f"1\tx\tb\t5\tp\t{SAFETY}\t\n"
        "2\tx\tc\t5\tp\tffff\t20.5\n"
    )
    frame = trueskill.read(file)
    assert list(frame.itertuples(index=False, name=None)) == [("a", "lively", 20.5, 5)]


def test_refuses_what_holds_no_scores(tmp_path: Path) -> None:
    file = tmp_path / "qscores.tsv"
    with pytest.raises(VotesError, match="There is no file of scores"):
        trueskill.read(file)
    file.write_text("location_id\tstudy_id\n")
    with pytest.raises(VotesError, match=r"no column num_votes, trueskill\.score"):
        trueskill.read(file)
    with pytest.raises(VotesError, match="is a folder"):
        trueskill.read(tmp_path)


def test_correlates_the_photos_of_both() -> None:
    rng = np.random.default_rng(0)
    photos = [f"p{number}" for number in range(60)]
    truth = rng.normal(size=60)
    scores = pd.DataFrame(
        {"photo": photos[:50], "attribute": "safety", "score": truth[:50], "votes": 4}
    )
    raw = pd.Series(truth + rng.normal(size=60), index=photos)[10:]
    found = trueskill.correlate(scores, raw, 100)
    assert found["spearman"] == pytest.approx(spearmanr(raw[:40], truth[10:50]).statistic)
    assert (found["photos"], found["votes"]) == (40, 160)
    assert found["ci95"][0] < found["spearman"] < found["ci95"][1]
    few = trueskill.correlate(scores, raw, 161)
    assert few == {"spearman": None, "ci95": None, "photos": 40, "votes": 160}
    assert trueskill.correlate(scores, raw[:9], 1)["spearman"] is None
