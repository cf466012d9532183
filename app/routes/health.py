"""Whether the process lives, and whether it can serve."""

from fastapi import APIRouter, Request

from app import readiness

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """200 as long as the process answers at all, whatever the database does."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> dict[str, str]:
    """503 and one sentence that says what to do while the database can't serve."""
    readiness.check(request.app.state.engine)
    return {"status": "ready", "detail": "The database answers and its tables are up to date."}
