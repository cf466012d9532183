"""A photo store behind any URL that fsspec knows, such as `s3://bucket/prefix`.

Credentials, region and endpoint come from where each service's own tools look for them (for S3 the
`AWS_…` variables, a profile, the machine's role), so none passes through here.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import fsspec
from fsspec.utils import get_protocol

from app.errors import BadRequest, PhotoStoreAway
from app.photos.store import ORIGINAL, Opener, PhotoStore, newest

AT_ONCE = 16
"""Deletions under way at a time; each is a request of its own, so that none fails unseen."""
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"})
"""Where an object is seen only once all of it has arrived."""
_OPTIONS: dict[str, dict[str, Any]] = {
    # A store that does not answer must not hold a request for the minutes of the libraries' own.
    "s3": {
        "use_listings_cache": False,
        "config_kwargs": {
            "connect_timeout": 5,
            "read_timeout": 20,
            "retries": {"mode": "standard", "total_max_attempts": 3},
        },
    },
}


class PhotoObjects(PhotoStore):
    """Raises BadRequest for a URL of a kind that no installed package knows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.location = without_password(url)
        protocol = get_protocol(url)
        try:
            self._fs, self._root = fsspec.url_to_fs(url, **_OPTIONS.get(protocol, {}))
        except (ImportError, ValueError) as error:
            raise BadRequest(
                f"MIRADA_PHOTO_STORE cannot be {self.location}: {error} Name a folder, an "
                "s3:// address, or install the package that fsspec reads such addresses with."
            ) from error
        self._root = self._root.rstrip("/")
        if protocol == "s3":
            self._fs.retries = 1  # What botocore has tried three times is not tried again.
        self._whole = protocol in _WHOLE

    def __reduce__(self) -> tuple[type["PhotoObjects"], tuple[str]]:
        """A child process opens connections of its own."""
        return PhotoObjects, (self._url,)

    def opener(self, key: str) -> Opener:
        return partial(self._open, key)

    def path(self, key: str, suffix: str) -> None:
        return None

    def flush(self) -> None:
        """What a store has taken is safe."""

    def is_there(self) -> bool:
        """A store of objects has no folders: it is there as long as it answers."""
        return True

    def ages(self) -> Iterator[Mapping[str, float]]:
        for number in range(256):
            yield self._ages(f"{number:02x}")

    def _ages(self, folder: str) -> dict[str, float]:
        with self._answering():
            self._fs.invalidate_cache()
            try:
                entries = self._fs.ls(f"{self._root}/{folder}", detail=True)
            except FileNotFoundError:
                return {}
            written = ((entry["name"].rpartition("/")[2], _changed(entry)) for entry in entries)
            return newest(folder, written)

    def _open(self, key: str) -> BinaryIO:
        return io.BytesIO(self.read(key, ORIGINAL))

    def _get(self, name: str) -> bytes:
        with self._answering():
            return cast(bytes, self._fs.cat_file(self._path(name)))

    def _put(self, contents: Mapping[str, bytes], sync: bool) -> None:
        """What is not a store of objects shows a file while it grows, so it grows aside."""
        with self._answering(missing_is_away=True):
            paths = {self._path(name): content for name, content in contents.items()}
            if self._whole:
                self._fs.pipe(paths)
                return
            for path, content in paths.items():
                self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._fs.pipe_file(f"{path}.part", content)
                self._fs.mv(f"{path}.part", path)

    def _remove(self, names: Sequence[str]) -> None:
        paths = [self._path(name) for name in names]
        if not self._whole:
            paths += [f"{path}.part" for path in paths]
        with self._answering(), ThreadPoolExecutor(min(AT_ONCE, len(paths) or 1)) as pool:
            for _ in pool.map(self._remove_one, paths):
                pass

    def _remove_one(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _answering(self, missing_is_away: bool = False) -> Iterator[None]:
        """Each service has errors of its own, which fsspec passes on: all but one mean the same.

        missing_is_away: for writes, which are told so where there is no such bucket.
        """
        try:
            yield
        except FileNotFoundError as error:
            if missing_is_away:
                raise self._away(error) from error
            raise
        except Exception as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> PhotoStoreAway:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return PhotoStoreAway(
            f"The photo store {self.location} cannot be used ({reason}). Check MIRADA_PHOTO_STORE, "
            "the store's credentials in the environment, and that it is reachable from here. What "
            "was under way is not lost: it can be done again."
        )


def without_password(url: str) -> str:
    """The same URL for people and logs, without user and query."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _changed(entry: Mapping[str, Any]) -> float:
    """Seconds since the epoch; services name the time each in its own way.

    Infinite, so never old, where one says none: better an orphan that stays than a photo that goes.
    """
    for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = entry.get(key)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return float("inf")
