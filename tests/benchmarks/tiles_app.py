"""The web app with one more route, which returns the bytes of tiles that it holds in a dictionary.

`python -m tests.benchmarks.tiles_app PORT`: what a FastAPI route can do that does nothing else.
"""

import sys

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from app import opening
from app.main import create_app
from app.routes import tiles

BESIDE = "/tiles/{tileset}/{z}/{x}/{y}.mvt"
HEADERS = ("Cache-Control", "Vary", "ETag", "Content-Encoding")


def add_route(app: FastAPI) -> None:
    """Right before the tiles' own, so that both are found after as many others."""
    held: dict[tuple[str, str, str, str], Response] = {}
    router = APIRouter()

    @router.get(BESIDE.replace("/tiles/", "/same/"), response_class=Response)
    async def same(request: Request, tileset: str, z: str, x: str, y: str) -> Response:
        key = (tileset, z, x, y)
        if key not in held:
            held[key] = await tiles.tile(request, tileset, z, x, y)
        kept = held[key]
        headers = {name: kept.headers[name] for name in HEADERS}
        return Response(kept.body, media_type=tiles.MEDIA_TYPE, headers=headers)

    place = _place(app)
    app.include_router(router)
    app.router.routes.insert(place, app.router.routes.pop())


def _place(app: FastAPI) -> int:
    """Of the route, or of the router that holds it."""
    for index, route in enumerate(app.router.routes):
        inner = getattr(getattr(route, "original_router", None), "routes", [route])
        if any(getattr(each, "path", "") == BESIDE for each in inner):
            return index
    raise RuntimeError(f"The app has no route {BESIDE}.")


def main() -> None:
    settings = opening.settings()
    with opening.engine(settings, pool_size=settings.pool_size) as engine:
        app = create_app(settings, engine)
        add_route(app)
        uvicorn.run(app, port=int(sys.argv[1]), server_header=False)


if __name__ == "__main__":
    main()
