from fastapi import APIRouter, Request
from sqlalchemy.orm import Session

from app import releases
from app.routes.sessions import SnapshotDep
from app.routes.tilejson import described
from app.schemas import ReleaseList, ReleaseOut
from app.tables import Release

router = APIRouter(tags=["releases"])


@router.get("/api/releases")
def list_releases(request: Request, session: SnapshotDep) -> ReleaseList:
    """All releases; `active` names the one that is shown by default."""
    active = releases.active(session)
    return ReleaseList(
        active=None if active is None else active.name,
        releases=[release_out(request, session, each) for each in releases.listing(session)],
    )


def release_out(request: Request, session: Session, release: Release) -> ReleaseOut:
    description = described(request, session, release)
    return ReleaseOut.model_validate(
        {
            "name": release.name,
            "kind": release.kind,
            "state": release.state,
            "version": release.version,
            "demo": description.demo,
            "photos": description.photos,
            "created_at": release.created_at,
            "published_at": release.published_at,
            "spread": description.spread,
            "metrics": release.metrics,
        }
    )
