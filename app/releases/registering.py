"""How a release comes in from a folder that training wrote, and how its copy goes."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import SessionFactory, driver_errors
from app.errors import BadRelease, BadRequest, NameTaken
from app.releases.folder import MANIFEST, copy, read_manifest, said_name
from app.releases.release import as_in_file, check_name, delete, first_version, lock_name
from app.tables import Release

_FOLDER = re.compile(r"[\w][\w .-]{0,127}")


@dataclass(frozen=True)
class Waiting:
    """A release folder that may be registered. problem: why it cannot be, in words."""

    folder: str
    name: str | None
    problem: str | None


def register(session: Session, folder: Path, release_dir: Path) -> Release:
    """Checks a folder that training wrote, copies it to the store, and makes its row.

    The same release registered again is found and nothing changes. Raises BadRelease for a folder
    that is damaged, foreign or of a newer format, NameTaken where another release has its name.
    """
    manifest = read_manifest(folder)
    name = manifest["name"]
    lock_name(session, name)
    there = session.scalar(select(Release).where(Release.name == name).with_for_update())
    if there is not None:
        if as_in_file(there.manifest) == manifest:
            return there
        raise NameTaken(
            f"Another release {name!r} is registered already. Delete it first (`mirada releases "
            f"delete {name}`), or train this one under another name."
        )
    copy(folder, release_dir / name)
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


def waiting(session: Session, trained_dir: Path) -> list[Waiting]:
    """The folders in `trained_dir` that are releases without a row yet, by name.

    Only their `release.json` is read; `register` checks the rest.
    """
    if not trained_dir.is_dir():
        return []
    known = set(session.scalars(select(Release.name)))
    found = []
    for folder in sorted(trained_dir.iterdir()):
        if not (_FOLDER.fullmatch(folder.name) and (folder / MANIFEST).is_file()):
            continue
        try:
            name = said_name(folder)
        except BadRelease as error:
            found.append(Waiting(folder.name, None, str(error)))
            continue
        if name not in known:
            found.append(Waiting(folder.name, name, None))
    return found


def trained_folder(trained_dir: Path, name: str) -> Path:
    """A folder directly in `trained_dir`, named by somebody far away.

    Weights come onto the server by who has access to it, and a session or a token only names them:
    whoever steals one brings in no network of their own, fills no disk, and reads no other folder.
    Raises BadRequest for a name that leads elsewhere, as a path or as a link.
    """
    folder = trained_dir / name
    if _FOLDER.fullmatch(name) is None or folder.is_symlink():
        raise BadRequest(f"{name!r} is no folder in {trained_dir}; name one without any path.")
    return folder


def remove(sessions: SessionFactory, name: str, release_dir: Path) -> None:
    """Deletes a release as `delete` does, and then its folder."""
    with driver_errors(), sessions.begin() as session:
        delete(session, name)
    with driver_errors(), sessions.begin() as session:
        delete_folder(session, name, release_dir)


def delete_folder(session: Session, name: str, release_dir: Path) -> None:
    """Deletes the stored folder of a release that has no row any more."""
    check_name(name)
    lock_name(session, name)
    if session.scalar(select(Release.id).where(Release.name == name)) is None:
        shutil.rmtree(release_dir / name, ignore_errors=True)
