"""What the rankers of a release make of a job, part by part."""

from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from app import releases, scores
from app.attributes import KEYS
from app.db import SessionFactory
from app.errors import PhotoStoreAway
from app.photos.files import PhotoFiles
from app.settings import Settings
from app.tables import Pending, Photo, Release, score
from app.worker import rankers
from app.worker.rankers import Rankers
from app.worker.scoring import Scoring
from tests.rankers import add_photos, write_release

PHOTOS = 40


@pytest.fixture
def release(
    sessions: SessionFactory, files: PhotoFiles, settings: Settings, tmp_path: Path
) -> Release:
    """Ready, and none of its photos is scored."""
    with sessions.begin() as session:
        ids = add_photos(session, files, PHOTOS)
        made = releases.register(session, write_release(tmp_path, "first"), settings.release_dir)
        scores.keep_scale(session, made.id, {ids[0]: dict.fromkeys(KEYS, 0.0)})
        made.state = "ready"
    return made


@pytest.fixture
def originals(sessions: SessionFactory, release: Release) -> dict[int, str]:
    with sessions() as session:
        return {photo.id: photo.storage_key or "" for photo in session.scalars(select(Photo))}


def test_a_job_comes_in_parts_that_hold_each_photo_once(
    files: PhotoFiles,
    settings: Settings,
    release: Release,
    originals: dict[int, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = Rankers(files, settings.release_dir, "cpu", Event())
    (whole,) = loaded.outputs(release, originals)
    assert whole.is_last
    assert sorted(whole.raws) == sorted(originals)
    monkeypatch.setattr(rankers, "PART_S", 0.0)
    parts = list(loaded.outputs(release, originals))
    assert [part.is_last for part in parts] == [False] * PHOTOS + [True]
    assert [len(part) for part in parts] == [1] * PHOTOS + [0]
    assert {key: raw for part in parts for key, raw in part.raws.items()} == whole.raws


def test_every_part_is_committed_by_itself(
    sessions: SessionFactory,
    files: PhotoFiles,
    settings: Settings,
    release: Release,
    originals: dict[int, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rankers, "PART_S", 0.0)
    Scoring(sessions, files, settings.release_dir, "cpu").score(release.id, list(originals))
    with sessions() as session:
        waiting = session.scalars(select(Pending.photo_ids)).all()
        scored = session.scalars(select(score.c.photo_id)).all()
    assert [len(ids) for ids in waiting] == [1] * PHOTOS
    assert sorted(scored) == sorted(originals) == sorted(id for ids in waiting for id in ids)


def test_a_store_without_one_of_the_originals_is_away_but_not_one_that_lost_some(
    files: PhotoFiles,
    settings: Settings,
    release: Release,
    originals: dict[int, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rankers, "PART_S", 0.0)
    loaded = Rankers(files, settings.release_dir, "cpu", Event())
    *lost, kept = originals
    files.delete([originals[photo_id] for photo_id in lost])
    parts = list(loaded.outputs(release, originals))
    assert [key for part in parts for key in part.raws] == [kept]
    assert [key for part in parts for key in part.unreadable] == lost
    with pytest.raises(PhotoStoreAway, match=f"None of {len(lost)} originals"):
        list(loaded.outputs(release, {key: originals[key] for key in lost}))
