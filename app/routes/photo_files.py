"""Images out of the photo store as answers."""

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, Response

from app.errors import PhotoNotFound
from app.photos.store import DISPLAY, THUMBNAIL, PhotoStore
from app.routes import caching

FOR_ALL = "public, max-age=300"
FOR_ADMINS = "private, max-age=300"


def display(request: Request, session: Session, photo_id: int, key: str) -> Response:
    return _jpeg(request, session, photo_id, key, DISPLAY, FOR_ALL)


def thumbnail(
    request: Request, session: Session, photo_id: int, key: str, cache_control: str = FOR_ALL
) -> Response:
    return _jpeg(request, session, photo_id, key, THUMBNAIL, cache_control)


def _jpeg(
    request: Request, session: Session, photo_id: int, key: str, suffix: str, cache_control: str
) -> Response:
    """key: of the photo's files. Raises PhotoNotFound, and PhotoStoreAway."""
    files: PhotoStore = request.app.state.files
    path = files.path(key, suffix)
    try:
        if path is None:
            return _fetched(request, session, files, key, suffix, cache_control)
        stat = path.stat()
    except FileNotFoundError as error:
        raise PhotoNotFound(
            f"The file of photo {photo_id} is not in the photo store. Check that "
            f"MIRADA_PHOTO_STORE, or else MIRADA_DATA_DIR, is the one that the photos were "
            f"imported into."
        ) from error
    etag = f'"{caching.digest(path.name, stat.st_mtime_ns, stat.st_size)}"'
    headers = {"Cache-Control": cache_control, "ETag": etag}
    if caching.is_current(request, etag):
        return caching.not_modified(headers)
    return FileResponse(path, media_type="image/jpeg", headers=headers, stat_result=stat)


def _fetched(
    request: Request,
    session: Session,
    files: PhotoStore,
    key: str,
    suffix: str,
    cache_control: str,
) -> Response:
    """A key is never used twice, so it is the version of its files, and nothing is asked for a 304.

    Whole before it is sent: some 100 KB, and a store that fails half-way is an error, not a broken
    image. The session is given back first, lest a slow store holds all connections.
    """
    etag = f'"{caching.digest(key, suffix)}"'
    headers = {"Cache-Control": cache_control, "ETag": etag}
    if caching.is_current(request, etag):
        return caching.not_modified(headers)
    session.close()
    return Response(files.read(key, suffix), media_type="image/jpeg", headers=headers)
