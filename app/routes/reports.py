"""Reports of photos, which anybody may send."""

from fastapi import APIRouter, Request

from app import reports
from app.db import driver_errors
from app.routes.admin_access import ForeignOrigin, address_of, must_be_ours
from app.routes.photos import PhotoId
from app.routes.sessions import SessionDep
from app.schemas import ReportIn

router = APIRouter(tags=["photos"])


@router.post("/api/photos/{photo_id}/report", status_code=204)
def report_photo(
    request: Request, session: SessionDep, photo_id: PhotoId, report: ReportIn
) -> None:
    """Asks the admins to take a photo down. Some reports an hour are taken from one address."""
    try:
        must_be_ours(request)
    except ForeignOrigin as error:
        raise ForeignOrigin("A report is sent from a page of this site: open the photo.") from error
    with driver_errors():
        reports.admit(request.app.state.sessions, address_of(request))
    reports.send(session, photo_id, report)
