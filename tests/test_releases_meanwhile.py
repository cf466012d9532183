"""What becomes of releases while a worker scores with them: real networks of random weights."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import queue, releases, scores, totals, worker
from app.db import SessionFactory
from app.errors import ReleaseNotFound
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import Release, score
from tests.builders import flat, make_photo, make_release
from tests.rankers import add_photos, write_release


@pytest.fixture
def work(settings: Settings, clean_database: str) -> Callable[[], None]:
    """Runs a worker in this process until nothing is left to do."""
    return lambda: worker.run(settings, clean_database, until_idle=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    for seed, name in enumerate(["old", "new"]):
        write_release(folder, name, seed)
    return folder


def begin(session: Session, settings: Settings, folder: Path) -> None:
    scores.begin(session, releases.register(session, folder, settings.release_dir))


def scored(session: Session) -> dict[str, list[int]]:
    """Photos with a score by release, each once however often it was queued."""
    rows = session.execute(
        select(Release.name, score.c.photo_id)
        .join(score, score.c.release_id == Release.id)
        .order_by(score.c.photo_id)
    )
    found: dict[str, list[int]] = {}
    for name, photo_id in rows:
        found.setdefault(name, []).append(photo_id)
    return found


def test_photos_uploaded_meanwhile_lack_no_score_in_either_release(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    trained: Path,
    work: Callable[[], None],
) -> None:
    """Before the new one's first pass, when it is ready, and once it is shown instead."""
    with sessions.begin() as session:
        ids = add_photos(session, files, 10)
        begin(session, settings, trained / "old")
    work()
    with sessions.begin() as session:
        releases.activate(session, "old")
    with sessions.begin() as session:
        begin(session, settings, trained / "new")
    with sessions.begin() as session:
        ids += add_photos(session, files, 3, first=100)
        shown = releases.progress(session, releases.get(session, "old"))
        assert (shown.active, shown.counts.published) == (True, 10), "it is served meanwhile"
    work()
    with sessions.begin() as session:
        assert scored(session) == {"old": ids, "new": ids}
        ids += add_photos(session, files, 3, first=200)
        new = releases.get(session, "new")
        assert releases.missing(session, new) == 3
        assert releases.progress(session, new).counts.queued == 3
    work()
    with sessions.begin() as session:
        assert scored(session) == {"old": ids, "new": ids}
        comparison = releases.compare(session, releases.get(session, "new"), releases.get(session))
        assert (comparison.n, comparison.only_before, comparison.only_after) == (16, 0, 0)
        releases.activate(session, "new")
    with sessions.begin() as session:
        ids += add_photos(session, files, 3, first=300)
    work()
    with sessions.begin() as session:
        assert scored(session) == {"old": ids, "new": ids}
        assert releases.roll_back(session).name == "old"
        assert totals.check(session) == []


def test_scores_of_a_release_that_is_gone_are_refused_in_words(session: Session) -> None:
    photo = make_photo(session, -70.6, -33.4)
    release = make_release(session, "gone", kind="rankers")
    scale = scores.keep_scale(session, release.id, {photo.id: flat(1)})
    release_id = release.id
    releases.delete(session, "gone")
    with pytest.raises(ReleaseNotFound, match="was deleted while"):
        scores.write(session, release_id, {photo.id: flat(1)}, scale)


@pytest.mark.parametrize("when", ["loading", "scoring"])
@pytest.mark.parametrize("run", ["first pass", "scores"])
def test_a_release_that_is_deleted_under_its_job_fails_nothing(
    sessions: SessionFactory,
    settings: Settings,
    files: PhotoFiles,
    trained: Path,
    work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    run: str,
    when: str,
) -> None:
    from model.releases import release as model_release
    from model.scoring.scorer import Scorer

    with sessions.begin() as session:
        add_photos(session, files, 4)
        begin(session, settings, trained / "new")
    if run == "scores":
        work()
        with sessions.begin() as session:
            add_photos(session, files, 4, first=100)
    deleted: list[str] = []

    def delete() -> None:
        if not deleted:
            with sessions.begin() as session:
                releases.delete(session, "new")
            with sessions.begin() as session:
                releases.delete_folder(session, "new", settings.release_dir)
            deleted.append("new")

    load, score_all = model_release.load, Scorer.score

    def deleted_before(folder: Path) -> Any:
        delete()
        return load(folder)

    def deleted_within(self: Scorer, items: Any) -> Iterator[Any]:
        for result in score_all(self, items):
            delete()
            yield result

    if when == "loading":
        monkeypatch.setattr(model_release, "load", deleted_before)
    else:
        monkeypatch.setattr(Scorer, "score", deleted_within)
    caplog.clear()
    work()
    assert deleted
    assert [each.getMessage() for each in caplog.records if each.levelname != "INFO"] == []
    with sessions.begin() as session:
        assert scored(session) == {}
        assert queue.given_up_jobs(session) == queue.live_jobs(session) == 0
        assert session.scalar(text("SELECT count(*) FROM reference_output")) == 0
        assert totals.check(session) == []
