"""Releases on real tables, and folders of a release as training writes them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import queue, releases, scores, totals
from app.attributes import KEYS
from app.errors import (
    BadRelease,
    BadRequest,
    Conflict,
    NameTaken,
    NoActiveRelease,
    ReleaseNotFound,
    ScoresMissing,
)
from app.tables import Pending, ReferenceSet, Release, Scale, cell_total, score
from model import manifest as model_manifest
from tests.builders import flat, make_photo, make_release, write_scores


def part(folder: Path, file: str, content: bytes = b"weights") -> dict[str, str]:
    (folder / file).write_bytes(content)
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest()}


def write_release(folder: Path, name: str = "first", **changed: Any) -> Path:
    """A folder with everything that `model.manifest` asks for; its weights are none."""
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
