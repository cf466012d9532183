"""Tiles in a reader that is not ours: GDAL counts the same features as SQL."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import cells, totals
from app.attributes import KEYS
from app.cells.keys import key_of
from app.tables import Release
from tests.builders import flat, make_photo, make_release, write_scores

CENTRE = (-70.65, -33.45)
PHOTOS = 200

# The format's own tag for polygons; GDAL says which kind each layer holds.
KINDS = {"cells": "Polygon", "photos": "Point"}


@pytest.fixture
def release(session: Session) -> Release:
    """Photos around a centre, denser in the middle, the last of them not published yet."""
    chance = np.random.default_rng(5)
    places = chance.normal(CENTRE, 0.03, size=(PHOTOS, 2))
    places[0] = CENTRE
    ids = [make_photo(session, *place, image=False).id for place in places.tolist()]
    release = make_release(session, "r")
    write_scores(session, release, {photo_id: flat(500) for photo_id in ids[:-20]})
    totals.publish(session)
    write_scores(session, release, {photo_id: flat(1) for photo_id in ids[-20:-10]})
    return release


def counted(session: Session, release: Release, z: int, x: int, y: int) -> dict[str, int]:
    """Features of each layer by plain comparisons of x and y; cells end at tile zoom 17."""
    values = {"release_id": release.id, "z": z, "x": x, "y": y}
    published = """
        FROM photo JOIN score ON photo_id = id AND release_id = :release_id
       WHERE x >> (25 - :z) = :x AND y >> (25 - :z) = :y
         AND NOT EXISTS (SELECT FROM pending w WHERE w.release_id = :release_id
                           AND photo.id = ANY(w.photo_ids))
    """
    statements = {
        "cells": f"SELECT count(DISTINCT (x >> (20 - :z), y >> (20 - :z))) {published}",
        "photos": f"SELECT count(*) {published}",
    }
    found = {
        layer: int(session.scalar(text(statement), values) or 0)
        for layer, statement in statements.items()
        if layer == "photos" or z <= 17
    }
    return {layer: number for layer, number in found.items() if number}


@pytest.mark.parametrize("z", [0, 9, 11, 13, 15, 17, 18, 20])
def test_gdal_counts_the_features_that_sql_counts(
    session: Session, release: Release, tmp_path: Path, z: int
) -> None:
    _, x25, y25 = key_of(*CENTRE)
    x, y = x25 >> (25 - z), y25 >> (25 - z)
    # Around the centre, so that some tiles hold much and some nothing.
    reach = range(-1, 2) if z else range(1)
    seen = 0
    for column, row in ((x + right, y + down) for right in reach for down in reach):
        content = cells.tile(session, release, z, column, row)
        expected = counted(session, release, z, column, row)
        if not content:
            assert expected == {}
            continue
        # The driver takes the tile's address from where it lies.
        file = tmp_path / str(z) / str(column) / f"{row}.mvt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        assert dict(pyogrio.list_layers(file)) == {layer: KINDS[layer] for layer in expected}
        for layer, number in expected.items():
            info = pyogrio.read_info(file, layer=layer)
            assert info["features"] == number
            assert {*KEYS, "n" if layer == "cells" else "id"} <= set(info["fields"])
            frame = pyogrio.read_dataframe(file, layer=layer)
            assert len(frame) == number
            if layer == "cells":
                assert frame["n"].sum() == expected["photos"]
            seen += number
    assert seen > 0
