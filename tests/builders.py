"""Rows for tests, made without the code that tests are about, but for the keys of cells."""

import hashlib
import uuid
from collections.abc import Mapping
from itertools import count
from typing import Any

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, Polygon, box
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.areas.assignment import assign
from app.attributes import KEYS
from app.cells.keys import key_of
from app.tables import ActiveRelease, Area, Layer, Pending, Photo, Release, score

_numbers = count(1)


def make_photo(
    session: Session, lon: float, lat: float, *, image: bool = True, **columns: Any
) -> Photo:
    """A photo with its areas, as an import leaves it; without image, a place only."""
    q, x, y = key_of(lon, lat)
    number = next(_numbers)
    values: dict[str, Any] = {
        "source": "test",
        "source_key": f"{number}-{uuid.uuid4().hex[:8]}",
        "location": from_shape(Point(lon, lat), srid=4326),
        "q": q,
        "x": x,
        "y": y,
    }
    if image:
        name = uuid.uuid4().hex
        values |= {
            "sha256": hashlib.sha256(name.encode()).digest(),
            "storage_key": name,
            "width_px": 640,
            "height_px": 480,
        }
    photo = Photo(**(values | columns))
    session.add(photo)
    session.flush()
    assign(session, [photo.id])
    return photo


def make_release(
    session: Session, name: str | None = None, *, active: bool = False, **columns: Any
) -> Release:
    """A release that is ready; `active` makes it the one that is served by default."""
    values: dict[str, Any] = {
        "name": name or f"release-{next(_numbers)}",
        "kind": "imported",
        "state": "ready",
        "manifest": {},
        "metrics": {},
    }
    release = Release(**(values | columns))
    session.add(release)
    session.flush()
    if active:
        row = session.scalars(select(ActiveRelease)).one_or_none()
        if row is None:
            session.add(ActiveRelease(release_id=release.id))
        else:
            row.release_id = release.id
        session.flush()
    return release


def square(west: float, south: float, side_deg: float) -> Polygon:
    return box(west, south, west + side_deg, south + side_deg)


def make_layer(
    session: Session,
    key: str,
    areas: Mapping[str, Polygon | MultiPolygon],
    *,
    names: Mapping[str, str] | None = None,
    **columns: Any,
) -> Layer:
    """Rows of a layer and its areas by code, before any photo is in them; the city is not made."""
    layer = Layer(**({"key": key, "label_es": key, "label_en": key} | columns))
    session.add(layer)
    session.flush()
    for code, shape in areas.items():
        parts = MultiPolygon([shape]) if isinstance(shape, Polygon) else shape
        name = (names or {}).get(code, f"Area {code}")
        session.add(Area(layer=key, code=code, name=name, geometry=from_shape(parts, srid=4326)))
    session.flush()
    return layer


def write_scores(
    session: Session, release: Release, scores: Mapping[int, Mapping[str, int | None]]
) -> None:
    """Score rows and the one pending row of a job; raw outputs are a hundredth of the scores.

    scores: by photo id, whole numbers from 0 to 1000; an attribute left out has no score.
    """
    rows = []
    for photo_id in sorted(scores):
        row: dict[str, Any] = {"release_id": release.id, "photo_id": photo_id}
        for key in KEYS:
            value = scores[photo_id].get(key)
            row[f"score_{key}"] = value
            row[f"raw_{key}"] = None if value is None else value / 100
        rows.append(row)
    if rows:
        session.execute(insert(score), rows)
        session.add(Pending(release_id=release.id, photo_ids=sorted(scores)))
        session.flush()


def flat(value: int) -> dict[str, int | None]:
    """The same score for all six attributes."""
    return dict.fromkeys(KEYS, value)
