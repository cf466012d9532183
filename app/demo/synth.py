"""Synthetic photos by the million: places on random lines with random scores, and no images.

For measuring, and for trying out a large city. They are photos of the source `synthetic` and a
release of that name, whose manifest says `demo`, so that every page says that nothing in it is
real. All of it is written in one transaction, and taken away again by `remove`.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.orm import Session

from app import areas, releases, scores, totals
from app.attributes import KEYS
from app.db import SessionFactory
from app.demo import bulk
from app.demo.streets import Looks, Places, Streets
from app.errors import Conflict
from app.tables import (
    AREA_CELL_ZOOM,
    PHOTO_ZOOM,
    ActiveRelease,
    Layer,
    Photo,
    Release,
    Scale,
    score,
)

SOURCE = "synthetic"
RELEASE = "synthetic"
LICENCE = b"CC0-1.0"
SEED = 2019
PHOTOS_AT_ONCE = 200_000

_TABLES = ("photo", "score")
_VACUUMED = ("photo", "score", "photo_area", "cell_total", "cell_histogram")
_FIRST_DAY_US = (1_698_796_800 - 946_684_800) * 1_000_000
"""1 November 2023, in microseconds since 2000, as the database counts."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    photos: int
    is_shown: bool
    seconds: dict[str, float]


class Clock:
    """How long each step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def done(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = now - self._since
        self._since = now


def make(
    factory: SessionFactory, photos: int, *, seed: int = SEED, beside_real: bool = False
) -> Made:
    """Makes the photos and their release, which is shown where no other is.

    The same seed and number give the same photos. Raises Conflict where real photos are, unless
    they may be beside them, and where synthetic ones are.
    """
    clock = Clock()
    with factory.begin() as session:
        totals.lock_exclusive(session)
        _refuse(session, beside_real)
        release = _release(session, photos, seed)
        if _is_empty(session):
            with bulk.without_indexes(session, _TABLES):
                _insert(session, release, photos, seed)
                clock.done("photos and scores")
            clock.done("indexes")
        else:
            _insert(session, release, photos, seed)
            clock.done("photos and scores")
        for table in _TABLES:
            session.execute(text(f"ANALYZE {table}"))
        for key in session.scalars(select(Layer.key).order_by(Layer.key)):
            areas.assign_all(session, key)
        clock.done("areas")
        totals.build(session, release)
        clock.done("totals")
        release.state = "ready"
        is_shown = releases.active(session) is None
        if is_shown:
            releases.activate(session, RELEASE, allow_missing=True)
    _vacuum(factory)
    clock.done("vacuum")
    return Made(photos, is_shown, clock.seconds)


def remove(factory: SessionFactory) -> int:
    """Deletes the synthetic photos and their release; returns the number of photos.

    Where it was shown, the release before it is, if there was one. Raises Conflict where another
    release has scores of the synthetic photos.
    """
    with factory.begin() as session:
        totals.lock_exclusive(session)
        release = session.scalar(select(Release).where(Release.name == RELEASE))
        if release is not None and not _is_ours(release):
            release = None
        others = select(score.c.release_id).join(Photo, Photo.id == score.c.photo_id)
        others = others.where(Photo.source == SOURCE)
        if release is not None:
            others = others.where(score.c.release_id != release.id)
        if session.scalar(others.limit(1)) is not None:
            raise Conflict(
                "Another release has scores of the synthetic photos. Delete it first (`mirada "
                "releases delete …`)."
            )
        if release is not None:
            _hide(session, release)
            releases.delete(session, RELEASE)
        deleted = delete(Photo).where(Photo.source == SOURCE).returning(Photo.id).cte()
        photos = session.scalar(select(func.count()).select_from(deleted)) or 0
    _vacuum(factory)
    return photos


def _refuse(session: Session, beside_real: bool) -> None:
    if session.scalar(select(exists().where(Photo.source == SOURCE))):
        raise Conflict("Synthetic photos are there already. Take them away with --remove first.")
    if session.scalar(select(exists().where(Release.name == RELEASE))):
        raise Conflict(
            f"There is a release {RELEASE!r} already. Delete it, or take it away with --remove."
        )
    if not beside_real and session.scalar(select(exists().select_from(Photo))):
        raise Conflict(
            "There are photos in this database that are not synthetic. Use an empty database, or "
            "say --beside-real-photos; `--remove` takes the synthetic ones away again."
        )


def _is_ours(release: Release) -> bool:
    return release.manifest.get("synthetic") is True


def _is_empty(session: Session) -> bool:
    return not any(
        session.scalar(text(f"SELECT EXISTS (SELECT FROM {table})")) for table in _TABLES
    )


def _release(session: Session, photos: int, seed: int) -> Release:
    manifest = {
        "demo": True,
        "synthetic": True,
        "source": "Random scores of random places; neither photos nor people stand behind them.",
        "photos": photos,
        "seed": seed,
    }
    release = Release(
        name=RELEASE,
        kind="imported",
        state="scoring",
        version=releases.first_version(),
        manifest=manifest,
        metrics={},
    )
    session.add(release)
    session.flush()
    return release


def _hide(session: Session, release: Release) -> None:
    """Shows the release before it, or none."""
    current = releases.active(session)
    if current is None or current.id != release.id:
        return
    if releases.way_back(session) is None:
        session.execute(delete(ActiveRelease))
    else:
        releases.roll_back(session, allow_missing=True)


def _insert(session: Session, release: Release, photos: int, seed: int) -> None:
    """Rows of photos and scores, and the scale, which the first portion of the photos makes."""
    first = _ids(session, photos)
    chance = np.random.default_rng([seed, 3])
    scale: dict[str, Floats] | None = None
    for start, places, raw in _portions(photos, seed):
        ids = first + start + np.arange(len(places), dtype=np.int64)
        if scale is None:
            scale = _scale(session, release, places, ids, raw, seed)
        _insert_photos(session, ids, places, chance)
        _insert_scores(session, release, ids, raw, scale)


def _portions(photos: int, seed: int) -> Iterator[tuple[int, Places, Floats]]:
    streets = Streets(seed)
    looks = Looks(seed, streets.middle)
    for start in range(0, photos, PHOTOS_AT_ONCE):
        places = streets.take(min(PHOTOS_AT_ONCE, photos - start))
        yield start, places, looks.raw(places)


def _ids(session: Session, n: int) -> int:
    """The first of so many ids that nobody else will get: inserting photos is locked out."""
    sequence = "pg_get_serial_sequence('photo', 'id')"
    first = session.execute(text(f"SELECT nextval({sequence})")).scalar_one()
    session.execute(text(f"SELECT setval({sequence}, :last)"), {"last": first + n - 1})
    return int(first)


def _scale(
    session: Session, release: Release, places: Places, ids: Integers, raw: Floats, seed: int
) -> dict[str, Floats]:
    """Of photos of the city, spread evenly over its zoom-16 cells; portions are alike."""
    candidates = np.arange(len(places))
    city = areas.city(session)
    if city is not None:
        shape = to_shape(city.geometry)
        shapely.prepare(shape)
        candidates = np.flatnonzero(shapely.intersects_xy(shape, places.lon, places.lat))
    chosen = candidates[_spread(places.q[candidates], seed)]
    references = scores.keep_reference_set(session, ids[chosen].tolist(), seed)
    release.reference_set_id = references.id
    scale = {key: np.sort(raw[chosen, i]) for i, key in enumerate(KEYS)}
    for key, values in scale.items():
        session.add(Scale(release_id=release.id, attribute=key, raw_outputs=values.tolist()))
    session.flush()
    return scale


def _spread(q: Integers, seed: int) -> Integers:
    """Indices of at most 50,000: every cell gives one before any gives two, and so on."""
    cell = q >> (2 * (PHOTO_ZOOM - AREA_CELL_ZOOM))
    drawn = np.random.default_rng([seed, 4]).random(len(q))
    order = np.lexsort([drawn, cell])
    begins = np.flatnonzero(np.diff(cell[order], prepend=-1))
    turn = np.empty(len(q), np.int64)
    turn[order] = np.arange(len(q)) - np.repeat(begins, np.diff(begins, append=len(q)))
    return np.asarray(np.lexsort([drawn, turn])[: scores.REFERENCE_LIMIT])


def _insert_photos(
    session: Session, ids: Integers, places: Places, chance: np.random.Generator
) -> None:
    day_us = 86_400 * 1_000_000
    taken = _FIRST_DAY_US + places.line % 150 * day_us
    taken += (chance.uniform(9.0, 20.0, len(ids)) * 3_600).astype(np.int64) * 1_000_000
    bulk.insert(
        session,
        "photo",
        {
            "id": ids,
            "source": SOURCE.encode(),
            "source_key": bulk.numbered(ids, 12),
            "location": bulk.points(places.lon, places.lat),
            "q": places.q,
            "x": places.x.astype(np.int32),
            "y": places.y.astype(np.int32),
            "heading_deg": places.heading_deg.astype(np.float32) % np.float32(360.0),
            "captured_at": taken,
            "licence": LICENCE,
        },
    )


def _insert_scores(
    session: Session, release: Release, ids: Integers, raw: Floats, scale: dict[str, Floats]
) -> None:
    columns: dict[str, bulk.Column] = {
        "release_id": np.full(len(ids), release.id, np.int32),
        "photo_id": ids,
    }
    columns |= {f"raw_{key}": raw[:, i] for i, key in enumerate(KEYS)}
    for i, key in enumerate(KEYS):
        columns[f"score_{key}"] = scores.place_on_scale(raw[:, i], scale[key]).astype(np.int16)
    bulk.insert(session, "score", columns)


def _vacuum(factory: SessionFactory) -> None:
    """So that the next reader finds statistics, and index-only scans are what they say."""
    with factory() as session:
        connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        for table in _VACUUMED:
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
