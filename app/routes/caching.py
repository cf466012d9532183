"""ETags, conditional requests and gzip as HTTP (RFC 9110) has them; results kept by version."""

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response

from app.tables import Release

T = TypeVar("T")


def digest(*parts: object) -> str:
    """A short fingerprint of bytes or of what has a faithful repr."""
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part if isinstance(part, bytes) else repr(part).encode())
        sha256.update(b"\0")
    return sha256.hexdigest()[:32]


def weak_etag(*parts: object) -> str:
    """Weak, since the answer may be compressed on its way out under the same tag."""
    return f'W/"{digest(*parts)}"'


def version_of(release: Release) -> tuple[object, ...]:
    """Changes whenever published scores may have; the time tells apart two of one number."""
    return release.id, release.name, release.version, release.published_at


def is_current(request: Request, etag: str) -> bool:
    """Whether the client holds this version already; If-None-Match compares weakly."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return False
    held = re.findall(r'(?:W/)?"[^"]*"', asked)
    return asked.strip() == "*" or etag.removeprefix("W/") in (h.removeprefix("W/") for h in held)


def not_modified(headers: dict[str, str]) -> Response:
    return Response(status_code=304, headers=headers)


def accepts_gzip(request: Request) -> bool:
    """By the quality of `gzip`, else of `*`: a quality of 0 refuses."""
    qualities: dict[str, float] = {}
    for item in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, parameter = item.partition(";")
        match = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameter)
        qualities[coding.strip()] = float(match[1]) if match else 1.0
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def compressed(content: bytes, level: int = 6) -> bytes:
    """The same bytes for the same content, at any time. level: 1 is fastest, 9 smallest."""
    return gzip.compress(content, compresslevel=level, mtime=0)


class Kept:
    """The last few results of slow work, each under a key that says of what version it is.

    Who asks for one that is being made waits for it instead of making it a second time.
    """

    def __init__(self, size: int = 16) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._results:
                self._results[key] = make()
            self._results.move_to_end(key)
            while len(self._results) > self._size:
                self._results.popitem(last=False)
            result: T = self._results[key]
            return result
