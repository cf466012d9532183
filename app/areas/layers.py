"""Layers and their areas: what is there, loading and dropping."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Polygon
from sqlalchemy import delete, func, select, text
from sqlalchemy import insert as insert_into
from sqlalchemy.orm import Session

from app.areas.bands import prepare
from app.attributes import Text
from app.errors import AreaNotFound, BadRequest, LayerNotFound, NameTaken
from app.tables import Area, Layer

CITY = "city"
"""The built-in layer; its one area is the city."""


@dataclass(frozen=True)
class ListedLayer:
    key: str
    label: Text
    areas: int
    source: str | None
    licence: str | None
    created_at: datetime
    tiled: bool

    @property
    def is_city(self) -> bool:
        return self.key == CITY


@dataclass(frozen=True)
class AreaRow:
    """An area to load. shape: valid, WGS 84."""

    code: str
    name: str
    shape: Polygon | MultiPolygon


def layers(session: Session) -> list[ListedLayer]:
    """In the order in which they were loaded, the city last."""
    count = select(func.count()).where(Area.layer == Layer.key).correlate(Layer).scalar_subquery()
    rows = session.execute(
        select(Layer, count).order_by(Layer.key == CITY, Layer.created_at, Layer.key)
    )
    return [
        ListedLayer(
            each.key,
            {"es": each.label_es, "en": each.label_en},
            areas,
            each.source,
            each.licence,
            each.created_at,
            each.tiled,
        )
        for each, areas in rows
    ]


def version_at(created_at: datetime) -> int:
    """Of a layer's outlines, which never change once it is loaded: the time, in milliseconds."""
    return int(created_at.timestamp() * 1000)


def layer(session: Session, key: str) -> Layer:
    """Raises LayerNotFound, which names the layers that are there."""
    found = session.get(Layer, key)
    if found is None:
        there = ", ".join(each.key for each in layers(session)) or "none yet"
        raise LayerNotFound(f"There is no layer `{key}`. Layers that are there: {there}.")
    return found


def area(session: Session, key: str, code: str) -> Area:
    layer(session, key)
    found = session.scalars(select(Area).where(Area.layer == key, Area.code == code)).one_or_none()
    if found is None:
        raise AreaNotFound(f"Layer `{key}` has no area with the code {code!r}.")
    return found


def bounds(session: Session, key: str) -> tuple[float, float, float, float]:
    """West, south, east and north of a layer in degrees."""
    west, south, east, north = session.execute(
        text("""
            SELECT min(ST_XMin(geometry)), min(ST_YMin(geometry)),
                   max(ST_XMax(geometry)), max(ST_YMax(geometry))
              FROM area WHERE layer = :layer
        """),
        {"layer": key},
    ).one()
    return west, south, east, north


def area_at(session: Session, key: str, lon: float, lat: float) -> Area | None:
    """The area that a photo at this place would get."""
    layer(session, key)
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    return session.scalars(
        select(Area)
        .where(Area.layer == key, func.ST_Covers(Area.geometry, point))
        .order_by(Area.code.collate("C"))
        .limit(1)
    ).one_or_none()


def city(session: Session) -> Area | None:
    """None as long as no layer was loaded."""
    return session.scalars(select(Area).where(Area.layer == CITY)).one_or_none()


def insert(
    session: Session, layer: Layer, rows: Sequence[AreaRow], *, city_name: str = "Ciudad"
) -> list[str]:
    """Adds a layer with its areas; where there is no city yet, it becomes their union.

    The caller holds the publish lock exclusively; photos have no area in the new layers until
    `assign_all`. Returns the keys of the layers that were made. Raises NameTaken if the layer is
    there, BadRequest if two areas have the same code, there is none, or a city has several.
    """
    if session.get(Layer, layer.key) is not None:
        raise NameTaken(
            f"Layer `{layer.key}` is there already. Drop it first (`mirada layers drop "
            f"{layer.key}`), or load the file under another name."
        )
    _check_rows(layer.key, rows)
    session.add(layer)
    session.flush()
    session.execute(
        insert_into(Area),
        [
            {
                "layer": layer.key,
                "code": row.code,
                "name": row.name,
                "geometry": from_shape(_multi(row.shape), srid=4326),
            }
            for row in sorted(rows, key=lambda row: row.code)
        ],
    )
    made = [layer.key]
    if city(session) is None:
        _make_city(session, layer, city_name)
        made.append(CITY)
    for key in made:
        prepare(session, session.get_one(Layer, key))
    return made


def _check_rows(key: str, rows: Sequence[AreaRow]) -> None:
    if not rows:
        raise BadRequest(f"There is no area to load into layer `{key}`.")
    code, times = Counter(row.code for row in rows).most_common(1)[0]
    if times > 1:
        raise BadRequest(
            f"{times} areas for layer `{key}` have the code {code!r}. Name a column whose values "
            "differ, or dissolve the areas by it."
        )
    if key == CITY and len(rows) > 1:
        raise BadRequest(f"Layer `{CITY}` is one area, not {len(rows)}. Dissolve them into one.")


def _multi(shape: Polygon | MultiPolygon) -> MultiPolygon:
    return MultiPolygon([shape]) if isinstance(shape, Polygon) else shape


def _make_city(session: Session, first: Layer, name: str) -> None:
    session.add(
        Layer(
            key=CITY,
            label_es="Ciudad",
            label_en="City",
            source=first.source,
            licence=first.licence,
        )
    )
    session.flush()
    session.execute(
        text("""
            INSERT INTO area (layer, code, name, geometry)
            SELECT :city, :city, :name, ST_Multi(ST_CollectionExtract(ST_Union(geometry), 3))
              FROM area WHERE layer = :first
        """),
        {"city": CITY, "name": name, "first": first.key},
    )


def drop(session: Session, key: str) -> None:
    """Deletes a layer with its areas, their totals, and what photo is in which of them.

    The caller holds the publish lock exclusively. The city stays when the layer goes that it was
    made of; without a city the next layer that is loaded makes one.
    """
    layer(session, key)
    session.execute(delete(Area).where(Area.layer == key))
    session.execute(delete(Layer).where(Layer.key == key))
