"""Vector tiles, `/tiles/{release}-{version}/{z}/{x}/{y}.mvt`; `/tiles.json` names the version."""

import re
from collections.abc import AsyncIterator
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
from app.settings import Settings
from app.tables import Release

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
WAIT_S = 2.0

IMMUTABLE = "public, max-age=31536000, immutable"
NO_STORE = "no-store"

router = APIRouter(tags=["tiles"])


@dataclass(frozen=True)
class Tile:
    """content: as it is sent, compressed if that was asked for; etag: of just these bytes."""

    content: bytes
    etag: str
    is_current: bool


class TileSource:
    """A pool of connections of its own, so that tiles starve neither pages nor each other.

    Waiting happens on the event loop, where it costs no thread: the threads that pages run in are
    never taken by tiles that wait for a connection.
    """

    def __init__(self, engine: Engine, size: int, wait_s: float = WAIT_S) -> None:
        self.engine = engine
        self.sessions = session_factory(
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        self.wait_s = wait_s
        self._places = anyio.Semaphore(size)
        self._threads = anyio.CapacityLimiter(size)

    async def read(
        self, name: str, version: int, address: tuple[int, int, int], *, zipped: bool
    ) -> Tile:
        try:
            with anyio.fail_after(self.wait_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise Busy("Too many tiles are being drawn. Try again in a moment.") from error
        try:
            return await anyio.to_thread.run_sync(
                self._read, name, version, address, zipped, limiter=self._threads
            )
        finally:
            self._places.release()

    def _read(self, name: str, version: int, address: tuple[int, int, int], zipped: bool) -> Tile:
        """Version and content of one snapshot: what is cached for ever is of its version."""
        with driver_errors(), self.sessions.begin() as session:
            release = _release(session, name, version)
            content = cells.tile(session, release, *address)
            is_current = version == release.version
        etag = f'"{caching.digest(content)}{"-gzip" if zipped else ""}"'
        if content and zipped:
            content = caching.compressed(content)
        return Tile(content, etag, is_current)


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
async def tile_source(settings: Settings, engine: Engine) -> AsyncIterator[TileSource]:
    own = tile_engine(settings, engine)
    try:
        yield TileSource(own, settings.tile_pool_size)
    finally:
        own.dispose()


def _release(session: Session, name: str, version: int) -> Release:
    try:
        release = releases.get(session, name)
    except ReleaseNotFound as error:
        raise TileNotFound(f"There is no release «{name}». /tiles.json names one.") from error
    if version > release.version:
        raise TileNotFound(
            f"Release «{name}» has no version {version} yet. /tiles.json names the current one."
        )
    return release


@router.get(
    "/tiles/{tileset}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, 204: {"description": "Nothing is there"}},
)
async def tile(request: Request, tileset: str, z: str, x: str, y: str) -> Response:
    """One Mapbox Vector Tile. 204 when it holds nothing."""
    name, version = _tileset(tileset)
    source: TileSource = request.app.state.tiles
    zipped = caching.accepts_gzip(request)
    found = await source.read(name, version, _address(z, x, y), zipped=zipped)
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


def _tileset(word: str) -> tuple[str, int]:
    """A release's name may hold hyphens itself; the version follows the last one."""
    match = re.fullmatch(r"(.+)-(\d{1,18})", word, re.ASCII)
    if match is None:
        raise TileNotFound(f"«{word}» is not a release and its version. /tiles.json names one.")
    return match[1], int(match[2])


def _address(*parts: str) -> tuple[int, int, int]:
    if not all(re.fullmatch(r"\d{1,8}", part, re.ASCII) for part in parts):
        raise TileNotFound(f"There is no tile {'/'.join(parts)}: z, x and y are whole numbers.")
    z, x, y = (int(part) for part in parts)
    return z, x, y
