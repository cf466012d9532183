"""Vector tiles, `/tiles/{release}-{version}/{z}/{x}/{y}.mvt`; `/tiles.json` names the version."""

import math
import re
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.responses import Response

from app import cells, releases
from app.db import driver_errors, make_engine, session_factory
from app.errors import Busy, ReleaseNotFound, TileNotFound
from app.routes import caching
from app.routes.metrics import TileMetrics
from app.routes.tile_cache import Tile, TileCache
from app.settings import Settings
from app.tables import Release
from app.tilegrid import GZIP_LEVEL

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
WAIT_S = 2.0
CURRENT_FOR_S = 1.0
"""How long a version is taken for the current one before the database is asked again. A tile that
is served within that time after a publish is one that many hold since before it."""

Address = tuple[int, int, int]

IMMUTABLE = "public, max-age=31536000, immutable"
NO_STORE = "no-store"

router = APIRouter(tags=["tiles"])


@dataclass(frozen=True)
class Tileset:
    """The tiles of a release or of a layer, as one transaction sees them.

    version: the current one. identity: tells it from any other tileset and version. draw: the
    uncompressed tile of z, x and y, b"" if it is empty.
    """

    version: int
    identity: Hashable
    draw: Callable[[int, int, int], bytes]


Opening = Callable[[Session, str, int], Tileset]
"""Finds the tileset of a name; raises TileNotFound for a name or a version that is not there."""


class TileSource:
    """A pool of connections of its own, so that tiles starve neither pages nor each other.

    Waiting happens on the event loop, where it costs no thread: the threads that pages run in are
    never taken by tiles that wait for a connection. What is kept in memory needs neither.
    """

    def __init__(self, engine: Engine, size: int, cache: TileCache, metrics: TileMetrics) -> None:
        self.engine = engine
        self.sessions = session_factory(
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        self.cache = cache
        self.metrics = metrics
        self.wait_s = WAIT_S
        self.current_for_s = CURRENT_FOR_S
        self._places = anyio.Semaphore(size)
        self._threads = anyio.CapacityLimiter(size)
        self._seen: dict[tuple[Opening, str], tuple[float, int, Hashable]] = {}
        """By kind and name: when it was read, its version, and its identity."""

    async def read(
        self, opening: Opening, name: str, version: int, address: Address, *, zipped: bool
    ) -> Tile:
        """Raises TileNotFound, and Busy after waiting for a place in the pool."""
        kept = self._kept(opening, name, version, address, zipped)
        if kept is not None:
            self.metrics.hit.inc()
            return kept
        try:
            with anyio.fail_after(self.wait_s):
                await self._places.acquire()
        except TimeoutError as error:
            self.metrics.refused.inc()
            raise Busy("Too many tiles are being drawn. Try again in a moment.") from error
        try:
            return await anyio.to_thread.run_sync(
                self._read, opening, name, version, address, zipped, limiter=self._threads
            )
        finally:
            self._places.release()

    def _kept(
        self, opening: Opening, name: str, version: int, address: Address, zipped: bool
    ) -> Tile | None:
        read_at, current, identity = self._seen.get((opening, name), (-math.inf, -1, None))
        if version != current or time.monotonic() - read_at > self.current_for_s:
            return None
        return self.cache.get((identity, address, zipped))

    def _read(
        self, opening: Opening, name: str, version: int, address: Address, zipped: bool
    ) -> Tile:
        """Version and content of one snapshot: what is cached for ever is of its version."""
        begun = time.monotonic()
        with driver_errors(), self.sessions.begin() as session:
            tileset = opening(session, name, version)
            is_current = version == tileset.version
            self._seen[opening, name] = begun, tileset.version, tileset.identity
            key = tileset.identity, address, zipped
            kept = self.cache.get(key) if is_current else None
            if kept is not None:
                self.metrics.hit.inc()
                return kept
            content = tileset.draw(*address)
        etag = f'"{caching.digest(content)}{"-gzip" if zipped else ""}"'
        if content and zipped:
            content = caching.compressed(content, GZIP_LEVEL)
        drawn = Tile(content, etag, is_current)
        if is_current:
            self.cache.keep(key, drawn)
        self.metrics.drawn.inc()
        self.metrics.drawing.observe(time.monotonic() - begun)
        return drawn


def tile_engine(settings: Settings, engine: Engine) -> Engine:
    """To the same database as `engine`, with the size and the patience that tiles get."""
    return make_engine(
        engine.url.render_as_string(hide_password=False),
        pool_size=settings.tile_pool_size,
        pool_wait_s=WAIT_S,
        statement_timeout_ms=settings.tile_timeout_ms,
        application_name="mirada-tiles",
    )


@asynccontextmanager
async def tile_source(
    settings: Settings, engine: Engine, metrics: TileMetrics
) -> AsyncIterator[TileSource]:
    own = tile_engine(settings, engine)
    cache = TileCache(settings.tile_cache_mb * 2**20)
    metrics.watch(cache)
    try:
        yield TileSource(own, settings.tile_pool_size, cache, metrics)
    finally:
        own.dispose()


def _of_release(session: Session, name: str, version: int) -> Tileset:
    try:
        release: Release = releases.get(session, name)
    except ReleaseNotFound as error:
        raise TileNotFound(f"There is no release «{name}». /tiles.json names one.") from error
    if version > release.version:
        raise TileNotFound(
            f"Release «{name}» has no version {version} yet. /tiles.json names the current one."
        )
    return Tileset(
        release.version,
        caching.version_of(release),
        lambda z, x, y: cells.tile(session, release, z, x, y),
    )


@router.get(
    "/tiles/{tileset}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, 204: {"description": "Nothing is there"}},
)
async def tile(request: Request, tileset: str, z: str, x: str, y: str) -> Response:
    """One Mapbox Vector Tile. 204 when it holds nothing."""
    name, version = split(tileset)
    return await answer(request, _of_release, name, version, address(z, x, y))


async def answer(
    request: Request, opening: Opening, name: str, version: int, at: Address
) -> Response:
    """The tile with its validators; only the current version's may be kept for ever."""
    source: TileSource = request.app.state.tiles
    zipped = caching.accepts_gzip(request)
    found = await source.read(opening, name, version, at, zipped=zipped)
    headers = {
        "Cache-Control": IMMUTABLE if found.is_current else NO_STORE,
        "Vary": "Accept-Encoding",
    }
    if not found.content:
        return Response(status_code=204, headers=headers)
    headers["ETag"] = found.etag
    if caching.is_current(request, found.etag):
        return caching.not_modified(headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(found.content, media_type=MEDIA_TYPE, headers=headers)


def split(tileset: str) -> tuple[str, int]:
    """A name may hold hyphens itself; the version follows the last one."""
    match = re.fullmatch(r"(.+)-(\d{1,18})", tileset, re.ASCII)
    if match is None:
        raise TileNotFound(f"«{tileset}» is not a name and its version. /tiles.json names one.")
    return match[1], int(match[2])


def address(*parts: str) -> Address:
    if not all(re.fullmatch(r"\d{1,8}", part, re.ASCII) for part in parts):
        raise TileNotFound(f"There is no tile {'/'.join(parts)}: z, x and y are whole numbers.")
    z, x, y = (int(part) for part in parts)
    return z, x, y
