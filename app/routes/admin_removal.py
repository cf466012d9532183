"""Taking back over HTTP: a batch is cancelled or deleted."""

import time

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from app import batches
from app.batches import Progress
from app.batches.removal import REASON, photos_left
from app.batches.shapes import Left
from app.db import driver_errors
from app.routes.admin_access import get_admin
from app.routes.admin_photos import Reason, Refuse
from app.routes.sessions import SessionDep

DELETES_FOR_S = 5.0

router = APIRouter(prefix="/api/admin", tags=["admin"], dependencies=[Depends(get_admin)])


@router.post("/batches/{batch_id}/cancel")
def cancel_batch(session: SessionDep, batch_id: int) -> Progress:
    """No more files, no more scores; what was scored stays on the map."""
    batches.cancel(session, batch_id)
    return batches.progress(session, batch_id)


@router.delete(
    "/batches/{batch_id}",
    status_code=204,
    responses={202: {"model": Left, "description": "It goes on; ask again to wait for its end"}},
)
def delete_batch(
    request: Request, batch_id: int, refuse: Refuse = True, reason: Reason = REASON
) -> Response:
    """Photos, scores, totals, verdicts and files of a batch go.

    204 when it is gone. 202 after some seconds with the number of photos that are left: it goes on
    where a worker runs, and with each request that asks again.
    """
    state = request.app.state
    with driver_errors(), state.sessions.begin() as session:
        batches.begin_deletion(session, batch_id, refuse=refuse, reason=reason)
    ends_at = time.monotonic() + DELETES_FOR_S
    if batches.delete(state.sessions, state.files, batch_id, lambda: time.monotonic() < ends_at):
        return Response(status_code=204)
    with driver_errors(), state.sessions.begin() as session:
        left = photos_left(session, batch_id)
    return JSONResponse(Left(left=left).model_dump(), 202)
