"""From what a setting says to the photo store it means."""

from pathlib import Path

from app.photos.files import PhotoFiles
from app.photos.store import PhotoStore


def open_store(location: str) -> PhotoStore:
    """location: a folder, or any URL that fsspec knows. Nothing is read or made yet."""
    if location.startswith("file://"):
        return PhotoFiles(Path(location.removeprefix("file://")))
    if "://" not in location:
        return PhotoFiles(Path(location))
    # Loaded here: a folder needs none of what reads other stores.
    from app.photos.objects import PhotoObjects

    return PhotoObjects(location)
