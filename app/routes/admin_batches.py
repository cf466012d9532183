"""Batches over HTTP: one request a photo, so that each has its verdict and is sent again alone."""

import asyncio
import time
from collections.abc import AsyncIterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive

from app import batches
from app.batches import BatchIn, BatchOut, Decoder, PlaceOut, Progress, UploadOut, verdict_table
from app.batches.shapes import PositionOut
from app.db import SessionFactory, driver_errors
from app.errors import BadRequest, BatchNotFound, NotFound
from app.images import MAX_BYTES
from app.routes import admin_forms, photo_files
from app.routes.admin_access import get_caller
from app.routes.problems import problem
from app.routes.sessions import SessionDep
from app.tables import Photo, Upload

# A form's boundaries and fields come on top of its file.
BODY_BYTES = MAX_BYTES + 64 * 1024
MANIFEST_BYTES = 32 * 1024 * 1024
FIELD_BYTES = 4096
EVENT_EVERY_S = 1.0
STREAM_S = 10.0
"""A server that is stopped waits for its streams, and proxies cut long ones off."""
RECONNECT_MS = 500
STATUS = {"accepted": 202, "held": 202, "duplicate": 409, "rejected": 422}

router = APIRouter(prefix="/api/admin/batches", tags=["admin"], dependencies=[Depends(get_caller)])


@router.get("")
def list_batches(
    session: SessionDep,
    before: Annotated[int | None, Query(ge=1, description="Batches older than this one")] = None,
    limit: Annotated[int, Query(ge=1, le=batches.LISTED)] = batches.LISTED,
) -> list[BatchOut]:
    """The batches, the newest first; a page of them."""
    return batches.listing(session, before, limit)


@router.post("", status_code=201)
def create_batch(session: SessionDep, new: BatchIn) -> Progress:
    """An open batch, which takes files. Images are public only if faces and plates are blurred."""
    return batches.progress(session, batches.create(session, new).id)


@router.get("/{batch_id}")
def get_batch(session: SessionDep, batch_id: int) -> Progress:
    """What became of its files, and how far its scoring is."""
    return batches.progress(session, batch_id)


@router.get("/{batch_id}/files")
def list_files(
    session: SessionDep,
    batch_id: int,
    after: Annotated[int, Query(ge=0, description="Files that came after this one")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[UploadOut]:
    """The verdicts, in the order in which they were given; a page of them."""
    return batches.uploads(session, batch_id, after, limit)


def _must_be_there(session: SessionDep, batch_id: int) -> None:
    """What is raised in a stream comes too late for a status."""
    batches.get(session, batch_id)


@router.get(
    "/{batch_id}/files.csv",
    dependencies=[Depends(_must_be_there)],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
def download_files(request: Request, batch_id: int) -> Response:
    """All verdicts as CSV; cells that a spreadsheet would run begin with a quote."""
    sessions: SessionFactory = request.app.state.sessions
    return StreamingResponse(
        verdict_table.lines(sessions, batch_id),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="batch-{batch_id}.csv"',
            "Cache-Control": "no-store",
        },
    )


@router.post(
    "/{batch_id}/files",
    status_code=202,
    response_model=UploadOut,
    responses={409: {"description": "The photo is there"}, 422: {"description": "Rejected"}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "path": {
                                "type": "string",
                                "description": "Within the folder; the file's name if absent",
                            },
                            "lat": {"type": "number"},
                            "lon": {"type": "number"},
                            "heading_deg": {"type": "number"},
                            "captured_at": {"type": "string", "format": "date-time"},
                        },
                    },
                    "example": {
                        "file": "the bytes of 0001.jpg",
                        "path": "Irarrázaval/0001.jpg",
                        "lat": -33.4541,
                        "lon": -70.6012,
                        "heading_deg": 90,
                        "captured_at": "2026-07-03T11:20:00Z",
                    },
                }
            },
        }
    },
)
async def add_file(request: Request, batch_id: int) -> Response:
    """The verdict of one photo. Sent again, the same file of the same path gets the same answer."""
    async with _form(request, BODY_BYTES) as form:
        uploaded, fields = _parts(form)
        data = await uploaded.read(MAX_BYTES + 1)
    path = fields.get("path") or uploaded.filename or ""
    answer = await run_in_threadpool(
        batches.receive,
        request.app.state.sessions,
        request.app.state.files,
        _decoder(request),
        batch_id,
        admin_forms.file(path, data, fields),
    )
    if STATUS[answer.verdict] == 202:
        return JSONResponse(answer.model_dump(mode="json"), 202)
    return problem(
        request,
        STATUS[answer.verdict],
        "duplicate-photo" if answer.verdict == "duplicate" else "rejected-file",
        answer.message or "",
        **answer.model_dump(mode="json", exclude={"message"}),
    )


@router.post("/{batch_id}/manifest")
async def add_manifest(request: Request, batch_id: int) -> PlaceOut:
    """Places held photos; its rows come back, to go with the files that are still to be sent."""
    async with _form(request, MANIFEST_BYTES) as form:
        uploaded, _ = _parts(form)
        data = await uploaded.read()
    return await run_in_threadpool(
        _place, request, batch_id, data, uploaded.filename or "manifest.csv"
    )


@router.post("/{batch_id}/complete")
def complete_batch(session: SessionDep, batch_id: int) -> Progress:
    """No more files are taken; all that were accepted are scored."""
    batches.complete(session, batch_id)
    return batches.progress(session, batch_id)


@router.post("/{batch_id}/score")
def score_batch(session: SessionDep, batch_id: int) -> Progress:
    """Scores now what has come so far."""
    batches.score(session, batch_id)
    return batches.progress(session, batch_id)


@router.post("/{batch_id}/retry")
def retry_batch(session: SessionDep, batch_id: int) -> Progress:
    """Scores again what could not be read or was given up."""
    batches.retry(session, batch_id)
    return batches.progress(session, batch_id)


@router.get(
    "/{batch_id}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_must_be_there)],
)
async def batch_events(request: Request, batch_id: int) -> AsyncIterable[ServerSentEvent]:
    """The batch's progress as it changes, a `progress` event at a time.

    Each stream ends after ten seconds and the browser opens the next one; the last one ends with
    the batch. Each event has a session of its own: a request's is closed before its stream begins.
    """
    last: Progress | None = None
    ends_at = time.monotonic() + STREAM_S
    while time.monotonic() < ends_at and not await request.is_disconnected():
        try:
            now = await run_in_threadpool(_progress, request, batch_id)
        except BatchNotFound:  # Deleted meanwhile; who asks again is told so.
            break
        if now != last:
            yield ServerSentEvent(event="progress", data=now, retry=RECONNECT_MS)
            last = now
        if now.state in ("done", "cancelled") and now.published:
            break
        await asyncio.sleep(EVENT_EVERY_S)


@router.get("/{batch_id}/files/{upload_id}/thumbnail", response_class=FileResponse)
def thumbnail(request: Request, session: SessionDep, batch_id: int, upload_id: int) -> Response:
    """For admins also of photos that may not be shown to others; a held one has none yet."""
    upload = session.get(Upload, upload_id)
    photo = (
        None if upload is None or upload.photo_id is None else session.get(Photo, upload.photo_id)
    )
    if upload is None or upload.batch_id != batch_id or photo is None or photo.storage_key is None:
        raise NotFound(f"File {upload_id} of batch {batch_id} has no thumbnail.")
    return photo_files.thumbnail(
        request, session, photo.id, photo.storage_key, photo_files.FOR_ADMINS
    )


def _place(request: Request, batch_id: int, data: bytes, name: str) -> PlaceOut:
    placements, problems = admin_forms.manifest(data, name)
    placed = batches.place(
        request.app.state.sessions,
        request.app.state.files,
        _decoder(request),
        batch_id,
        placements,
    )
    rows = [PositionOut(**vars(placement)) for placement in placements]
    return PlaceOut(placed=placed, rows=rows, problems=problems)


def _progress(request: Request, batch_id: int) -> Progress:
    sessions: SessionFactory = request.app.state.sessions
    with driver_errors(), sessions.begin() as session:
        return batches.progress(session, batch_id)


def _form(request: Request, max_bytes: int) -> Any:
    """The form, read while it comes; HTTPException 413 as soon as it is larger than it may be.

    The parser has no bound for a file, so the bytes are counted before it.
    """
    limited = Request(request.scope, _limited(request.receive, max_bytes))
    return limited.form(max_files=1, max_fields=8, max_part_size=FIELD_BYTES)


def _limited(receive: Receive, max_bytes: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise HTTPException(413, f"The request is larger than {max_bytes // 2**20} MB.")
        return message

    return counted


def _parts(form: FormData) -> tuple[UploadFile, dict[str, str]]:
    uploaded = form.get("file")
    if not isinstance(uploaded, UploadFile):
        raise BadRequest("The form has no part `file` with the photo in it.")
    fields = {key: value.strip() for key, value in form.items() if isinstance(value, str)}
    return uploaded, fields


def _decoder(request: Request) -> Decoder:
    """One for the app, made with the first file."""
    state = request.app.state
    if not hasattr(state, "decoder"):
        state.decoder = Decoder()
    decoder: Decoder = state.decoder
    return decoder
