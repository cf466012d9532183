"""Releases over HTTP: register one, score all photos with it, compare it, show it, go back."""

import asyncio
import time
from collections.abc import AsyncIterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import releases, scores
from app.db import SessionFactory, driver_errors
from app.errors import ReleaseNotFound
from app.releases import (
    AdminRelease,
    AdminReleases,
    Comparison,
    FolderIn,
    ReleaseProgress,
    ScoreIn,
    SwitchIn,
    WaitingFolder,
)
from app.routes.admin_access import get_admin
from app.routes.sessions import SessionDep, SnapshotDep
from app.settings import Settings

EVENT_EVERY_S = 2.0
COUNTING_SHARE = 0.1
"""Counting may take so much of the time between two events, however many photos there are."""
STREAM_S = 10.0
"""A server that is stopped waits for its streams, and proxies cut long ones off."""
RECONNECT_MS = 500

router = APIRouter(prefix="/api/admin", tags=["admin releases"], dependencies=[Depends(get_admin)])


def _refused(code: str, detail: str, **extensions: Any) -> dict[int | str, dict[str, Any]]:
    """How a 409 looks, for the API's description."""
    example = {"type": "about:blank", "title": "Conflict", "status": 409, "detail": detail}
    content = {"application/problem+json": {"example": {**example, "code": code, **extensions}}}
    return {409: {"description": "Not done", "content": content}}


SCORES_MISSING = _refused(
    "scores-missing",
    "With release santiago-2026-11, 126 photos would have no scores. Score them first, or say "
    "that this is meant (`--allow-missing`).",
    missing=126,
)


@router.get("/releases")
def list_releases(request: Request, session: SnapshotDep) -> AdminReleases:
    """All releases with what is scored, missing and queued, and the folders that may become one."""
    return listed(request, session)


def listed(request: Request, session: Session) -> AdminReleases:
    trained_dir = _settings(request).trained_dir
    shown, before = releases.active(session), releases.way_back(session)
    return AdminReleases(
        active=None if shown is None else shown.name,
        way_back=None if before is None else before.name,
        releases=releases.all_described(session),
        folders=[WaitingFolder(**vars(each)) for each in releases.waiting(session, trained_dir)],
        trained_dir=str(trained_dir),
    )


@router.post(
    "/releases",
    status_code=201,
    responses=_refused("name-taken", "Another release 'santiago-2026-11' is registered already."),
)
def register_release(request: Request, session: SessionDep, new: FolderIn) -> AdminRelease:
    """Checks a release folder on the server, file by file, and copies it into the release store.

    Weights are not uploaded: put the folder that training wrote into `trained/` of the data
    folder, and name it here. The same release registered again is found and nothing changes.
    """
    settings = _settings(request)
    folder = releases.trained_folder(settings.trained_dir, new.folder)
    release = releases.register(session, folder, settings.release_dir)
    session.refresh(release)
    return releases.described(session, release)


@router.post("/releases/roll-back", responses=SCORES_MISSING)
def roll_back_release(session: SessionDep, how: SwitchIn) -> AdminRelease:
    """Shows the release again that was shown before the active one."""
    return releases.described(session, releases.roll_back(session, how.allow_missing))


@router.get("/releases/{name}")
def get_release(session: SnapshotDep, name: str) -> AdminRelease:
    """What it is, what it has scored, and what is missing."""
    return releases.described(session, releases.get(session, name))


@router.post("/releases/{name}/score")
def score_with_release(session: SessionDep, name: str, how: ScoreIn) -> AdminRelease:
    """Queues all photos, in the background, while the active release is served.

    A release that was begun before gets only what is missing: photos without a score that no job
    has, those of jobs that were given up among them.
    """
    release = releases.get(session, name)
    if release.state == "registered":
        scores.begin(session, release, new_references=how.new_references)
    else:
        scores.again(session, release)
    return releases.described(session, release)


@router.post("/releases/{name}/activate", responses=SCORES_MISSING)
def activate_release(session: SessionDep, name: str, how: SwitchIn) -> AdminRelease:
    """Shows it on the map. Refused, with their number, while photos would be without scores."""
    return releases.described(session, releases.activate(session, name, how.allow_missing))


@router.get("/releases/{name}/comparison")
def compare_releases(
    session: SnapshotDep,
    name: str,
    other: Annotated[str | None, Query(description="The active one if absent")] = None,
    photos: Annotated[int, Query(ge=0, le=24, description="Of each attribute")] = 6,
) -> Comparison:
    """What would change: rank correlations, the areas and the photos that move most."""
    release, before = releases.get(session, name), releases.get(session, other)
    return releases.compare(session, release, before, photos=photos)


def _must_be_there(session: SessionDep, name: str) -> None:
    """What is raised in a stream comes too late for a status."""
    releases.get(session, name)


@router.get(
    "/releases/{name}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_must_be_there)],
)
async def release_events(request: Request, name: str) -> AsyncIterable[ServerSentEvent]:
    """How far it is, a `progress` event whenever that changes, until nothing is queued any more.

    Each stream ends after ten seconds and the browser opens the next one. Each event has a session
    of its own: a request's is closed before its stream begins.
    """
    last: ReleaseProgress | None = None
    ends_at = time.monotonic() + STREAM_S
    while time.monotonic() < ends_at and not await request.is_disconnected():
        counted_from = time.monotonic()
        try:
            now = await run_in_threadpool(_progress, request, name)
        except ReleaseNotFound:  # Deleted meanwhile; who asks again is told so.
            break
        if now != last:
            yield ServerSentEvent(event="progress", data=now, retry=RECONNECT_MS)
            last = now
        if now.state != "scoring" and now.counts.queued == 0:
            break
        counting_s = time.monotonic() - counted_from
        await asyncio.sleep(max(EVENT_EVERY_S, counting_s / COUNTING_SHARE))


@router.delete("/releases/{name}", status_code=204)
def delete_release(request: Request, name: str) -> None:
    """With its scores, totals, jobs and files; photos stay. Not the one that is shown."""
    releases.remove(request.app.state.sessions, name, _settings(request).release_dir)


def _progress(request: Request, name: str) -> ReleaseProgress:
    sessions: SessionFactory = request.app.state.sessions
    with driver_errors(), sessions.begin() as session:
        return releases.progress(session, releases.get(session, name))


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings
