"""The rows of releases: which are there, which one is shown, and how one goes."""

import re
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import queue, totals
from app.errors import BadRequest, Conflict, NoActiveRelease, ReleaseNotFound
from app.tables import CELL_ZOOMS, ActiveRelease, ReferenceSet, Release, cell_total

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
SHOWN_BEFORE = "shown_before"
"""The one key that the stored manifest of the active release has beyond its file."""
_OURS = (SHOWN_BEFORE, "activated_at")


def is_demo(release: Release) -> bool:
    """Whether its rankers were trained on drawn scenes, which every page that shows it says."""
    return release.manifest.get("demo") is True


def as_in_file(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What `release.json` said when the release was registered."""
    return {key: value for key, value in manifest.items() if key not in _OURS}


def check_name(name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise BadRequest(
            f"{name!r} cannot name a release: it takes up to 63 letters, digits, `_`, `.` and `-`, "
            f"and begins with a letter or digit."
        )


def lock_name(session: Session, name: str) -> None:
    """To the end of the transaction nobody else makes a release of that name, or its folder.

    A release that another transaction has just made is found then.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('release ' || :name, 0))"),
        {"name": name},
    )


def get(session: Session, name: str | None = None) -> Release:
    """The release of that name, the active one for None."""
    if name is None:
        found = active(session)
        if found is None:
            raise NoActiveRelease(
                "No release is active yet. Import scores, or score photos with a registered "
                "release, and activate it."
            )
        return found
    found = session.scalar(select(Release).where(Release.name == name))
    if found is None:
        raise not_found(session, name)
    return found


def not_found(session: Session, name: str) -> ReleaseNotFound:
    names = session.scalars(select(Release.name).order_by(Release.name)).all()
    return ReleaseNotFound(
        f"There is no release {name!r}. Releases that are there: {', '.join(names) or 'none'}."
    )


def active(session: Session) -> Release | None:
    return session.scalar(select(Release).join(ActiveRelease))


def listing(session: Session) -> list[Release]:
    """The active one first, then the newest first."""
    query = select(Release).outerjoin(ActiveRelease, ActiveRelease.release_id == Release.id)
    ordered = query.order_by(ActiveRelease.id.is_(None), Release.id.desc())
    return list(session.scalars(ordered))


def published(session: Session) -> dict[int, int]:
    """How many photos of each release are in its totals; a release without any is absent."""
    coarsest = cell_total.c.z == CELL_ZOOMS.start
    rows = session.execute(
        select(cell_total.c.release_id, func.sum(cell_total.c.n))
        .where(coarsest)
        .group_by(cell_total.c.release_id)
    )
    return {release_id: int(photos) for release_id, photos in rows}


def first_version() -> int:
    """Where the data versions of a new release begin: the seconds since 1970.

    Browsers keep the tiles of a version for ever, so a release that is made anew under an old name,
    even in another database, must not count through the versions of the old one again.
    """
    return int(time.time())


def delete(session: Session, name: str) -> None:
    """Deletes a release with its scores, totals and jobs; its photos stay. Not the active one.

    Its folder is for `delete_folder`, after the commit.
    """
    totals.lock_totals(session)
    # Who shows the release holds its row, so this waits for it and then sees that it is shown.
    release = session.scalar(
        select(Release)
        .where(Release.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if release is None:
        raise not_found(session, name)
    if session.scalar(select(ActiveRelease.release_id)) == release.id:
        raise Conflict(
            f"Release {name} is the one that is shown. Activate another one before deleting it."
        )
    queue.cancel_release(session, release.id)
    totals.drop_release(session, release.id)
    references = release.reference_set_id
    session.delete(release)
    session.flush()
    if references is not None:
        unused = ~select(Release.id).where(Release.reference_set_id == ReferenceSet.id).exists()
        session.execute(delete_from(ReferenceSet).where(ReferenceSet.id == references, unused))
