"""Where the files of photos lie: `<root>/<first two characters>/<key>.<what>`.

A key is random, so that no address tells of another, and never used a second time. Originals are
never public.
"""

import fcntl
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.images import Derived
from app.tables import Photo, Upload

ORPHAN_AGE_S = 3600
ORPHANS = 50
ORPHANS_SHARE = 0.1
_SUFFIXES = (".original", ".display.jpg", ".thumbnail.jpg")
_NAME = re.compile(r"([0-9a-f]{32})(?:\.original|\.display\.jpg|\.thumbnail\.jpg)(?:\.part)?")

logger = logging.getLogger(__name__)


def new_key() -> str:
    return secrets.token_hex(16)


class PhotoFiles:
    """The photo store. Nothing here touches the database but `sweep`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def original(self, key: str) -> Path:
        return self._path(key, _SUFFIXES[0])

    def display(self, key: str) -> Path:
        return self._path(key, _SUFFIXES[1])

    def thumbnail(self, key: str) -> Path:
        return self._path(key, _SUFFIXES[2])

    def write(
        self,
        original: bytes,
        derived: Derived | None,
        *,
        key: str | None = None,
        sync: bool = True,
    ) -> str:
        """The key of the new files; all of them are there when it returns, or none.

        derived: None for an original that waits for its place. key: of `new_key`, for who must know
        it before; else a new one.
        sync: False leaves it to one later call of `flush` to get many files onto the disk, which
        takes a tenth of the time.
        """
        key = key or new_key()
        contents = [original] if derived is None else [original, derived.display, derived.thumbnail]
        try:
            for suffix, content in zip(_SUFFIXES, contents, strict=False):
                _write(self._path(key, suffix), content, sync)
            if sync:
                _sync_folder(self._path(key, "").parent)
        except BaseException:
            self.delete([key])
            raise
        return key

    def flush(self) -> None:
        """Waits until all that was written is on the disk."""
        os.sync()

    def delete(self, keys: Iterable[str]) -> None:
        """What is not there any more is no error."""
        for key in keys:
            for suffix in _SUFFIXES:
                path = self._path(key, suffix)
                path.unlink(missing_ok=True)
                _part(path).unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """For who writes files long before their rows: nothing is swept meanwhile.

        The lock is the kernel's, so an import that is killed does not hold it for ever.
        """
        with self._lock(fcntl.LOCK_SH):
            yield

    def sweep(self, session: Session, older_than_s: float = ORPHAN_AGE_S) -> int:
        """Deletes files that belong to no photo and to no upload; how many keys it deleted.

        Younger ones may belong to a transaction that is not committed yet. Deletes nothing in a
        store that holds far more photos than the database knows: lost transactions are few, so it
        is rather the store of another database.
        """
        if not self.root.exists():  # Not mounted, say: it must not be made.
            return 0
        try:
            with self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB):
                if self._is_anothers(session):
                    return 0
                return self._sweep(session, time.time() - older_than_s)
        except BlockingIOError:
            return 0

    def _is_anothers(self, session: Session) -> bool:
        known = sum(
            session.scalars(select(func.count(table.storage_key))).one()
            for table in (Photo, Upload)
        )
        present = sum(1 for _ in self.root.glob(f"[0-9a-f][0-9a-f]/*{_SUFFIXES[0]}"))
        if present - known <= max(ORPHANS, ORPHANS_SHARE * known):
            return False
        logger.warning(
            "%s holds %d photos, but the database knows %d: if it is the store of another "
            "database, set MIRADA_DATA_DIR; nothing was deleted",
            *(self.root, present, known),
        )
        return True

    def _sweep(self, session: Session, before: float) -> int:
        deleted = 0
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            old = _old_keys(folder, before)
            if not old:
                continue
            of_photos = select(Photo.storage_key).where(Photo.storage_key.in_(old))
            of_uploads = select(Upload.storage_key).where(Upload.storage_key.in_(old))
            orphans = old.difference(session.scalars(of_photos.union(of_uploads)))
            self.delete(orphans)
            deleted += len(orphans)
        return deleted

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.root / "writing.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)

    def _path(self, key: str, suffix: str) -> Path:
        return self.root / key[:2] / f"{key}{suffix}"


def _write(path: Path, content: bytes, sync: bool) -> None:
    """Nobody ever sees a part of a file under its name; synced, not even after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _part(path).open("wb") as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    _part(path).replace(path)


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _old_keys(folder: Path, before: float) -> set[str]:
    """Keys of which every file is old; foreign files are left alone."""
    ages: dict[str, float] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            named = _NAME.fullmatch(entry.name)
            if named is not None and named[1].startswith(folder.name):
                with suppress(FileNotFoundError):
                    changed = entry.stat().st_mtime
                    ages[named[1]] = max(ages.get(named[1], changed), changed)
    return {key for key, changed in ages.items() if changed < before}
