"""Scores against the formula written as a loop, and against what the tables then hold."""

import hashlib
import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import scores
from app.attributes import KEYS
from app.db import make_engine, session_factory
from app.errors import Conflict
from app.tables import (
    Pending,
    Photo,
    ReferenceOutput,
    ReferenceSet,
    Release,
    Scale,
    score,
)
from tests.builders import make_layer, make_photo, make_release, square

# Few different values, so that ties are the rule.
coarse = st.integers(-4, 4).map(lambda n: n / 4)
fine = st.floats(-1e6, 1e6)
raw_outputs = st.one_of(coarse, fine)


def by_loop(raw: float, references: list[float]) -> int:
    below = equal = 0
    for reference in references:
        below += reference < raw
        equal += reference == raw
    # Python rounds a fraction's half to the even neighbour.
    return round(Fraction(1000) * (below + Fraction(equal, 2)) / len(references))


@settings(deadline=None)
@given(st.lists(raw_outputs, min_size=1, max_size=60), st.lists(raw_outputs, max_size=20))
def test_the_place_is_the_formula(references: list[float], raws: list[float]) -> None:
    places = scores.place_on_scale(references + raws, np.sort(references))
    assert places.tolist() == [by_loop(raw, references) for raw in references + raws]
    assert places.min() >= 0
    assert places.max() <= 1000


@settings(deadline=None)
@given(st.lists(raw_outputs, min_size=1, max_size=60))
def test_turning_the_order_round_mirrors_every_score(references: list[float]) -> None:
    values = np.array(references)
    up = scores.place_on_scale(values, np.sort(values))
    down = scores.place_on_scale(-values, np.sort(-values))
    assert (up + down == 1000).all()


@settings(deadline=None)
@given(st.lists(raw_outputs, min_size=1, max_size=200))
def test_the_reference_mean_is_the_middle(references: list[float]) -> None:
    values = np.array(references)
    assert scores.place_on_scale(values, np.sort(values)).mean() == pytest.approx(500, abs=0.5)


@settings(deadline=None)
@given(st.lists(raw_outputs, min_size=1, max_size=60), raw_outputs, raw_outputs)
def test_a_higher_raw_output_never_scores_lower(
    references: list[float], one: float, other: float
) -> None:
    low, high = scores.place_on_scale(sorted((one, other)), np.sort(references))
    assert low <= high


def test_halves_go_to_the_even_neighbour() -> None:
    references = np.arange(2000.0)
    # A reference photo is 1000 · (i + ½) / 2000 = i/2 + ¼; between two, exactly i/2.
    places = scores.place_on_scale([0.5, 2.5, 4.5, 6.5], references)
    assert places.tolist() == [0, 2, 2, 4]


@pytest.mark.parametrize("raw", [math.nan, math.inf, -math.inf])
def test_only_finite_raw_outputs_have_a_place(raw: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        scores.place_on_scale([1.0, raw], np.array([0.0]))


def test_an_empty_scale_has_no_places() -> None:
    with pytest.raises(ValueError, match="some photos"):
        scores.place_on_scale([1.0], np.array([]))


def photos(session: Session, number: int, *, image: bool = True) -> list[int]:
    """A row of photos, each in a zoom-16 cell of its own."""
    return [make_photo(session, -70.7 + 0.01 * i, -33.4, image=image).id for i in range(number)]


def six(value: float | None) -> dict[str, float | None]:
    return dict.fromkeys(KEYS, value)


def stored(session: Session, release: Release) -> dict[int, dict[str, float | None]]:
    rows = session.execute(select(score).where(score.c.release_id == release.id)).mappings()
    return {row["photo_id"]: dict(row) for row in rows}


def pending(session: Session, release: Release) -> list[list[int]]:
    query = select(Pending.photo_ids).where(Pending.release_id == release.id).order_by(Pending.id)
    return list(session.scalars(query))


def test_scores_and_raw_outputs_are_written_together(session: Session) -> None:
    release = make_release(session)
    ids = photos(session, 4)
    scores.keep_scale(session, release.id, {i: six(float(i)) for i in range(10)})
    raws: dict[int, scores.Raws] = {
        ids[0]: six(-5.0),
        ids[1]: {**six(4.0), "boring": None, "wealthy": math.nan, "beautiful": math.inf},
        ids[2]: {"safety": 4.5},
        ids[3]: {**six(None), "lively": math.nan},
    }
    assert scores.write(session, release.id, raws) == ids[:3]
    rows = stored(session, release)
    assert set(rows) == set(ids[:3])
    assert all(rows[ids[0]][f"score_{key}"] == 0 for key in KEYS)
    assert rows[ids[1]]["score_safety"] == 450
    assert rows[ids[1]]["raw_safety"] == 4.0
    for key in ("boring", "wealthy", "beautiful"):
        assert rows[ids[1]][f"raw_{key}"] is None
        assert rows[ids[1]][f"score_{key}"] is None
    assert rows[ids[2]]["score_safety"] == 500
    assert rows[ids[2]]["score_lively"] is None
    assert pending(session, release) == [ids[:3]]


def test_what_is_written_already_or_gone_is_left_out(session: Session) -> None:
    release = make_release(session)
    one, other = photos(session, 2)
    scores.keep_scale(session, release.id, {one: six(1.0), other: six(2.0)})
    assert scores.write(session, release.id, {one: six(1.0)}) == [one]
    again = {one: six(9.0), other: six(2.0), other + 1000: six(3.0)}
    assert scores.write(session, release.id, again) == [other]
    assert stored(session, release)[one]["raw_safety"] == 1.0
    assert scores.write(session, release.id, again) == []
    assert pending(session, release) == [[one], [other]]


def test_an_attribute_without_references_has_raw_outputs_and_no_scores(session: Session) -> None:
    release = make_release(session)
    (one,) = photos(session, 1)
    scores.keep_scale(session, release.id, {one: {"safety": 1.0}})
    scores.write(session, release.id, {one: six(1.0)})
    row = stored(session, release)[one]
    assert (row["score_safety"], row["score_lively"], row["raw_lively"]) == (500, None, 1.0)


def test_nothing_is_written_without_a_scale(session: Session) -> None:
    release = make_release(session)
    (one,) = photos(session, 1)
    with pytest.raises(scores.NoScale, match="has no scale yet"):
        scores.write(session, release.id, {one: six(1.0)})


def keep_outputs(session: Session, release: Release, raws: dict[int, list[float | None]]) -> None:
    for photo_id, raw in raws.items():
        session.add(ReferenceOutput(release_id=release.id, photo_id=photo_id, raw=raw))
    session.flush()


def test_freezing_makes_the_scale_and_scores_the_references(session: Session) -> None:
    release = make_release(session, kind="rankers", state="scoring")
    ids = photos(session, 5)
    raws: dict[int, list[float | None]] = {
        photo_id: [float(i), None, -float(i), 7.0, math.nan, float(i)]
        for i, photo_id in enumerate(reversed(ids))
    }
    keep_outputs(session, release, raws)
    assert scores.freeze(session, release) == ids
    scale = scores.scales(session, release.id)
    assert set(scale) == {"safety", "boring", "wealthy", "beautiful"}
    assert scale["boring"].tolist() == [-4.0, -3.0, -2.0, -1.0, 0.0]
    rows = stored(session, release)
    assert [rows[i]["score_safety"] for i in ids] == [900, 700, 500, 300, 100]
    assert [rows[i]["score_boring"] for i in ids] == [100, 300, 500, 700, 900]
    assert {row["score_wealthy"] for row in rows.values()} == {500}
    assert session.scalar(select(func.count()).select_from(ReferenceOutput)) == 0
    assert pending(session, release) == [ids]


def test_a_frozen_scale_never_changes(session: Session) -> None:
    release = make_release(session, kind="rankers", state="scoring")
    one, other = photos(session, 2)
    keep_outputs(session, release, {one: [1.0] * 6})
    scores.freeze(session, release)
    keep_outputs(session, release, {other: [2.0] * 6})
    assert scores.freeze(session, release) == []
    assert scores.scales(session, release.id)["safety"].tolist() == [1.0]
    before = stored(session, release)
    scores.write(session, release.id, {other: six(5.0)})
    assert stored(session, release)[one] == before[one]
    assert stored(session, release)[other]["score_safety"] == 1000


def test_a_scale_of_nothing_is_refused(session: Session) -> None:
    release = make_release(session, kind="rankers", state="scoring")
    with pytest.raises(scores.NoReferencePhotos):
        scores.freeze(session, release)
    assert session.scalar(select(func.count()).select_from(Scale)) == 0


def test_two_workers_freeze_one_scale(clean_database: str) -> None:
    """The second waits for the first and finds its scale."""
    engine = make_engine(clean_database)
    factory = session_factory(engine)
    with factory.begin() as session:
        release = make_release(session, kind="rankers", state="scoring")
        ids = photos(session, 3)
        keep_outputs(session, release, {i: [float(i)] * 6 for i in ids})
    with factory() as first, factory() as second:
        second.execute(text("SET lock_timeout = '300ms'"))
        assert scores.freeze(first, first.get_one(Release, release.id)) == ids
        late = second.get_one(Release, release.id)
        with pytest.raises(Exception, match="lock timeout"):
            scores.freeze(second, late)
        second.rollback()
        first.commit()
        assert scores.freeze(second, second.get_one(Release, release.id)) == []
    engine.dispose()


def test_a_deleted_photo_does_not_stop_a_job(clean_database: str) -> None:
    """A deletion that holds the photo first wins; the job goes on with the others."""
    engine = make_engine(clean_database)
    factory = session_factory(engine)
    with factory.begin() as session:
        release = make_release(session)
        gone, stays = photos(session, 2)
        scores.keep_scale(session, release.id, {stays: six(1.0)})
    with factory() as deleting, factory() as job:
        deleting.execute(select(Photo.id).where(Photo.id == gone).with_for_update())
        job.execute(text("SET lock_timeout = '300ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            scores.write(job, release.id, {gone: six(1.0), stays: six(1.0)})
        job.rollback()
        deleting.execute(text("DELETE FROM photo WHERE id = :id"), {"id": gone})
        deleting.commit()
        assert scores.write(job, release.id, {gone: six(1.0), stays: six(1.0)}) == [stays]
        job.commit()
    engine.dispose()


def test_reference_photos_are_spread_evenly_over_cells(session: Session) -> None:
    """One cell of 40 photos, twenty cells of 2: each cell gives one before any gives two."""
    crowd = [make_photo(session, -70.6, -33.4).id for _ in range(40)]
    pairs = [
        [make_photo(session, -70.5 + 0.01 * cell, -33.4).id for _ in range(2)] for cell in range(20)
    ]
    cell_of = dict.fromkeys(crowd, -1) | {i: cell for cell, pair in enumerate(pairs) for i in pair}

    def counts(limit: int, seed: int = 1) -> Counter[int]:
        return Counter(cell_of[i] for i in scores.reference_photos(session, seed, limit))

    assert set(counts(21).values()) == {1}
    assert set(counts(42).values()) == {2}
    assert counts(50)[-1] == 10
    assert sum(counts(1000).values()) == 80
    chosen = scores.reference_photos(session, 1, 30)
    assert chosen == sorted(chosen) == scores.reference_photos(session, 1, 30)
    assert chosen != scores.reference_photos(session, 2, 30)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_fewer_photos_are_a_part_of_more(engine: object, seed: int) -> None:
    """So a limit that is raised keeps what was chosen."""
    with session_factory(engine)() as session:  # type: ignore[arg-type]
        for i in range(12):
            make_photo(session, -70.6 + 0.005 * (i // 3), -33.4)
        chosen = [set(scores.reference_photos(session, seed, limit)) for limit in range(1, 13)]
        assert all(fewer < more for fewer, more in pairwise(chosen))
        session.rollback()


def test_only_photos_of_the_city_with_an_image_are_references(session: Session) -> None:
    make_layer(session, "city", {"city": square(-70.7, -33.5, 0.2)})
    inside = make_photo(session, -70.6, -33.4).id
    place = make_photo(session, -70.6, -33.4, image=False).id
    outside = make_photo(session, 114.4, 30.5).id
    assert scores.reference_photos(session, 1) == [inside]
    assert scores.reference_photos(session, 1, among=[place, outside]) == [place]


def test_without_a_city_all_photos_are_references(session: Session) -> None:
    ids = [make_photo(session, -70.6, -33.4).id, make_photo(session, 114.4, 30.5).id]
    assert scores.reference_photos(session, 1) == ids
    kept = scores.keep_reference_set(session, ids, 1)
    assert (kept.whole_city, kept.n, kept.seed) == (False, 2, 1)


def test_a_reference_set_is_kept_once_with_its_hash(session: Session) -> None:
    kept = scores.keep_reference_set(session, [70_000, 3], 1)
    assert kept.photo_ids == [3, 70_000]
    assert kept.hash == hashlib.sha256(bytes(7) + b"\x03" + bytes(5) + b"\x01\x11\x70").digest()
    assert scores.keep_reference_set(session, [3, 70_000], 1).id == kept.id
    assert scores.keep_reference_set(session, [3], 1).id != kept.id


def queued(session: Session, task: str, release: Release) -> list[int]:
    rows = session.execute(
        text(
            "SELECT jsonb_array_elements_text(args -> 'photo_ids')::bigint AS id"
            " FROM procrastinate_jobs WHERE task_name = :task"
            " AND args ->> 'release_id' = :release ORDER BY 1"
        ),
        {"task": task, "release": str(release.id)},
    )
    return [row.id for row in rows]


def test_scoring_begins_with_the_reference_photos(session: Session) -> None:
    ids = photos(session, 3)
    photos(session, 1, image=False)
    release = make_release(session, kind="rankers", state="registered")
    references = scores.begin(session, release)
    assert (release.state, release.reference_set_id) == ("scoring", references.id)
    assert references.photo_ids == ids == queued(session, "reference_photos", release)
    with pytest.raises(Conflict, match="scoring already"):
        scores.begin(session, release)


def test_releases_share_their_reference_photos(session: Session) -> None:
    photos(session, 3)
    first = scores.begin(session, make_release(session, kind="rankers", state="registered"))
    late = photos(session, 1)[0]
    second = make_release(session, kind="rankers", state="registered")
    assert scores.begin(session, second).id == first.id
    third = make_release(session, kind="rankers", state="registered")
    assert late in scores.begin(session, third, new_references=True).photo_ids


def test_a_set_with_a_photo_that_is_gone_is_not_shared(session: Session) -> None:
    gone, *others = photos(session, 3)
    scores.begin(session, make_release(session, kind="rankers", state="registered"))
    session.execute(text("DELETE FROM photo WHERE id = :id"), {"id": gone})
    release = make_release(session, kind="rankers", state="registered")
    assert scores.begin(session, release).photo_ids == others


def test_without_photos_there_is_nothing_to_begin_with(session: Session) -> None:
    release = make_release(session, kind="rankers", state="registered")
    with pytest.raises(scores.NoReferencePhotos, match="no photo in the city"):
        scores.begin(session, release)
    imported = make_release(session, state="registered")
    with pytest.raises(Conflict, match="only a registered release with rankers"):
        scores.begin(session, imported)
    assert session.scalar(select(func.count()).select_from(ReferenceSet)) == 0


def test_the_rest_is_every_photo_with_an_image_and_without_a_score(session: Session) -> None:
    release = make_release(session, kind="rankers", state="scoring")
    done, *rest = photos(session, 3)
    photos(session, 1, image=False)
    scores.keep_scale(session, release.id, {done: six(1.0)})
    scores.write(session, release.id, {done: six(1.0)})
    assert scores.queue_rest(session, release.id) == 2
    assert queued(session, "score_photos", release) == rest
