"""A city of 5,041 small areas for a browser: figures put in as totals, and one photo."""

import math

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import releases, totals
from app.attributes import KEYS
from app.db import make_engine, session_factory
from app.tables import Area, Layer, Release, area_cell_total, area_total
from tests.builders import flat, make_photo, make_release, write_scores
from tests.mosaic import NORTH, WEST, mosaic

CELLS = 6
IN_CELL = 5
FEW_EVERY = 11
"""Of so many areas, one has too few photos to be coloured."""
NONE_EVERY = 13


def fill(url: str) -> int:
    """url: of a migrated database with nothing in it. Returns the id of the one photo."""
    engine = make_engine(url)
    with session_factory(engine).begin() as session:
        layer = Layer(key="zone", label_es="Zonas", label_en="Zones")
        totals.load_layer(session, layer, mosaic(), city_name="Santiago")
        release = make_release(session, "demo", active=True, version=releases.first_version())
        _add_totals(session, release)
        place = mosaic()[0].shape.representative_point()
        photo = make_photo(session, place.x, place.y, image=False)
        write_scores(session, release, {photo.id: flat(500)})
        totals.publish(session)
        photo_id = photo.id
    engine.dispose()
    return photo_id


def is_few(number: int) -> bool:
    return number % FEW_EVERY == 0 and number % NONE_EVERY != 0


def has_none(number: int) -> bool:
    return number % NONE_EVERY == 0


def _add_totals(session: Session, release: Release) -> None:
    """Waves of a length of its own for each attribute, so that each colours the map differently."""
    boxes = {each.code: each.shape.bounds for each in mosaic()}
    of_cells, of_areas = [], []
    for area_id, code in session.execute(select(Area.id, Area.code).where(Area.layer == "zone")):
        if has_none(int(code)):
            continue
        west, south, _, _ = boxes[code]
        sums: dict[str, int] = {}
        for i, key in enumerate(KEYS):
            wave = math.sin((west - WEST) * (15 + 5 * i)) + math.cos((NORTH - south) * (20 + 7 * i))
            sums |= {f"n_{key}": IN_CELL, f"sum_{key}": IN_CELL * round(500 + 150 * wave)}
        cells = 1 if is_few(int(code)) else CELLS
        own = {"release_id": release.id, "area_id": area_id}
        of_cells += [{**own, "q": q, "n": IN_CELL, **sums} for q in range(cells)]
        summed = {name: cells * value for name, value in sums.items()}
        of_areas.append({**own, "n": cells * IN_CELL, **summed})
    session.execute(insert(area_cell_total), of_cells)
    session.execute(insert(area_total), of_areas)
