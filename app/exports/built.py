"""What `make assets` left in `static/dist/`, by the names of its manifest."""

import json
from pathlib import Path

from app.errors import SetupMissing

DIST = Path(__file__).parents[2] / "static" / "dist"
NOT_BUILT = "The front end is not built. Run `make assets` in Mirada's folder, then try again."


class Built:
    """The manifest is read again after each build, so that a running server follows."""

    def __init__(self, folder: Path = DIST) -> None:
        self.folder = folder
        self._read_at_ns = 0
        self._names: dict[str, str] = {}

    def file(self, name: str) -> Path:
        """`map.js` → `…/static/dist/map-5T7QX2KA.js`. Raises SetupMissing if it was not built."""
        names = self._manifest()
        if name not in names:
            raise SetupMissing(f"The built front end has no {name}. Run `make assets` again.")
        return self.folder / names[name]

    def text(self, name: str) -> str:
        return self.file(name).read_text(encoding="utf-8")

    def _manifest(self) -> dict[str, str]:
        path = self.folder / "manifest.json"
        try:
            written_at_ns = path.stat().st_mtime_ns
            if written_at_ns != self._read_at_ns:
                self._names = json.loads(path.read_text(encoding="utf-8"))
                self._read_at_ns = written_at_ns
        except FileNotFoundError as error:
            raise SetupMissing(NOT_BUILT) from error
        return self._names
