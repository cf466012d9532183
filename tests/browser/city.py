"""A small Santiago for a browser: real comunas, photos in nine of them, scores with a pattern.

Scores follow the place, so that each attribute colours the map differently: safety rises to the
north-east, lively to the centre, boring falls with lively, and so on.
"""

import hashlib
import io
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from geoalchemy2.shape import from_shape, to_shape
from PIL import Image, ImageDraw
from shapely import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import releases, totals
from app.areas.assignment import assign
from app.cells.keys import key_of
from app.db import make_engine, session_factory
from app.images import derive
from app.imports import areas
from app.imports.recipes import recipe
from app.photos.files import PhotoFiles
from app.tables import Area, Photo
from tests import cards
from tests.builders import make_release, write_scores

COMUNAS = {
    "13101": "Santiago",
    "13123": "Providencia",
    "13120": "Ñuñoa",
    "13114": "Las Condes",
    "13119": "Maipú",
    "13110": "La Florida",
    "13112": "La Pintana",
    "13201": "Puente Alto",
    "13127": "Recoleta",
}
FEW = ("13128", "Renca")
"""A comuna with too few photos to show a mean."""
PHOTOS_EACH = 60
PHOTOS_FEW = 6
PICTURES = 24
CENTRE = (-70.65, -33.45)


@dataclass(frozen=True)
class City:
    url: str
    data_dir: Path
    photos: int
    in_providencia: list[int]


def fill(url: str, data_dir: Path) -> City:
    """url: of a migrated database with nothing in it."""
    engine = make_engine(url)
    factory = session_factory(engine)
    areas.run(factory, areas.by_recipe(recipe("comunas-rm")), city_name="Santiago")
    described = cards.manifest(name="demo", demo=True)
    with factory.begin() as session:
        by_comuna = _photos(session, PhotoFiles(data_dir / "photos"))
        release = make_release(
            session,
            "demo",
            active=True,
            kind="rankers",
            version=releases.first_version(),
            manifest=cards.store(data_dir / "releases" / "demo", described),
            metrics=described["metrics"],
        )
        write_scores(session, release, _scores(session))
        totals.publish(session)
    engine.dispose()
    total = sum(len(ids) for ids in by_comuna.values())
    return City(url, data_dir, total, by_comuna["13123"])


def _photos(session: Session, files: PhotoFiles) -> dict[str, list[int]]:
    rng = random.Random(7)
    drawings = [_picture(rng) for _ in range(PICTURES)]
    shapes = {area.code: to_shape(area.geometry) for area in session.scalars(select(Area))}
    wanted = {**dict.fromkeys(COMUNAS, PHOTOS_EACH), FEW[0]: PHOTOS_FEW}
    ids: dict[str, list[int]] = {}
    for code, n in wanted.items():
        rows = [_row(rng, *_inside(rng, shapes[code])) for _ in range(n)]
        for row, drawing in zip(rows, drawings, strict=False):
            unlike = drawing + uuid.uuid4().bytes
            row["storage_key"] = files.write(unlike, derive(drawing), sync=False)
            row["sha256"] = hashlib.sha256(unlike).digest()
            row["width_px"], row["height_px"] = 400, 300
        with_image = [row for row in rows if "storage_key" in row]
        without = [row for row in rows if "storage_key" not in row]
        ids[code] = []
        for alike in (with_image, without):
            if alike:
                returned = session.scalars(insert(Photo).returning(Photo.id), alike)
                ids[code].extend(returned)
        assign(session, ids[code])
    return ids


def _row(rng: random.Random, lon: float, lat: float) -> dict[str, object]:
    q, x, y = key_of(lon, lat)
    return {
        "source": "browser",
        "source_key": uuid.uuid4().hex,
        "location": from_shape(Point(lon, lat), srid=4326),
        "q": q,
        "x": x,
        "y": y,
        "heading_deg": rng.randrange(360),
        "captured_at": datetime(2025, 3, 1, 12, tzinfo=UTC) + timedelta(days=rng.randrange(90)),
        "licence": "CC0-1.0",
    }


def _inside(rng: random.Random, shape: BaseGeometry) -> tuple[float, float]:
    """A place within 8 km of the shape's own middle, so that large comunas are not all fields."""
    middle = shape.representative_point()
    while True:
        lon = middle.x + rng.uniform(-0.04, 0.04)
        lat = middle.y + rng.uniform(-0.03, 0.03)
        if shape.contains(Point(lon, lat)):
            return lon, lat


def _scores(session: Session) -> dict[int, dict[str, int | None]]:
    rng = random.Random(13)
    scores: dict[int, dict[str, int | None]] = {}
    for photo_id, location in session.execute(select(Photo.id, Photo.location).order_by(Photo.id)):
        place = to_shape(location)
        east = (place.x - CENTRE[0]) / 0.15
        north = (place.y - CENTRE[1]) / 0.15
        centre = 1 - min(1.0, abs(east) + abs(north))
        means = {
            "safety": 500 + 180 * (east + north),
            "lively": 350 + 400 * centre,
            "boring": 650 - 400 * centre,
            "wealthy": 500 + 220 * east,
            "depressing": 500 - 180 * (east + north),
            "beautiful": 500 + 220 * north,
        }
        scores[photo_id] = {
            key: max(0, min(1000, round(mean + rng.gauss(0, 130)))) for key, mean in means.items()
        }
    return scores


def _picture(rng: random.Random) -> bytes:
    """A street of four plain shapes."""
    sky = (120 + rng.randrange(100), 170 + rng.randrange(50), 210 + rng.randrange(40))
    image = Image.new("RGB", (400, 300), sky)
    pen = ImageDraw.Draw(image)
    for left in range(0, 400, 80):
        wall = tuple(110 + rng.randrange(120) for _ in range(3))
        pen.rectangle((left, 60 + rng.randrange(90), left + 79, 220), fill=wall)
    pen.polygon([(0, 300), (150, 215), (250, 215), (400, 300)], fill=(70, 72, 76))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()
