"""A PMTiles file of the installation's own as base map, which pages read range by range."""

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse

from app.errors import BadFile, NotFound
from app.schemas import BaseMap
from app.settings import OSM_ATTRIBUTION, Settings

ADDRESS = "/basemap.pmtiles"
MEDIA_TYPE = "application/vnd.pmtiles"
MAGIC = b"PMTiles\x03"

router = APIRouter(include_in_schema=False)


def check(file: Path) -> None:
    """Raises BadFile unless it can be read and begins as PMTiles of version 3 do."""
    told = f"The base map's file {file} (MIRADA_BASEMAP_FILE)"
    try:
        with file.open("rb") as opened:
            begin = opened.read(len(MAGIC))
    except OSError as error:
        raise BadFile(f"{told} cannot be read: {error.strerror}.") from error
    if begin != MAGIC:
        raise BadFile(f"{told} is no PMTiles file of version 3; `pmtiles convert` makes one.")


def described(settings: Settings) -> BaseMap:
    """For the pages: a file goes before XYZ tiles, and says its attribution itself."""
    attribution = settings.basemap_attribution
    if settings.basemap_file is not None:
        return BaseMap(url=ADDRESS, attribution=attribution or "")
    if attribution is None:
        attribution = OSM_ATTRIBUTION
    return BaseMap(url=settings.basemap_url, attribution=attribution)


@router.get(ADDRESS)
def archive(request: Request) -> FileResponse:
    """Whole or the range that was asked for; a page asks again when the file was replaced."""
    settings: Settings = request.app.state.settings
    file = settings.basemap_file
    if file is None or not file.is_file():
        raise NotFound("No file is served as base map here.")
    headers = {"Cache-Control": "public, max-age=3600"}
    return FileResponse(file, media_type=MEDIA_TYPE, headers=headers)
