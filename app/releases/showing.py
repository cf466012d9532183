"""Which release is shown by default: showing another one, and the way back.

Switching changes the one row of `active_release` and the manifests of two releases, however many
photos there are; what is counted before is only read. Who switches holds that row, so that
switches come one after the other, and then the release's own, so that it is not deleted meanwhile.
"""

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, ScoresMissing
from app.releases.release import SHOWN_BEFORE, active, as_in_file, get, not_found
from app.tables import ActiveRelease, Photo, Release, score

WAY_BACK = 20
"""So many releases that were shown before are remembered."""


def missing(session: Session, release: Release) -> int:
    """How many photos would be without scores on the map, were this release shown.

    These are the photos with an image, and the places that the active release has scores of.
    """
    return bare_photos(session, release) + bare_places(session, release)


def bare_photos(session: Session, release: Release) -> int:
    """Photos with an image that have no score of the release."""
    return _unscored(session, release, select(Photo.id).where(Photo.storage_key.is_not(None)))


def bare_places(session: Session, release: Release) -> int:
    """Places without an image that have a score of the active release only.

    Counted apart, since a condition for both kinds would look up each place by itself.
    """
    places = (
        select(Photo.id)
        .join(score, score.c.photo_id == Photo.id)
        .join(ActiveRelease, ActiveRelease.release_id == score.c.release_id)
        .where(Photo.storage_key.is_(None))
    )
    return _unscored(session, release, places)


def _unscored(session: Session, release: Release, photo_ids: Select[int]) -> int:
    """By EXCEPT, since a NOT EXISTS takes the square of the time for a release of which the
    database does not know yet how many scores it has.
    """
    scored = select(score.c.photo_id).where(score.c.release_id == release.id)
    bare = photo_ids.except_(scored).subquery()
    return session.scalar(select(func.count()).select_from(bare)) or 0


def activate(session: Session, name: str, allow_missing: bool = False) -> Release:
    """Makes it the release that is shown by default; one that is shown already stays so.

    Raises Conflict unless it is ready, ScoresMissing with the number of photos that would be
    without scores, unless that is allowed.
    """
    current = _held(session)
    before = [] if current is None else [*_shown_before(current), current.id]
    return _show(session, current, name, before, allow_missing)


def roll_back(session: Session, allow_missing: bool = False) -> Release:
    """Shows the release again that was shown before the active one; again, the one before that."""
    current = _held(session)
    if current is None:
        get(session)
        raise Conflict("The active release has changed at this moment. Try again.")
    way = _way(session, current)
    if not way:
        raise Conflict(f"No release was shown before {current.name}, so there is no way back.")
    *before, last = way
    return _show(session, current, last.name, [each.id for each in before], allow_missing)


def way_back(session: Session) -> Release | None:
    """The release that `roll_back` would show."""
    current = active(session)
    way = [] if current is None else _way(session, current)
    return way[-1] if way else None


def _held(session: Session) -> Release | None:
    """The active release, which stays so until this transaction ends or changes it itself."""
    held = session.scalar(select(ActiveRelease.release_id).with_for_update())
    return None if held is None else _locked(session, Release.id == held)


def _locked(session: Session, which: object) -> Release | None:
    """Not to be deleted, nor changed, until the transaction ends; scores may come meanwhile."""
    return session.scalar(
        select(Release)
        .where(which)  # type: ignore[arg-type]
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def _shown_before(release: Release) -> list[int]:
    return list(release.manifest.get(SHOWN_BEFORE, []))


def _way(session: Session, current: Release) -> list[Release]:
    """Releases that were shown before and are still there, the last one last."""
    ids = _shown_before(current)
    there = {
        each.id: each
        for each in session.scalars(
            select(Release).where(Release.id.in_(ids), Release.state == "ready")
        )
    }
    return [there[id] for id in ids if id in there]


def _show(
    session: Session, current: Release | None, name: str, before: list[int], allow_missing: bool
) -> Release:
    release = _locked(session, Release.name == name)
    if release is None:
        raise not_found(session, name)
    if release.state != "ready":
        raise Conflict(f"Release {name} is {release.state}, and only a ready one can be shown.")
    if current is not None and current.id == release.id:
        return release
    lacking = 0 if allow_missing else missing(session, release)
    if lacking:
        raise ScoresMissing(
            f"With release {name}, {lacking} photos would have no scores. Score them first, or say "
            f"that this is meant (`--allow-missing`).",
            lacking,
        )
    if current is not None:
        current.manifest = as_in_file(current.manifest)
    release.manifest = {**as_in_file(release.manifest), SHOWN_BEFORE: before[-WAY_BACK:]}
    row = {"release_id": release.id, "since": func.clock_timestamp()}
    session.execute(
        insert(ActiveRelease)
        .values(id=True, **row)
        .on_conflict_do_update(index_elements=[ActiveRelease.id], set_=row)
    )
    session.flush()
    return release
