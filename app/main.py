"""The web app, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from app.db import session_factory
from app.exports.built import Built
from app.photos.location import open_store
from app.routes import (
    admin,
    area_tiles,
    areas,
    attributes,
    basemap,
    caching,
    cells,
    docs,
    exports,
    health,
    metrics,
    pages,
    photos,
    problems,
    query,
    releases,
    reports,
    tilejson,
    tiles,
)
from app.routes.assets import AssetFiles
from app.routes.head import HeadAsGet
from app.routes.security import SecurityHeaders
from app.settings import Settings

DESCRIPTION = """
How a city looks to people, from comparisons of street photos. Scores run from 0.0 to 10.0; 5 is
half of the city's reference photos. Errors are problem details (RFC 9457) with a stable `code`.
"""


def create_app(settings: Settings, engine: Engine) -> FastAPI:
    """engine: for all but the tiles, which get connections of their own to the same database.

    Raises BadFile where the base map's file is not what it should be.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.tile_metrics = metrics.TileMetrics()
        async with tiles.tile_source(settings, engine, app.state.tile_metrics) as source:
            app.state.tiles = source
            app.state.query_places = query.Places()
            yield

    if settings.basemap_file is not None:
        basemap.check(settings.basemap_file)
    app = FastAPI(
        title="Mirada",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=problems.RESPONSES,
    )
    built = Built()
    app.state.settings = settings
    app.state.engine = engine
    app.state.sessions = session_factory(engine)
    app.state.snapshots = session_factory(
        engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    )
    app.state.files = open_store(settings.photo_location)
    app.state.built = built
    app.state.templates = pages.environment(built)
    app.state.kept = caching.Kept()
    app.state.kept_areas = caching.Kept()
    app.state.kept_exports = caching.Kept()

    # The last one added is the outermost.
    app.add_middleware(
        GZipMiddleware,
        exclude_content_types=(
            *DEFAULT_EXCLUDED_CONTENT_TYPES,
            tiles.MEDIA_TYPE,
            basemap.MEDIA_TYPE,
        ),
    )
    problems.install(app)
    app.add_middleware(SecurityHeaders, basemap_url=settings.basemap_url, bare=tiles.MEDIA_TYPE)
    app.add_middleware(HeadAsGet)

    for part in (
        attributes,
        releases,
        areas,
        query,
        cells,
        photos,
        reports,
        tilejson,
        tiles,
        area_tiles,
        exports,
        pages,
        basemap,
        docs,
        health,
        metrics,
        admin,
    ):
        app.include_router(part.router)
    app.mount("/assets", AssetFiles(built.folder), name="assets")
    return app
