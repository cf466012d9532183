"""Tables of precomputed scores, with and without photos, whole and broken."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import releases, totals
from app.attributes import KEYS
from app.db import SessionFactory
from app.errors import BadFile, BadRequest, NameTaken
from app.imports import scores as importing
from app.imports.summary import Summary
from app.scores import place_on_scale
from app.tables import Photo, ReferenceSet, Release, Scale, score
from tests.builders import make_layer, make_photo, make_release, square
from tests.imports.conftest import SANTIAGO, WriteTable

LAT, LON = SANTIAGO
COLUMNS = "photo_key,lat,lon," + ",".join(KEYS)


@pytest.fixture
def run(factory: SessionFactory) -> Any:
    def run(path: Path, release: str = "human", **options: Any) -> Summary:
        return importing.run(
            factory, path, release=release, **({"source": "Place Pulse 2.0"} | options)
        )

    return run


def row(key: str, *raws: object, lat: float = LAT, lon: float = LON) -> list[object]:
    return [key, lat, lon, *raws]


def stored(session: Session, name: str = "human") -> dict[str, dict[str, Any]]:
    query = (
        select(Photo.source_key, score)
        .join(Photo, Photo.id == score.c.photo_id)
        .join(Release, Release.id == score.c.release_id)
        .where(Release.name == name)
    )
    return {each["source_key"]: dict(each) for each in session.execute(query).mappings()}


def test_places_become_photos_and_rows_become_scores(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    raws = np.random.default_rng(1).normal(1000, 20, (40, 6)).round(2)
    rows = [row(f"place {i}", *raws[i], lat=LAT + i / 1000) for i in range(40)]
    summary = run(write_table(COLUMNS, *rows), licence="research only")
    assert (summary.accepted, summary.duplicates, summary.rejected) == (40, 0, [])
    assert summary.notes == [
        "no city is loaded, so the scale is made of all places",
        "release human is the first one and is shown now",
    ]
    found = stored(session)
    for column, key in enumerate(KEYS):
        places = place_on_scale(raws[:, column], np.sort(raws[:, column]))
        for i in range(40):
            assert found[f"place {i}"][f"raw_{key}"] == raws[i, column]
            assert found[f"place {i}"][f"score_{key}"] == places[i]
    photo = session.scalars(select(Photo).where(Photo.source_key == "place 3")).one()
    assert (photo.source, photo.licence, photo.attribution) == (
        "place-pulse-2.0",
        "research only",
        "Place Pulse 2.0",
    )
    assert (photo.sha256, photo.storage_key, photo.width_px) == (None, None, None)
    release = releases.get(session)
    assert (release.name, release.kind, release.state) == ("human", "imported", "ready")
    assert release.manifest["source"] == "Place Pulse 2.0"
    assert release.manifest["rows"] == 40
    assert releases.published(session) == {release.id: 40}
    assert totals.check(session) == []


def test_missing_values_are_missing_and_not_zero(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    table = write_table(
        "key,lat,lon,safety,boring,comuna",
        ["a", LAT, LON, "1.5", "", "13101"],
        ["b", LAT, LON, "", "2", "13101"],
        ["c", LAT, LON, "", "", "13101"],
    )
    summary = run(table)
    assert summary.accepted == 3
    assert summary.notes[:3] == [
        "no column, so no score: lively, wealthy, depressing, beautiful",
        "columns that mean nothing here: comuna",
        "1 rows have no score at all",
    ]
    found = stored(session)
    assert set(found) == {"a", "b"}
    assert (found["a"]["score_safety"], found["a"]["score_boring"]) == (500, None)
    assert (found["b"]["score_safety"], found["b"]["score_boring"]) == (None, 500)
    assert session.scalar(select(func.count()).select_from(Photo)) == 3
    assert set(session.scalars(select(Scale.attribute))) == {"safety", "boring"}


def test_each_bad_row_is_named_and_the_rest_goes_on(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    make_layer(session, "city", {"city": square(LON - 0.2, LAT - 0.2, 0.4)})
    session.commit()
    table = write_table(
        COLUMNS,
        row("good", 1, 2, 3, 4, 5, 6),
        row("good", 9, 9, 9, 9, 9, 9),
        row("", 1, 2, 3, 4, 5, 6),
        row("word", 1, "high", 3, 4, 5, 6),
        row("nan", 1, "nan", 3, 4, 5, 6),
        row("inf", "-inf", 2, 3, 4, 5, 6),
        row("swapped", 1, 2, 3, 4, 5, 6, lat=LON, lon=LAT),
        row("impossible", 1, 2, 3, 4, 5, 6, lat=95),
        ["nowhere", "", "", 1, 2, 3, 4, 5, 6],
        row("short", 1, 2),
        row("=cmd|' /C calc'!A0", 2, 3, 4, 5, 6, 7),
    )
    summary = run(table)
    assert {each.where: each.code for each in summary.rejected} == {
        "line 3": "second-row",
        "line 4": "bad-row",
        "line 5": "not-a-number",
        "line 6": "not-a-number",
        "line 7": "not-a-number",
        "line 8": "swapped-position",
        "line 9": "impossible-position",
        "line 10": "no-position",
        "line 11": "bad-row",
    }
    assert summary.accepted == 2
    assert set(stored(session)) == {"good", "=cmd|' /C calc'!A0"}
    assert summary.rejected_file == table.with_name("table.rejected.csv")


def test_the_same_file_again_changes_nothing(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    table = write_table(COLUMNS, row("a", 1, 2, 3, 4, 5, 6), row("b", 2, 2, 3, 4, 5, 6))
    run(table)
    before, version = stored(session), releases.get(session).version
    summary = run(table)
    assert (summary.accepted, summary.duplicates, summary.rejected) == (0, 2, [])
    assert summary.notes == ["release human was made of this very file; nothing was changed"]
    session.expire_all()
    assert stored(session) == before
    assert releases.get(session).version == version
    other = write_table(COLUMNS, row("a", 7, 2, 3, 4, 5, 6), name="other.csv")
    with pytest.raises(NameTaken, match="releases delete human"):
        run(other)
    assert stored(session) == before


def test_another_release_finds_the_places_that_are_there(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    table = write_table(COLUMNS, row("a", 1, 2, 3, 4, 5, 6), row("b", 2, 2, 3, 4, 5, 6))
    run(table)
    run(write_table("key,safety", ["b", 5], ["a", 6], name="model.csv"), release="model")
    assert session.scalar(select(func.count()).select_from(Photo)) == 2
    assert stored(session, "model")["a"]["score_safety"] == 750
    assert releases.get(session).name == "human"
    assert totals.check(session) == []


def test_scores_of_photos_with_images(session: Session, write_table: WriteTable, run: Any) -> None:
    here = make_photo(session, LON, LAT, source="street", source_key="a/1.jpg")
    make_photo(session, LON, LAT, source="other", source_key="a/2.jpg")
    session.commit()
    table = write_table(
        "filename,lat,lon,safety",
        ["a/1.jpg", LAT + 1, LON, 3],
        ["a/2.jpg", LAT, LON, 4],
        ["a/3.jpg", "", "", 4],
    )
    summary = run(table, source="Street")
    assert {each.where: each.code for each in summary.rejected} == {"line 4": "no-position"}
    assert "1 rows are over 100 m from their photo, whose position counts" in summary.notes
    ids = session.scalars(select(score.c.photo_id).order_by(score.c.photo_id)).all()
    assert ids[0] == here.id
    new = session.get_one(Photo, ids[1])
    assert (new.source, new.source_key, new.sha256) == ("street", "a/2.jpg", None)


def test_the_scale_is_made_of_the_places_in_the_city(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    make_layer(session, "city", {"city": square(LON - 0.1, LAT - 0.1, 0.2)})
    make_photo(session, LON, LAT)
    session.commit()
    inside = [row(f"in {i}", *[i] * 6) for i in range(5)]
    outside = [row(f"out {i}", *[100 + i] * 6, lat=30.5, lon=114.4) for i in range(5)]
    summary = run(write_table(COLUMNS, *inside, *outside))
    assert "the scale is made of 5 places in the city" in summary.notes
    found = stored(session)
    assert [found[f"in {i}"]["score_safety"] for i in range(5)] == [100, 300, 500, 700, 900]
    assert {found[f"out {i}"]["score_safety"] for i in range(5)} == {1000}
    references = session.scalars(select(ReferenceSet)).one()
    assert (references.n, references.whole_city) == (5, True)
    assert releases.get(session).reference_set_id == references.id


def test_no_place_in_the_city_is_no_scale(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    make_layer(session, "city", {"city": square(LON - 0.1, LAT - 0.1, 0.2)})
    session.commit()
    with pytest.raises(BadFile, match="--layer city --replace"):
        run(write_table(COLUMNS, row("a", 1, 2, 3, 4, 5, 6, lat=30.5, lon=114.4)))
    assert session.scalar(select(func.count()).select_from(Photo)) == 0


def test_a_second_release_does_not_push_itself_forward(
    session: Session, write_table: WriteTable, run: Any
) -> None:
    make_release(session, "first", active=True)
    session.commit()
    run(write_table(COLUMNS, row("a", 1, 2, 3, 4, 5, 6)))
    assert releases.get(session).name == "first"


def test_files_that_are_no_scores(
    session: Session, write_table: WriteTable, run: Any, tmp_path: Path
) -> None:
    good = write_table(COLUMNS, row("a", 1, 2, 3, 4, 5, 6), name="good.csv")
    with pytest.raises(BadFile, match="no table of scores: the column photo_key is missing"):
        run(write_table("place,lat,lon,safety", ["a", LAT, LON, 1]))
    with pytest.raises(BadFile, match="no table of scores: the column safety, lively"):
        run(write_table("key,lat,lon,noise", ["a", LAT, LON, 1]))
    with pytest.raises(BadFile, match=r"No row of .* can be used \(2 × not-a-number\)"):
        run(write_table("key,lat,lon,safety", ["a", LAT, LON, "x"], ["b", LAT, LON, "y"]))
    with pytest.raises(BadRequest, match="cannot name a release"):
        run(good, release="no/good")
    with pytest.raises(BadFile, match="at least one letter"):
        run(good, source="¿?")
    with pytest.raises(BadFile, match="There is no file"):
        run(tmp_path / "gone.csv")
    assert session.scalars(select(Release)).all() == []
    assert session.scalar(select(func.count()).select_from(Photo)) == 0


@pytest.mark.parametrize("at", ["scores.write", "totals.publish", "releases.activate"])
def test_a_failure_half_way_leaves_no_half(
    session: Session,
    write_table: WriteTable,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    table = write_table(COLUMNS, row("a", 1, 2, 3, 4, 5, 6))
    module, name = at.split(".")
    with monkeypatch.context() as patch:
        patch.setattr(getattr(importing, module), name, lambda *_, **__: math.log(0))
        with pytest.raises(ValueError, match="math domain"):
            run(table)
    for counted in (Photo.__table__, Release.__table__, score, Scale.__table__):
        assert session.scalar(select(func.count()).select_from(counted)) == 0
    assert run(table).accepted == 1
    assert totals.check(session) == []
