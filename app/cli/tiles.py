"""`mirada tiles warm`: asks for tiles before visitors do, so that what stands before them has them.

It goes down from the one tile of zoom 0 and asks for the four below each that is not empty. Of the
areas of a large layer, which are too small for the first zooms, it asks for all tiles over the
layer as long as these are few. It knows HTTP only, so it warms a proxy from anywhere.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

import typer

from app import opening
from app.errors import BadRequest, MiradaError

if TYPE_CHECKING:
    import httpx2

ATTEMPTS = 6
BUSY = (429, 502, 503, 504)
FEW_TILES = 256

app = typer.Typer(help="Vector tiles.", no_args_is_help=True)

Address = tuple[int, int, int]
Box = tuple[float, float, float, float]


class NoTiles(MiradaError):
    """The server gives no tiles; the sentence says what it said."""

    code = "no-tiles"


@dataclass
class Warmed:
    """tiles: that hold something. bytes: as they were sent. kept: that a cache had already."""

    tiles: int = 0
    empty: int = 0
    bytes: int = 0
    kept: int = 0


@app.callback()
def tiles() -> None:
    """Vector tiles."""


@app.command()
def warm(
    url: Annotated[
        str | None, typer.Option(help="Of the site; `mirada serve` on this machine by default.")
    ] = None,
    zooms: Annotated[str, typer.Option(help="From and to, such as 0-14, or one.")] = "0-14",
    release: Annotated[str | None, typer.Option(help="The active one by default.")] = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.")] = 4,
) -> None:
    """Ask for all tiles of the current version, so that a cache in front has them."""
    import httpx2

    settings = opening.settings()
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    address = (url or f"http://{host}:{settings.port}").rstrip("/")
    headers = {"Accept-Encoding": "gzip"}
    with httpx2.Client(headers=headers, timeout=60, follow_redirects=True) as client:
        described = _described(client, address, release)
        first, last = _zooms(zooms, described)
        layers = [each for each in _ask(client, f"{address}/api/layers").json() if each["tiles"]]
        template = address + urlsplit(described["tiles"][0]).path
        warmed = _descend(client, template, first, last, at_once)
        outlines = {}
        for layer in layers:
            bounds = _ask(client, f"{address}/tiles/areas/{layer['key']}.json").json()["bounds"]
            template = address + layer["tiles"]
            outlines[layer["key"]] = _descend(client, template, first, last, at_once, bounds)
    _say(f"release {described['release']}, version {described['version']}", first, last, warmed)
    for key, of_layer in outlines.items():
        _say(f"areas of layer {key}", first, last, of_layer)


def _say(name: str, first: int, last: int, warmed: Warmed) -> None:
    empty = f", and {warmed.empty:,} that are empty"
    print(f"{warmed.tiles:,} tiles of zooms {first} to {last} ({name}){empty}")
    print(f"{warmed.bytes:,} bytes as sent; a cache had {warmed.kept:,} of the tiles already")


def _descend(
    client: "httpx2.Client",
    template: str,
    first: int,
    last: int,
    at_once: int,
    bounds: Box | None = None,
) -> Warmed:
    """Those above the first zoom lead to the ones below and are not counted."""
    from app.imports.progress import bar

    warmed = Warmed()
    row: list[Address] = [(0, 0, 0)]
    with bar() as step, ThreadPoolExecutor(at_once) as pool:
        for zoom in range(last + 1):
            counted = warmed if zoom >= first else Warmed()
            row = _over(bounds, zoom) or row
            answers = pool.map(lambda tile: _ask(client, _at(template, tile)), row)
            below: list[Address] = []
            for done, (tile, answer) in enumerate(zip(row, answers, strict=True), 1):
                if _count(counted, answer):
                    below += _below(tile)
                step(f"zoom {zoom}", done, len(row))
            row = below
    return warmed


def _described(client: "httpx2.Client", address: str, release: str | None) -> dict[str, Any]:
    query = "" if release is None else f"?release={quote(release)}"
    answer = _ask(client, f"{address}/tiles.json{query}")
    described: dict[str, Any] = answer.json()
    return described


def _zooms(given: str, described: dict[str, Any]) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", given.strip())
    lowest, highest = described["minzoom"], described["maxzoom"]
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (-1, -1)
    if not lowest <= first <= last <= highest:
        raise BadRequest(f"--zooms {given} must be such as 0-14, from {lowest} to {highest}.")
    return first, last


def _ask(client: "httpx2.Client", address: str) -> "httpx2.Response":
    """The answer, after as many attempts as a busy server may need. Raises NoTiles."""
    import httpx2

    from app.cli.upload import answers
    from app.cli.upload.api import pause_s

    said = ""
    for attempt in range(1, ATTEMPTS + 1):
        asked_s = 0.0
        try:
            answer = client.get(address)
        except httpx2.TransportError as error:
            said = str(error) or type(error).__name__
        else:
            if answer.status_code in (200, 204):
                return answer
            said = f"{answer.status_code} {answer.reason_phrase}"
            if answer.status_code not in BUSY:
                break
            asked_s = answers.retry_after_s(answer)
        if attempt < ATTEMPTS:
            time.sleep(pause_s(attempt, asked_s))
    raise NoTiles(
        f"{address} gives no tiles: {said}. Check that --url is where the site answers, and that "
        "`mirada serve` runs."
    )


def _at(template: str, tile: Address) -> str:
    z, x, y = map(str, tile)
    return template.replace("{z}", z).replace("{x}", x).replace("{y}", y)


def _below(tile: Address) -> list[Address]:
    z, x, y = tile
    return [(z + 1, 2 * x + right, 2 * y + down) for down in (0, 1) for right in (0, 1)]


def _over(bounds: Box | None, zoom: int) -> list[Address]:
    """All tiles of a zoom over a box; none if these are many, or there is no box."""
    from app.cells.keys import key_of
    from app.tables import PHOTO_ZOOM
    from app.tilegrid import MAX_LATITUDE_DEG

    if bounds is None:
        return []
    west, south, east, north = bounds
    south, north = max(south, -MAX_LATITUDE_DEG), min(north, MAX_LATITUDE_DEG)
    corners = [key_of(west, north), key_of(east, south)]
    (left, top), (right, bottom) = [
        (x >> (PHOTO_ZOOM - zoom), y >> (PHOTO_ZOOM - zoom)) for _, x, y in corners
    ]
    if (right - left + 1) * (bottom - top + 1) > FEW_TILES:
        return []
    return [(zoom, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def _count(warmed: Warmed, answer: "httpx2.Response") -> bool:
    """Whether the tile holds anything."""
    holds = answer.status_code == 200
    warmed.tiles += holds
    warmed.empty += not holds
    warmed.bytes += answer.num_bytes_downloaded
    warmed.kept += holds and answer.headers.get("x-cache") == "HIT"
    return holds
