"""Single photos over HTTP, for admins: looked at though not public, and taken down."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from app.errors import NotFound, PhotoNotFound
from app.photos.delete import delete
from app.routes import photo_files
from app.routes.admin_access import get_admin
from app.routes.photos import PhotoId
from app.routes.sessions import SessionDep
from app.tables import Photo

router = APIRouter(prefix="/api/admin", tags=["admin"], dependencies=[Depends(get_admin)])

Refuse = Annotated[bool, Query(description="Never accept the same files again")]
Reason = Annotated[
    str, Query(min_length=1, max_length=200, description="Why they are refused, kept with them")
]


@router.get("/photos/{photo_id}/thumbnail", response_class=FileResponse)
def photo_thumbnail(request: Request, session: SessionDep, photo_id: PhotoId) -> Response:
    """For admins also of photos that may not be shown to others."""
    photo = session.get(Photo, photo_id)
    if photo is None or photo.storage_key is None:
        raise NotFound(f"Photo {photo_id} has no thumbnail.")
    return photo_files.thumbnail(
        request, session, photo_id, photo.storage_key, photo_files.FOR_ADMINS
    )


@router.delete("/photos/{photo_id}", status_code=204)
def delete_photo(
    request: Request,
    session: SessionDep,
    photo_id: PhotoId,
    refuse: Refuse = True,
    reason: Reason = "taken down",
) -> None:
    """One photo with its scores, its share of the totals, and its files: a take-down request."""
    if not delete(session, [photo_id], request.app.state.files, refuse=refuse, reason=reason):
        raise PhotoNotFound(f"There is no photo {photo_id}.")
