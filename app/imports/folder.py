"""What a folder of photos and its manifest ask for: which files, where, when, whose."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from app.errors import BadFile
from app.images import OTHER_SUFFIXES, SUFFIXES
from app.imports.places import Expected
from app.imports.summary import Summary
from app.imports.table import BadRow, Row, Table, heading, moment, position, slug

REQUIRED = ("filename", "lat", "lon")
OPTIONAL = ("captured_at", "heading_deg", "source", "licence", "attribution")
PLAIN_NAMES = frozenset({"photos", "images", "fotos", "imagenes", "img", "jpg", "data"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose photos these are, where their manifest does not say it for each."""

    source: str
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may become a photo. place: (lat, lon); None leaves it to the file's EXIF.

    name: the file's path below the folder, which names the photo within its source.
    zone_known: whether captured_at had a zone of its own.
    """

    file: Path
    name: str
    where: str
    fields: dict[str, str]
    origin: Origin
    place: tuple[float, float] | None = None
    heading_deg: float | None = None
    captured_at: datetime | None = None
    zone_known: bool = True


class Folder:
    """The files below a folder, hidden ones left out; their names compared as Unicode NFC."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            kind = "is a file, not a folder" if root.exists() else "is not there"
            raise BadFile(f"{root} {kind}. Name the folder that holds the photos.")
        self.root = root
        self._files: dict[str, str] = {}
        for folder, subfolders, files in os.walk(root):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith("."):
                    path = (Path(folder) / name).relative_to(root).as_posix()
                    self._files[unicodedata.normalize("NFC", path)] = path

    def __len__(self) -> int:
        return len(self._files)

    def find(self, name: str) -> tuple[str, Path]:
        """The name as it is compared, and its file. Raises BadRow unless it is in the folder."""
        plain = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")))
        if plain.is_absolute() or ".." in plain.parts:
            raise BadRow("outside-folder", f"{name} is not below the folder {self.root}")
        key = plain.as_posix()
        if key not in self._files:
            raise BadRow("file-missing", f"{name} is not in the folder {self.root}")
        return key, self.root / self._files[key]

    def photos(self) -> Iterator[tuple[str, Path]]:
        """Names and files that are called like pictures, of kinds that are refused later too."""
        for key, path in self._files.items():
            if PurePosixPath(key).suffix.lower() in SUFFIXES | OTHER_SUFFIXES:
                yield key, self.root / path

    def other_kinds(self) -> Counter[str]:
        """How many files of each suffix are not called like pictures."""
        suffixes = (PurePosixPath(key).suffix.lower() or "no suffix" for key in self._files)
        return Counter(each for each in suffixes if each not in SUFFIXES | OTHER_SUFFIXES)


def default_source(folder: Path) -> str:
    """The folder's name, or that of the one above it where it is only called “photos”."""
    resolved = folder.resolve()
    name = resolved.parent.name if slug(resolved.name) in PLAIN_NAMES else resolved.name
    return slug(name) or "photos"


def without_manifest(folder: Folder, origin: Origin) -> Iterator[Candidate]:
    for name, file in folder.photos():
        yield Candidate(file, name, where=name, fields={"filename": name}, origin=origin)


def with_manifest(
    folder: Folder, table: Table, expected: Expected, origin: Origin, summary: Summary
) -> Iterator[Candidate]:
    """Rows that are in order; the others, and files that no row names, go to the summary."""
    lines: dict[str, int] = {}
    for row in table:
        try:
            yield _candidate(row, folder, lines, expected, origin)
        except BadRow as problem:
            summary.reject(row.where, problem.code, str(problem), row.fields)
    for name, _ in folder.photos():
        if name not in lines:
            summary.reject(
                name, "not-in-manifest", "no row of the manifest names it", {"filename": name}
            )


def _candidate(
    row: Row, folder: Folder, lines: dict[str, int], expected: Expected, origin: Origin
) -> Candidate:
    """lines: where each name was first seen; this row's is added."""
    fields = row.fields
    if not fields.get("filename"):
        raise BadRow("bad-row", row.problem or "filename is empty")
    name, file = folder.find(fields["filename"])
    first = lines.setdefault(name, row.line)
    if first != row.line:
        raise BadRow("second-row", f"{name} is named in line {first} already, which counts")
    if row.problem is not None:
        raise BadRow("bad-row", row.problem)
    place = position(fields)
    if place is not None:
        expected.check(*place)
    captured = moment(fields.get("captured_at", ""))
    own_origin = Origin(
        slug(fields.get("source", "")) or origin.source,
        fields.get("licence") or origin.licence,
        fields.get("attribution") or origin.attribution,
    )
    return Candidate(
        file,
        name,
        row.where,
        fields,
        own_origin,
        place,
        heading(fields.get("heading_deg", "")),
        captured[0] if captured else None,
        captured[1] if captured else True,
    )
