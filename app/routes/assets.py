"""The built front end: `static/dist/` under `/assets`."""

import os
import re
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.errors import SetupMissing
from app.exports.built import NOT_BUILT, Built

_HASHED = re.compile(r"-[A-Z0-9]{8}\.[a-z0-9.]+$")


def address(built: Built, name: str) -> str:
    """`map.js` → `/assets/map-5T7QX2KA.js`. Raises SetupMissing if it was not built."""
    return f"/assets/{built.file(name).name}"


class AssetFiles(StaticFiles):
    """A name with a hash never changes its content; all others are asked for again each time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def check_config(self) -> None:
        if self.directory is None or not Path(self.directory).is_dir():
            raise SetupMissing(NOT_BUILT)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        hashed = _HASHED.search(os.fspath(full_path)) is not None
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        return response
