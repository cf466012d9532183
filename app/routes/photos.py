from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from starlette.responses import FileResponse, Response

from app.photos import public, search
from app.photos.filter import PhotoFilter, read_near, read_ranges
from app.photos.search import SAMPLE_LIMIT, SKIP_LIMIT
from app.photos.word import DrawnWord, read_word
from app.routes import caching, photo_files
from app.routes.parameters import BoxDep, ReleaseDep
from app.routes.sessions import SnapshotDep
from app.schemas import AttributeKey, Order, PhotoDetail, PhotoPage, PhotoSample

router = APIRouter(tags=["photos"])

PhotoId = Annotated[int, PathParameter(ge=1, lt=2**63)]
Bound = Annotated[float | None, Query(ge=0, le=10, allow_inf_nan=False)]


Ranges = Annotated[
    str | None,
    Query(
        description="Scores of any attributes, low ≤ score < high; 10 holds 10",
        examples=["safety:6-7.5,lively:0-3"],
    ),
]
Place = Annotated[str | None, Query(description="lon,lat: up to 2 km around", examples=["-70,-33"])]


async def get_zone(
    request: Request,
    zone: Annotated[
        str | None,
        Query(
            description="A drawn polygon or circle, as the map's address has it; "
            "with the limits and errors of `POST /api/query`",
            examples=["cv6mvN_njsG49C"],
        ),
    ] = None,
) -> AsyncIterator[DrawnWord | None]:
    """With one of the few places of those who count shapes, before a connection is taken."""
    if zone is None:
        yield None
        return
    read = read_word(zone)
    async with request.app.state.query_places.one():
        yield read


ZoneDep = Annotated[DrawnWord | None, Depends(get_zone, scope="function")]


def get_filter(
    box: BoxDep,
    zone: ZoneDep,
    attribute: AttributeKey = "safety",
    layer: Annotated[str | None, Query(description="Together with area")] = None,
    area: Annotated[str | None, Query(description="Code of an area of the layer")] = None,
    lowest: Annotated[Bound, Query(alias="min", description="Of the attribute's score")] = None,
    highest: Annotated[Bound, Query(alias="max", description="Of the attribute's score")] = None,
    only: Ranges = None,
    since: Annotated[date | None, Query(alias="from", description="First day, UTC")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last day, UTC")] = None,
    batch: Annotated[int | None, Query(ge=1, lt=2**63, description="Number of a batch")] = None,
    near: Place = None,
) -> PhotoFilter:
    return PhotoFilter(
        attribute,
        layer,
        area,
        box,
        lowest,
        highest,
        only=() if only is None else read_ranges(only),
        since=since,
        until=until,
        batch=batch,
        near=None if near is None else read_near(near),
        zone=zone,
    )


FilterDep = Annotated[PhotoFilter, Depends(get_filter, scope="function")]


@router.get("/api/photos")
def list_photos(
    where: FilterDep,
    session: SnapshotDep,
    release: ReleaseDep,
    order: Order = "best",
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
    skip: Annotated[int, Query(ge=0, le=SKIP_LIMIT, description="Instead of a cursor")] = 0,
    seed: Annotated[int, Query(ge=0, lt=2**31, description="Of random: another order")] = 0,
) -> PhotoPage:
    """Photos that have a score of the attribute, page by page.

    `most` and `least` go by that score. `best` and `worst` begin at the favourable and the other
    end: the best for `boring` are the least boring. `typical` begins with those nearest to the mean
    of all that the filter selects. `newest` goes by time of capture, photos without one last, and
    lists photos without a score of the attribute too. `random` is the same for one seed. `nearest`
    goes by distance from `near`. `skip` enters a list in its midst; from there on its cursors lead.
    """
    return search.search(session, release, where, order, limit, cursor, skip=skip, seed=seed)


@router.get("/api/photos/sample", response_model=PhotoSample)
def sample_photos(
    request: Request,
    where: FilterDep,
    session: SnapshotDep,
    release: ReleaseDep,
    n: Annotated[int, Query(ge=1, le=SAMPLE_LIMIT)] = 5_000,
    seed: Annotated[int, Query(ge=0, lt=2**31, description="Another number, another sample")] = 0,
) -> Response:
    """A stable random sample of the filter, in columns: the first 1,000 of 5,000 are that of 1,000.

    Photos without a score of the attribute are in it too unless a bound is given.
    """
    etag = caching.weak_etag(caching.version_of(release), where, n, seed)
    headers = {"Cache-Control": "no-cache", "ETag": etag}
    if caching.is_current(request, etag):
        return caching.not_modified(headers)
    drawn = search.sample(session, release, n, where, seed)
    return Response(drawn.model_dump_json(), media_type="application/json", headers=headers)


@router.get("/api/photos/{photo_id}")
def show_photo(session: SnapshotDep, release: ReleaseDep, photo_id: PhotoId) -> PhotoDetail:
    """One photo with its raw outputs, its areas, and the photos before and after in its source."""
    return public.one(session, release, photo_id)


@router.get("/photos/{photo_id}/image", response_class=FileResponse)
def image(request: Request, session: SnapshotDep, photo_id: PhotoId) -> Response:
    """JPEG of at most 1,600 pixels a side, stripped of metadata."""
    key = public.storage_key(session, photo_id)
    return photo_files.display(request, session, photo_id, key)


@router.get("/photos/{photo_id}/thumbnail", response_class=FileResponse)
def thumbnail(request: Request, session: SnapshotDep, photo_id: PhotoId) -> Response:
    """JPEG of at most 320 pixels a side, stripped of metadata."""
    key = public.storage_key(session, photo_id)
    return photo_files.thumbnail(request, session, photo_id, key)
