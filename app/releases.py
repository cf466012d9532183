"""Releases: what scores photos, which of them is shown, and how they come and go.

A release with rankers has a folder of its name in the release store; its `release.json` and weights
are checked here without torch. An imported one has none.
"""

import hashlib
import json
import re
import shutil
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import queue, totals
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
from app.tables import (
    CELL_ZOOMS,
    ActiveRelease,
    Photo,
    ReferenceSet,
    Release,
    cell_total,
    score,
)

MANIFEST = "release.json"
FORMAT = "mirada-release"
FORMAT_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_EXAMPLE = re.compile(r"examples/[0-9]{3,}\.jpg").fullmatch
_ACTIVATED_AT = "activated_at"
"""The one key that a stored manifest has beyond its file: when the release was last activated."""


def is_demo(release: Release) -> bool:
    """Whether its rankers were trained on drawn scenes, which every page that shows it says."""
    return release.manifest.get("demo") is True


def check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise BadRequest(
            f"{name!r} cannot name a release: it takes up to 63 letters, digits, `_`, `.` and `-`, "
            f"and begins with a letter or digit."
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
        names = session.scalars(select(Release.name).order_by(Release.name)).all()
        raise ReleaseNotFound(
            f"There is no release {name!r}. Releases that are there: {', '.join(names) or 'none'}."
        )
    return found


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


def register(session: Session, folder: Path, release_dir: Path) -> Release:
    """Checks a folder that training wrote, copies it to the store, and makes its row.

    The same release registered again is found and nothing changes. Raises BadRelease for a folder
    that is damaged, foreign or of a newer format, NameTaken where another release has its name.
    """
    manifest = read_manifest(folder)
    name = manifest["name"]
    there = session.scalar(select(Release).where(Release.name == name).with_for_update())
    if there is not None:
        if _as_in_file(there.manifest) == manifest:
            return there
        raise NameTaken(
            f"Another release {name!r} is registered already. Delete it first (`mirada releases "
            f"delete {name}`), or train this one under another name."
        )
    _copy(folder, release_dir / name)
    release = Release(
        name=name,
        kind="rankers",
        state="registered",
        version=first_version(),
        manifest=manifest,
        metrics=manifest["metrics"],
    )
    session.add(release)
    session.flush()
    return release


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `release.json` says, after every file that it names was compared with its SHA-256."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadRelease(f"{folder} is no release: it has no {MANIFEST}.") from None
    except (ValueError, OSError) as error:
        raise BadRelease(f"{path} cannot be read ({error}). Copy the release again.") from None
    if not isinstance(manifest, dict):
        raise BadRelease(f"{path} does not describe a release of Mirada.")
    _check_format(path, manifest.get("format"))
    for key, kind in (("name", str), ("attributes", list), ("metrics", dict), ("heads", dict)):
        if not isinstance(manifest.get(key), kind):
            raise BadRelease(f"{path} is damaged: {key} is missing or of the wrong kind.")
    if _NAME.fullmatch(manifest["name"]) is None:
        raise BadRelease(f"{path} has the name {manifest['name']!r}, which no release may have.")
    foreign = [key for key in manifest["attributes"] if key not in KEYS]
    if foreign or not manifest["attributes"]:
        raise BadRelease(
            f"{path} scores {', '.join(map(str, foreign)) or 'no attribute'}; Mirada knows "
            f"{', '.join(KEYS)}."
        )
    _check_files(folder, manifest)
    return manifest


def _check_format(path: Path, written: object) -> None:
    name, _, version = str(written).partition("/")
    if name != FORMAT or not version.isdecimal():
        raise BadRelease(f"{path} does not describe a release of Mirada.")
    if int(version) > FORMAT_VERSION:
        raise BadRelease(
            f"{path} has the format {written}, but this Mirada reads up to "
            f"{FORMAT}/{FORMAT_VERSION}. Update Mirada."
        )


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    path = folder / MANIFEST
    trunks, heads = manifest.get("trunk"), manifest["heads"]
    if not isinstance(trunks, dict) or sorted(heads) != sorted(manifest["attributes"]):
        raise BadRelease(f"{path} is damaged: its networks are not those of its attributes.")
    examples = manifest.get("examples", {})
    if not isinstance(examples, dict):
        raise BadRelease(f"{path} is damaged: examples is of the wrong kind.")
    networks = [*trunks.values(), *heads.values()]
    for part in [*networks, manifest.get("splits"), *examples.values()]:
        file = part.get("file") if isinstance(part, dict) else None
        if not isinstance(file, str) or not (PurePath(file).name == file or _EXAMPLE(file)):
            raise BadRelease(f"{path} is damaged: it names no file, or one outside its folder.")
        try:
            with (folder / file).open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise BadRelease(f"{folder / file} cannot be read: {error.strerror}.") from None
        if digest != part.get("sha256"):
            raise BadRelease(
                f"{folder / file} is not the file that {MANIFEST} names (its SHA-256 differs). "
                f"Copy the release again."
            )


def _copy(folder: Path, target: Path) -> None:
    """The target appears whole or not at all; one without a row is what a failure left behind."""
    if folder.resolve() == target.resolve():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        shutil.copytree(folder, building)
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise BadRelease(f"{folder} cannot be copied to {target}: {error}.") from error


def missing(session: Session, release: Release) -> int:
    """How many photos would be without scores on the map, were this release shown.

    These are the photos with an image, and the places that the active release has scores of.
    """
    shown_now = (
        select(score.c.photo_id)
        .join(ActiveRelease, ActiveRelease.release_id == score.c.release_id)
        .where(score.c.photo_id == Photo.id)
        .exists()
    )
    scored = (
        select(score.c.photo_id)
        .where(score.c.release_id == release.id, score.c.photo_id == Photo.id)
        .exists()
    )
    count = select(func.count()).select_from(Photo)
    photos = count.where(or_(Photo.storage_key.is_not(None), shown_now), ~scored)
    return session.scalar(photos) or 0


def activate(session: Session, name: str, allow_missing: bool = False) -> Release:
    """Makes it the release that is shown by default; one that is shown already stays so.

    Raises Conflict unless it is ready, ScoresMissing with the number of photos that would be
    without scores, unless that is allowed.
    """
    release = get(session, name)
    if release.state != "ready":
        raise Conflict(f"Release {name} is {release.state}, and only a ready one can be shown.")
    current = active(session)
    if current is not None and current.id == release.id:
        return release
    lacking = 0 if allow_missing else missing(session, release)
    if lacking:
        raise ScoresMissing(
            f"With release {name}, {lacking} photos would have no scores. Score them first, or say "
            f"that this is meant (`--allow-missing`)."
        )
    now = datetime.now(UTC)
    release.manifest = {**release.manifest, _ACTIVATED_AT: now.isoformat()}
    row = {"release_id": release.id, "since": now}
    session.execute(
        insert(ActiveRelease)
        .values(id=True, **row)
        .on_conflict_do_update(index_elements=[ActiveRelease.id], set_=row)
    )
    session.flush()
    return release


def roll_back(session: Session, allow_missing: bool = False) -> Release:
    """Shows the release again that was shown before the active one; again, the one before that."""
    current = get(session)
    before = session.scalar(
        select(Release)
        .where(
            Release.state == "ready",
            Release.id != current.id,
            Release.manifest.has_key(_ACTIVATED_AT),
        )
        .order_by(Release.manifest[_ACTIVATED_AT].astext.desc())
        .limit(1)
    )
    if before is None:
        raise Conflict(f"No release was shown before {current.name}, so there is no way back.")
    release = activate(session, before.name, allow_missing)
    current.manifest = _as_in_file(current.manifest)
    session.flush()
    return release


def _as_in_file(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key != _ACTIVATED_AT}


def delete(session: Session, name: str) -> None:
    """Deletes a release with its scores, totals and jobs; its photos stay. Not the active one.

    Its folder is for `delete_folder`, after the commit.
    """
    release = get(session, name)
    current = active(session)
    if current is not None and current.id == release.id:
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


def delete_folder(session: Session, name: str, release_dir: Path) -> None:
    """Deletes the stored folder of a release that has no row any more."""
    check_name(name)
    if session.scalar(select(Release.id).where(Release.name == name)) is None:
        shutil.rmtree(release_dir / name, ignore_errors=True)
