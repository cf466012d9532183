"""Figures of a shape that is sent along."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Body, Query, Request
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message

from app import areas, releases, zones
from app.areas import Drawn
from app.db import SessionFactory, driver_errors
from app.errors import Busy
from app.routes.areas import area_out
from app.schemas import AttributeKey, Floor, ShapeIn, ZoneOut, ZonePhotosOut
from app.tables import Release

AT_ONCE = 2
WAIT_S = 5.0
MAX_BODY_BYTES = 256 * 1024


class SmallBody(APIRoute):
    """Stops reading a body that is larger than any shape that is counted with."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            received = 0

            async def receive() -> Message:
                nonlocal received
                message = await request.receive()
                received += len(message.get("body", b""))
                if received > MAX_BODY_BYTES:
                    raise HTTPException(413, f"A shape has at most {MAX_BODY_BYTES} bytes of JSON.")
                return message

            return await handle(Request(request.scope, receive))

        return bounded


router = APIRouter(tags=["areas"], route_class=SmallBody)
T = TypeVar("T")

ShapeBody = Annotated[
    ShapeIn,
    Body(
        openapi_examples={
            "circle": {
                "value": {"type": "Circle", "center": [-70.65, -33.44], "radius_m": 1500},
            }
        }
    ),
]
ReleaseName = Annotated[str | None, Query(description="Its name; the active one if absent")]


class Places:
    """A query may take seconds, so a few run at a time, and others wait without a connection."""

    def __init__(self) -> None:
        self._free = anyio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        try:
            with anyio.fail_after(WAIT_S):
                await self._free.acquire()
        except TimeoutError as error:
            raise Busy("Too many shapes are being counted. Try again in a moment.") from error
        try:
            yield
        finally:
            self._free.release()


@router.post("/api/query")
async def query(request: Request, shape: ShapeBody, release: ReleaseName = None) -> ZoneOut:
    """Means with 95 % intervals and histograms of the photos in a polygon or a circle.

    As of an area: clustered by zoom-16 cell, its border included. `Circle` has a centre and a
    radius in metres. 422 `bad-shape` says what is wrong with a shape; 422 `too-large` comes with
    the number of `photos` that lie along its border, and the `limit`.
    """
    drawn = areas.read_drawn(shape)
    return await _counted(request, release, lambda session, found: _figures(session, found, drawn))


@router.post("/api/query/photos")
async def query_photos(
    request: Request,
    shape: ShapeBody,
    release: ReleaseName = None,
    attribute: AttributeKey = "safety",
    limit: Annotated[int, Query(ge=1, le=24)] = 3,
) -> ZonePhotosOut:
    """The photos in a polygon or a circle with the highest, the typical and the lowest scores."""
    drawn = areas.read_drawn(shape)
    return await _counted(
        request, release, lambda session, found: _photos(session, found, drawn, attribute, limit)
    )


async def _counted(request: Request, name: str | None, count: Callable[[Session, Release], T]) -> T:
    snapshots: SessionFactory = request.app.state.snapshots
    places: Places = request.app.state.query_places

    def read() -> T:
        with driver_errors(), snapshots.begin() as session:
            return count(session, releases.get(session, name))

    async with places.one():
        return await anyio.to_thread.run_sync(read)


def _figures(session: Session, release: Release, drawn: Drawn) -> ZoneOut:
    found = zones.figures(session, release, drawn)
    city = areas.city(session)
    outcome = area_out(found.figures).model_dump(exclude={"id", "code", "name"})
    return ZoneOut(
        **outcome,
        release=release.name,
        version=release.version,
        floor=Floor(photos=areas.FLOOR_PHOTOS, cells=areas.FLOOR_CELLS),
        area_km2=round(drawn.area_m2 / 1e6, 4),
        histogram=found.histogram,
        city=None if city is None else area_out(areas.figures(session, release, areas.CITY)[0]),
    )


def _photos(
    session: Session, release: Release, drawn: Drawn, attribute: AttributeKey, limit: int
) -> ZonePhotosOut:
    found = zones.photos(session, release, drawn, attribute, limit)
    return ZonePhotosOut(
        release=release.name,
        attribute=attribute,
        most=found.most,
        typical=found.typical,
        least=found.least,
    )
