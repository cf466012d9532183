"""Parameters that several routes read."""

import math
from typing import Annotated

from fastapi import Depends, Query

from app import releases
from app.cells import Box
from app.errors import BadRequest
from app.routes.sessions import SnapshotDep
from app.tables import Release


def get_release(
    session: SnapshotDep,
    release: Annotated[str | None, Query(description="Its name; the active one if absent")] = None,
) -> Release:
    return releases.get(session, release)


def get_box(
    bbox: Annotated[
        str | None,
        Query(
            description="west,south,east,north in degrees; west > east crosses the antimeridian",
            examples=["-70.7,-33.5,-70.5,-33.4"],
        ),
    ] = None,
) -> Box | None:
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError as error:
        raise BadRequest(
            f"bbox must be four numbers, west,south,east,north, not «{bbox}»."
        ) from error
    if not all(math.isfinite(edge) for edge in (west, south, east, north)):
        raise BadRequest("bbox must be four finite numbers.")
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise BadRequest(
            "bbox must lie within longitudes -180 to 180 and latitudes -90 to 90, in the order "
            "west,south,east,north."
        )
    if south >= north or west == east:
        raise BadRequest("bbox is empty: south must be below north, and west differ from east.")
    return Box(west, south, east, north)


ReleaseDep = Annotated[Release, Depends(get_release, scope="function")]
BoxDep = Annotated[Box | None, Depends(get_box)]
