"""What people want taken down: reports that wait until an admin acts upon them.

A report says which photo, why, and when, and nothing of who sent it. It is deleted with the
photo, or when it is dismissed.
"""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.accounts import attempts
from app.accounts.attempts import HOUR_S, MINUTE_S, Limit
from app.db import SessionFactory
from app.errors import PhotoNotFound, ReportNotFound, TooManyAttempts
from app.schemas import ReportIn, ReportList, ReportOut
from app.tables import Photo, PhotoReport

LIMITS = (Limit("report", 5, 10 * MINUTE_S), Limit("report", 20, HOUR_S))
MOST_OF_A_PHOTO = 20
"""More of them would tell an admin nothing new."""


class ReportsPaused(TooManyAttempts):
    """`wait_s`: full seconds until the next report is taken."""

    code = "too-many-reports"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many reports from here. Try again in {wait_s} s.")
        self.wait_s = wait_s


def admit(sessions: SessionFactory, address: str) -> None:
    """Counts a report of an address; ReportsPaused where there were too many.

    Only a hash of the address is kept, no longer than the window that it is counted in and until
    somebody is counted after that.
    """
    network = attempts.network_of(address)
    wait_s = attempts.count(sessions, {each: attempts.key_of(each, network) for each in LIMITS})
    if wait_s is not None:
        raise ReportsPaused(wait_s)


def send(session: Session, photo_id: int, report: ReportIn) -> None:
    # Shared, so that the photo is not deleted meanwhile.
    query = select(Photo.id).where(Photo.id == photo_id).with_for_update(read=True, key_share=True)
    if session.scalar(query) is None:
        raise PhotoNotFound(f"There is no photo {photo_id}. It may have been taken down.")
    known = select(func.count()).where(PhotoReport.photo_id == photo_id)
    if (session.scalar(known) or 0) < MOST_OF_A_PHOTO:
        session.add(PhotoReport(photo_id=photo_id, reason=report.reason, text=report.text or None))


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PhotoReport)) or 0


def listing(session: Session, limit: int = 100) -> ReportList:
    """Those that have waited longest."""
    rows = session.execute(
        select(PhotoReport, Photo.storage_key.is_not(None))
        .join(Photo, Photo.id == PhotoReport.photo_id)
        .order_by(PhotoReport.id)
        .limit(limit)
    )
    names = ("id", "photo_id", "reason", "text", "created_at")
    shown = [
        ReportOut.model_validate(
            {**{name: getattr(report, name) for name in names}, "has_image": has_image}
        )
        for report, has_image in rows
    ]
    return ReportList(total=count(session), reports=shown)


def dismiss(session: Session, report_id: int) -> None:
    """Deletes the report; the photo stays."""
    gone = delete(PhotoReport).where(PhotoReport.id == report_id).returning(PhotoReport.id)
    if session.scalar(gone) is None:
        raise ReportNotFound(f"There is no report {report_id}: somebody has acted upon it.")


def photo_of(session: Session, report_id: int) -> int:
    photo_id = session.scalar(select(PhotoReport.photo_id).where(PhotoReport.id == report_id))
    if photo_id is None:
        raise ReportNotFound(f"There is no report {report_id}: somebody has acted upon it.")
    return photo_id
