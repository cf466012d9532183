"""Releases on real tables, and folders of a release as training writes them."""

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from app import areas, queue, releases, scores, totals
from app.attributes import KEYS
from app.db import SessionFactory
from app.errors import (
    BadRelease,
    BadRequest,
    Conflict,
    NameTaken,
    NoActiveRelease,
    ReleaseNotFound,
    ScoresMissing,
)
from app.tables import (
    Pending,
    Photo,
    ReferenceSet,
    Release,
    Scale,
    cell_total,
    score,
)
from model.releases import manifest as model_manifest
from tests.builders import flat, make_layer, make_photo, make_release, square, write_scores


def part(folder: Path, file: str, content: bytes = b"weights") -> dict[str, str]:
    (folder / file).write_bytes(content)
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest()}


def write_release(folder: Path, name: str = "first", **changed: Any) -> Path:
    """A folder with everything that `model.releases.manifest` asks for; its weights are none."""
    folder.mkdir(parents=True)
    manifest: dict[str, Any] = {
        "name": name,
        "created_at": "2024-05-31T16:20:00+00:00",
        "attributes": list(KEYS),
        "preprocessing": {},
        "trunk": {"t": part(folder, "trunk-t.safetensors")},
        "heads": {k: part(folder, f"head-{k}.safetensors") | {"trunk": "t"} for k in KEYS},
        "training": {},
        "splits": part(folder, "splits.csv", b"photo,part\n"),
        "votes": {},
        "metrics": {"safety": {"accuracy": 0.65}},
        "data": {},
        "versions": {},
        "licence": "CC BY 4.0",
        "demo": True,
        "notes": [],
    }
    model_manifest.write(folder, manifest | changed)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "releases"


def test_the_format_is_the_one_that_training_writes(tmp_path: Path) -> None:
    """model/ is out of reach for app/, so what both know is compared here."""
    assert releases.MANIFEST == model_manifest.FILE
    assert releases.FORMAT == model_manifest.FORMAT
    assert releases.FORMAT_VERSION == model_manifest.VERSION
    folder = write_release(tmp_path / "r")
    assert releases.read_manifest(folder) == model_manifest.describe(folder)


def test_a_registered_release_is_copied_and_waits(
    session: Session, tmp_path: Path, store: Path
) -> None:
    folder = write_release(tmp_path / "out")
    release = releases.register(session, folder, store)
    assert (release.name, release.kind, release.state) == ("first", "rankers", "registered")
    assert release.metrics == {"safety": {"accuracy": 0.65}}
    assert releases.is_demo(release)
    stored = {path.name: path.read_bytes() for path in (store / "first").iterdir()}
    assert stored == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert [path.name for path in store.iterdir()] == ["first"]


def test_registering_again_finds_it(session: Session, tmp_path: Path, store: Path) -> None:
    folder = write_release(tmp_path / "out")
    first = releases.register(session, folder, store)
    first.state = "ready"
    session.flush()
    releases.activate(session, "first")
    assert releases.register(session, folder, store).id == first.id
    assert releases.register(session, store / "first", store).id == first.id
    other = write_release(tmp_path / "other", notes=["trained longer"])
    with pytest.raises(NameTaken, match="releases delete first"):
        releases.register(session, other, store)


def test_a_folder_that_a_failure_left_is_replaced(
    session: Session, tmp_path: Path, store: Path
) -> None:
    write_release(store / "first", notes=["half"])
    releases.register(session, write_release(tmp_path / "out"), store)
    assert releases.read_manifest(store / "first")["notes"] == []


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / "release.json").unlink(), "it has no release.json"),
    "not JSON": (lambda f: (f / "release.json").write_text("{"), "cannot be read"),
    "a list": (lambda f: (f / "release.json").write_text("[]"), "does not describe a release"),
    "foreign": (lambda f: edit(f, format="other/1"), "does not describe a release"),
    "newer": (lambda f: edit(f, format="mirada-release/2"), "Update Mirada"),
    "no name": (lambda f: edit(f, name=None), "name is missing"),
    "a bad name": (lambda f: edit(f, name="../evil"), "which no release may have"),
    "another attribute": (lambda f: edit(f, attributes=["noisy"]), "scores noisy; Mirada knows"),
    "no attribute": (lambda f: edit(f, attributes=[], heads={}), "scores no attribute"),
    "a head too few": (lambda f: edit(f, heads={}), "its networks are not those"),
    "a path outside": (
        lambda f: edit(f, splits={"file": "../x", "sha256": ""}),
        "one outside its folder",
    ),
    "an example outside": (
        lambda f: edit(f, examples={"p": {"file": "examples/../../x.jpg", "sha256": ""}}),
        "one outside its folder",
    ),
    "examples that are none": (lambda f: edit(f, examples=[]), "examples is of the wrong kind"),
    "an example gone": (
        lambda f: edit(f, examples={"p": {"file": "examples/001.jpg", "sha256": ""}}),
        "001.jpg cannot be read",
    ),
    "a file gone": (lambda f: (f / "head-lively.safetensors").unlink(), "head-lively.safetensors"),
    "other weights": (
        lambda f: (f / "trunk-t.safetensors").write_bytes(b"Weights"),
        "its SHA-256 differs",
    ),
}


def edit(folder: Path, **changed: Any) -> None:
    manifest = json.loads((folder / "release.json").read_text())
    (folder / "release.json").write_text(json.dumps(manifest | changed))


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_folder_is_refused_in_words(
    session: Session, tmp_path: Path, store: Path, how: str
) -> None:
    folder = write_release(tmp_path / "out")
    damage, words = BROKEN[how]
    damage(folder)
    with pytest.raises(BadRelease, match=words):
        releases.register(session, folder, store)
    assert not store.exists()
    assert releases.listing(session) == []


def test_a_release_is_found_by_name_or_as_the_active_one(session: Session) -> None:
    with pytest.raises(NoActiveRelease):
        releases.get(session)
    one = make_release(session, "one", active=True)
    two = make_release(session, "two")
    three = make_release(session, "three")
    assert releases.get(session).id == one.id
    assert releases.get(session, "two").id == two.id
    assert [each.id for each in releases.listing(session)] == [one.id, three.id, two.id]
    with pytest.raises(ReleaseNotFound, match="there: one, three, two"):
        releases.get(session, "four")


@pytest.mark.parametrize("name", ["", ".a", "a b", "ñ", "a/b", "a" * 64, "a\n"])
def test_names_go_into_addresses(name: str) -> None:
    with pytest.raises(BadRequest):
        releases.check_name(name)


def test_photos_in_the_totals_are_counted_by_release(session: Session) -> None:
    release, other = make_release(session), make_release(session)
    ids = [make_photo(session, -70.6 + 0.3 * i, -33.4).id for i in range(3)]
    write_scores(session, release, {i: flat(500) for i in ids})
    totals.publish(session)
    write_scores(session, other, {ids[0]: flat(500)})
    assert releases.published(session) == {release.id: 3}


def scored(session: Session, release: Release, *photo_ids: int) -> None:
    write_scores(session, release, {i: flat(500) for i in photo_ids})


def test_activating_counts_the_photos_that_would_be_bare(session: Session) -> None:
    photo, other = (make_photo(session, -70.6, -33.4).id for _ in range(2))
    place = make_photo(session, -70.6, -33.4, image=False).id
    make_photo(session, -70.6, -33.4, image=False)
    human = make_release(session, "human", active=True)
    scored(session, human, place)
    rankers = make_release(session, "rankers", kind="rankers")
    scored(session, rankers, photo)
    assert releases.missing(session, rankers) == 2
    assert releases.missing(session, human) == 2
    with pytest.raises(ScoresMissing, match="2 photos would have no scores"):
        releases.activate(session, "rankers")
    assert releases.get(session).id == human.id
    releases.activate(session, "rankers", allow_missing=True)
    assert releases.get(session).id == rankers.id
    scored(session, rankers, other)
    assert releases.missing(session, rankers) == 0


def test_the_active_release_stays_without_counting(session: Session) -> None:
    make_photo(session, -70.6, -33.4)
    release = make_release(session, "one", active=True)
    assert releases.activate(session, "one").id == release.id


@pytest.mark.parametrize("state", ["registered", "scoring"])
def test_only_a_ready_release_is_shown(session: Session, state: str) -> None:
    make_release(session, "early", state=state)
    with pytest.raises(Conflict, match=f"is {state}"):
        releases.activate(session, "early", allow_missing=True)


def test_rolling_back_goes_the_way_back(session: Session) -> None:
    for name in ("a", "b", "c"):
        make_release(session, name, manifest={"kept": name})
        releases.activate(session, name)
    with_way = [releases.roll_back(session).name for _ in range(2)]
    assert with_way == ["b", "a"]
    with pytest.raises(Conflict, match="No release was shown before a"):
        releases.roll_back(session)
    releases.activate(session, "c")
    assert releases.roll_back(session).name == "a"
    assert releases.get(session, "b").manifest == {"kept": "b"}


def test_rolling_back_goes_each_step_even_over_the_same_release_twice(session: Session) -> None:
    for name in ("a", "b", "c"):
        make_release(session, name)
    for name in ("a", "b", "a", "a", "c", "b"):
        releases.activate(session, name)
    releases.delete(session, "c")
    way = []
    while (before := releases.way_back(session)) is not None:
        assert releases.roll_back(session).id == before.id
        way.append(before.name)
    assert way == ["a", "b", "a"], "what is deleted is no step of the way"


def test_the_way_back_is_bounded_and_no_part_of_what_the_file_said(session: Session) -> None:
    for name in ("a", "b"):
        make_release(session, name, manifest={"kept": name})
    for _ in range(20):
        for name in ("a", "b"):
            releases.activate(session, name)
    shown = releases.get(session)
    assert len(shown.manifest[releases.release.SHOWN_BEFORE]) == 20
    assert releases.as_in_file(shown.manifest) == {"kept": "b"}


def test_rolling_back_shows_what_would_be_bare_first(session: Session) -> None:
    make_release(session, "old")
    releases.activate(session, "old")
    new = make_release(session, "new")
    releases.activate(session, "new")
    scored(session, new, make_photo(session, -70.6, -33.4).id)
    with pytest.raises(ScoresMissing):
        releases.roll_back(session)
    assert releases.get(session).name == "new"
    assert releases.roll_back(session, allow_missing=True).name == "old"


def test_a_deleted_release_leaves_nothing(session: Session) -> None:
    ids = [make_photo(session, -70.6, -33.4).id for _ in range(2)]
    kept = make_release(session, "kept", active=True)
    scored(session, kept, *ids)
    gone = make_release(session, "gone", kind="rankers", state="registered")
    scores.begin(session, gone)
    scores.keep_scale(session, gone.id, {ids[0]: flat(1)})
    scored(session, gone, ids[0])
    totals.publish(session)
    scored(session, gone, ids[1])
    queue.defer_scoring(session, gone.id, ids)
    gone_id = gone.id
    releases.delete(session, "gone")
    session.expire_all()
    assert queue.pending_jobs(session, gone_id) == 0
    for table in (score, cell_total, Scale.__table__, Pending.__table__):
        left = select(func.count()).select_from(table).where(table.c.release_id == gone_id)
        assert session.scalar(left) == 0
    assert session.scalar(select(func.count()).select_from(ReferenceSet)) == 0
    assert totals.check(session) == []
    assert releases.published(session) == {kept.id: 2}


def test_reference_photos_that_others_use_stay(session: Session) -> None:
    make_photo(session, -70.6, -33.4)
    for name in ("one", "two"):
        scores.begin(session, make_release(session, name, kind="rankers", state="registered"))
    releases.delete(session, "one")
    assert session.scalar(select(func.count()).select_from(ReferenceSet)) == 1
    releases.delete(session, "two")
    assert session.scalar(select(func.count()).select_from(ReferenceSet)) == 0


def test_the_active_release_is_not_deleted(session: Session) -> None:
    make_release(session, "shown", active=True)
    with pytest.raises(Conflict, match="Activate another one"):
        releases.delete(session, "shown")


def test_a_folder_is_deleted_only_without_its_row(
    session: Session, tmp_path: Path, store: Path
) -> None:
    releases.register(session, write_release(tmp_path / "out"), store)
    releases.delete_folder(session, "first", store)
    assert (store / "first").exists()
    releases.delete(session, "first")
    releases.delete_folder(session, "first", store)
    assert not (store / "first").exists()
    with pytest.raises(BadRequest):
        releases.delete_folder(session, "..", store)


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each gave, or the error that it raised."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], object]) -> object:
        start.wait()
        try:
            return work()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def test_two_who_register_one_name_at_a_time_leave_one_release_and_its_own_files(
    sessions: SessionFactory, tmp_path: Path, store: Path
) -> None:
    folders = [write_release(tmp_path / str(n), notes=[str(n)]) for n in range(2)]

    def register(folder: Path) -> str:
        with sessions.begin() as session:
            made = releases.register(session, folder, store)
            time.sleep(0.3)
            return str(made.manifest["notes"][0])

    won: list[str] = []
    for _ in range(2):
        given = at_once(*(partial(register, folder) for folder in folders))
        won = [one for one in given if isinstance(one, str)]
        lost = [one for one in given if not isinstance(one, str)]
        assert len(won) == 1
        assert isinstance(lost[0], NameTaken)
        with sessions.begin() as session:
            assert session.scalars(select(Release.name)).all() == ["first"]
            assert releases.get(session, "first").manifest["notes"] == won
        assert releases.read_manifest(store / "first")["notes"] == won
    same = at_once(*[lambda: register(store / "first")] * 2)
    assert same == won * 2, "the same one twice is found"


def test_a_folder_is_not_deleted_under_a_release_that_is_just_registered(
    sessions: SessionFactory, tmp_path: Path, store: Path
) -> None:
    folder = write_release(tmp_path / "out")
    registered = threading.Event()

    def register() -> None:
        with sessions.begin() as session:
            releases.register(session, folder, store)
            registered.set()
            time.sleep(0.3)

    def delete() -> None:
        registered.wait()
        with sessions.begin() as session:
            releases.delete_folder(session, "first", store)

    assert at_once(register, delete) == [None, None]
    assert releases.read_manifest(store / "first")["name"] == "first"


def test_a_release_that_is_being_shown_is_not_deleted_and_the_other_way_round(
    sessions: SessionFactory,
) -> None:
    with sessions.begin() as session:
        make_release(session, "old", active=True)

    def act(what: Callable[..., object], first: bool) -> None:
        with sessions.begin() as session:
            if not first:
                time.sleep(0.2)
            what(session, "new")
            time.sleep(0.4)

    for shown_first in (True, False):
        with sessions.begin() as session:
            make_release(session, "new")
        shown, deleted = at_once(
            partial(act, releases.activate, shown_first),
            partial(act, releases.delete, not shown_first),
        )
        with sessions.begin() as session:
            if shown_first:
                assert (shown, type(deleted)) == (None, Conflict)
                assert releases.roll_back(session).name == "old"
                releases.delete(session, "new")
            else:
                assert (type(shown), deleted) == (ReleaseNotFound, None)
            assert [each.name for each in releases.listing(session)] == ["old"]


def test_switches_at_one_moment_come_one_after_the_other(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        make_release(session, "a")
        releases.activate(session, "a")
        for name in ("b", "c", "d"):
            make_release(session, name)

    def show(name: str) -> str:
        with sessions.begin() as session:
            return releases.activate(session, name).name

    assert at_once(*(partial(show, name) for name in "bcd")) == ["b", "c", "d"]
    with sessions.begin() as session:
        way = [releases.get(session).name, *(releases.roll_back(session).name for _ in range(3))]
    assert sorted(way) == ["a", "b", "c", "d"]
    assert way[-1] == "a"


def test_switching_writes_three_rows_however_many_photos_there_are(session: Session) -> None:
    old, new = make_release(session, "old"), make_release(session, "new")
    releases.activate(session, "old")
    for n in range(40):
        photo = make_photo(session, -70.6 + 0.001 * n, -33.4)
        for release in (old, new):
            scored(session, release, photo.id)
    totals.publish(session)
    session.commit()
    written: list[tuple[str, int]] = []

    def note(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        written.append((statement.split()[0], cursor.rowcount))

    for switch in (
        partial(releases.activate, session, "new"),
        partial(releases.roll_back, session),
    ):
        written.clear()
        event.listen(session.get_bind(), "after_cursor_execute", note)
        try:
            switch()
        finally:
            event.remove(session.get_bind(), "after_cursor_execute", note)
        changes = [rows for verb, rows in written if verb in ("INSERT", "UPDATE", "DELETE")]
        assert sum(changes) == 3
        assert len([verb for verb, _ in written if verb != "SAVEPOINT"]) <= 8


def test_what_would_be_bare_is_counted_by_one_pass_over_each_table(session: Session) -> None:
    """A plan that looks each photo up anew, or repeats a scan, would take minutes for a city."""
    old, new = make_release(session, "old", active=True), make_release(session, "new")
    fill_scores(session, [old, new], 4000)
    session.execute(text("ANALYZE photo, score, active_release"))
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        assert releases.missing(session, new) == 0
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)
    for statement, parameters in statements:
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters
        )
        scans = [node for node in nodes(plan.scalar_one()[0]["Plan"]) if "Relation Name" in node]
        assert scans
        assert all(node["Actual Loops"] <= 1 for node in scans), scans


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def fill_scores(session: Session, made: list[Release], photos: int) -> list[int]:
    """So many photos in one place, with random scores of each release, in two statements."""
    first = make_photo(session, -70.6, -33.4)
    columns = ", ".join(c.name for c in Photo.__table__.columns if c.name not in OWN)
    ids = session.scalars(
        text(f"""
            INSERT INTO photo ({columns}, source_key, sha256, storage_key)
            SELECT {columns}, n::text, sha256(n::text::bytea), md5(n::text)
              FROM photo, generate_series(2, :photos) AS n WHERE id = :id RETURNING id
        """),
        {"photos": photos, "id": first.id},
    ).all()
    scores_of = [f"(random() * 1000)::int AS score_{key}" for key in KEYS]
    for release in made:
        session.execute(
            text(
                f"INSERT INTO score (release_id, photo_id, {', '.join(f'score_{k}' for k in KEYS)})"
                f" SELECT :release, id, {', '.join(scores_of)} FROM photo"
            ),
            {"release": release.id},
        )
    return [first.id, *ids]


OWN = ("id", "source_key", "sha256", "storage_key")


def test_the_comparison_is_that_of_a_loop_over_all_photos(session: Session) -> None:
    rng = random.Random(3)
    old, new = make_release(session, "old", active=True), make_release(session, "new")
    ids = [make_photo(session, -70.6, -33.4).id for _ in range(60)]
    # Few values, so that there are many ties; some photos without some or all scores.
    before = {i: {k: rng.choice([0, 250, 400, 1000, None]) for k in KEYS} for i in ids[:50]}
    after = {i: {k: rng.choice([100, 300, 301, None]) for k in KEYS} for i in ids[10:]}
    for values in before.values():
        values["beautiful"] = 500
    write_scores(session, old, before)
    write_scores(session, new, after)
    found = releases.compare(session, new, old)
    assert (found.release, found.other) == ("new", "old")
    assert (found.n, found.only_before, found.only_after) == (40, 10, 10)
    for key in KEYS:
        pairs = [
            (i, a, b)
            for i in ids[10:50]
            if (a := before[i][key]) is not None and (b := after[i][key]) is not None
        ]
        was, now = [a for _, a, _ in pairs], [b for _, _, b in pairs]
        agreement = found.attributes[key]  # type: ignore[index]
        assert agreement.n == len(pairs) > 10
        assert agreement.mean_before == pytest.approx(sum(was) / len(was) / 100)
        assert agreement.mean_after == pytest.approx(sum(now) / len(now) / 100)
        moves = [abs(b - a) for _, a, b in pairs]
        assert agreement.move == pytest.approx(sum(moves) / len(moves) / 100)
        if key == "beautiful":
            assert agreement.rank_correlation is None
        else:
            assert agreement.rank_correlation == pytest.approx(spearmanr(was, now).statistic)
        largest = sorted(pairs, key=lambda pair: (-abs(pair[2] - pair[1]), pair[0]))[:6]
        assert [(p.id, p.before * 100, p.after * 100) for p in found.photos[key]] == [  # type: ignore[index]
            pytest.approx(pair) for pair in largest
        ]
    with pytest.raises(BadRequest, match="Name another one"):
        releases.compare(session, new, new)


def test_a_release_that_turns_everything_round_is_said_to(session: Session) -> None:
    old, new = make_release(session, "old", active=True), make_release(session, "new")
    ids = [make_photo(session, -70.6, -33.4, image=n > 0).id for n in range(9)]
    write_scores(session, old, {i: flat(100 * n) for n, i in enumerate(ids)})
    write_scores(session, new, {i: flat(1000 - 100 * n) for n, i in enumerate(ids)})
    found = releases.compare(session, new, old)
    assert {each.rank_correlation for each in found.attributes.values()} == {-1.0}
    first = found.photos["safety"][0]
    assert (first.id, first.before, first.after, first.thumbnail) == (ids[0], 0, 10, None)
    second = found.photos["safety"][1]
    assert second.thumbnail == f"/api/admin/photos/{second.id}/thumbnail"


def test_areas_that_move_most_come_first(session: Session) -> None:
    """Three areas in five cells each; c overtakes the two others, which fall by a rank."""
    old, new = make_release(session, "old", active=True), make_release(session, "new")
    shapes = {code: square(-70.8 + 0.1 * n, -33.5, 0.1) for n, code in enumerate("abcd")}
    make_layer(session, "comuna", shapes)
    for n, (was, now) in enumerate([(700, 650), (600, 600), (500, 900)]):
        for photo in range(20):
            lon, lat = -70.79 + 0.1 * n + 0.015 * (photo % 5), -33.45
            made = make_photo(session, lon, lat)
            write_scores(session, old, {made.id: flat(was)})
            write_scores(session, new, {made.id: flat(now)})
    lonely = make_photo(session, -70.45, -33.45)
    write_scores(session, old, {lonely.id: flat(0)})
    write_scores(session, new, {lonely.id: flat(1000)})
    totals.publish(session)
    assert [each.shown for each in areas.figures(session, new, "comuna")] == [True] * 3 + [False]
    (layer,) = releases.compare(session, new, old).layers
    assert (layer.key, layer.label.es, layer.areas) == ("comuna", "comuna", 3)
    for key in KEYS:
        moves = [
            (m.code, m.rank_before, m.rank_after, m.of, m.mean_before, m.mean_after)
            for m in layer.moves[key]  # type: ignore[index]
        ]
        assert moves == [
            ("c", 3, 1, 3, 5.0, 9.0),
            ("a", 1, 2, 3, 7.0, 6.5),
            ("b", 2, 3, 3, 6.0, 6.0),
        ]


def test_progress_counts_what_is_scored_published_queued_and_given_up(session: Session) -> None:
    ids = [make_photo(session, -70.6, -33.4).id for _ in range(8)]
    place = make_photo(session, -70.6, -33.4, image=False)
    make_photo(session, -70.6, -33.4, image=False)
    scored(session, make_release(session, "human", active=True), place.id)
    release = make_release(session, "new", kind="rankers", state="registered")
    scores.begin(session, release)
    progress = releases.progress(session, release)
    assert progress.first_pass is not None
    assert (progress.first_pass.done, progress.first_pass.of) == (0, 8)
    assert progress.counts.queued == 8
    session.execute(text("DELETE FROM procrastinate_jobs"))
    scores.keep_scale(session, release.id, {ids[0]: flat(1)})
    scored(session, release, *ids[:3])
    totals.publish(session)
    scored(session, release, ids[3])
    queue.defer_scoring(session, release.id, ids[4:6])
    queue.defer_scoring(session, release.id, ids[6:])
    give_up(session, ids[6])
    counts = releases.progress(session, release).counts
    assert counts.model_dump() == {
        "photos": 8,
        "scored": 4,
        "published": 3,
        "missing": 5,
        "places": 1,
        "queued": 2,
        "failed": 2,
    }
    assert releases.progress(session, release).first_pass is None
    assert scores.again(session, release) == 2
    counts = releases.progress(session, release).counts
    assert (counts.queued, counts.failed) == (4, 0)
    assert scores.again(session, release) == 0, "what is queued is not queued again"


def give_up(session: Session, photo_id: int) -> None:
    """As the queue keeps the job of a photo that was tried too often."""
    session.execute(
        text("""
            UPDATE procrastinate_jobs SET status = 'failed'
             WHERE args -> 'photo_ids' @> to_jsonb(CAST(:id AS bigint))
        """),
        {"id": photo_id},
    )


def test_a_first_pass_that_was_given_up_is_begun_again(session: Session) -> None:
    ids = [make_photo(session, -70.6, -33.4).id for _ in range(3)]
    release = make_release(session, "new", kind="rankers", state="registered")
    with pytest.raises(Conflict, match="not being scored"):
        scores.again(session, release)
    scores.begin(session, release)
    give_up(session, ids[0])
    assert scores.again(session, release) == 3
    assert queue.failed_jobs(session, release.id) == 0
    assert queue.pending_jobs(session, release.id) == 1
    with pytest.raises(Conflict):
        scores.again(session, make_release(session, "imported"))
