"""All files below a folder, in the order of their names."""

import os
from functools import partial
from pathlib import Path

from app.cli.upload.found import Entry, Found, Left, Unreadable


def look(root: Path) -> Found:
    """Links to files are read as the files; links to folders are not followed, and said so."""
    found = Found()
    for folder, subfolders, files in os.walk(root, onerror=partial(_closed, found, root)):
        subfolders.sort()
        for name in subfolders:
            path = Path(folder) / name
            if path.is_symlink():
                message = "A link to another folder is not followed. Send that folder by itself."
                found.left.append(Left(_below(root, path), "link", message))
        for name in sorted(files):
            path = Path(folder) / name
            found.sort(Entry(_below(root, path), partial(_read, path)))
    return found


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _closed(found: Found, root: Path, error: OSError) -> None:
    path = Path(os.fsdecode(error.filename))
    message = f"The folder cannot be opened: {error.strerror}."
    found.left.append(Left(_below(root, path), "unreadable", message))


def _read(path: Path, limit: int) -> bytes:
    try:
        if not path.is_file():
            raise Unreadable("unreadable", "It is no file, or a link that leads nowhere.")
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise Unreadable("unreadable", f"The file cannot be read: {error.strerror}.") from error
