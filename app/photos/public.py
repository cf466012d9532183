"""What everybody may know of a photo."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.attributes import KEYS
from app.errors import PhotoNotFound
from app.schemas import AreaName, Neighbours, PhotoDetail, PhotoOut
from app.tables import Area, Photo, Release, photo_area, score

PLAIN = (
    "id",
    "heading_deg",
    "captured_at",
    "source",
    "licence",
    "attribution",
    "width_px",
    "height_px",
)


def by_ids(session: Session, release: Release, photo_ids: Sequence[int]) -> list[PhotoOut]:
    """The photos that exist, in the order of the ids."""
    rows = session.execute(_query(release).where(Photo.id.in_(photo_ids))).mappings()
    photos = {row["id"]: PhotoOut(**_shape(row)) for row in rows}
    return [photos[photo_id] for photo_id in photo_ids if photo_id in photos]


def one(session: Session, release: Release, photo_id: int) -> PhotoDetail:
    """Scores and raw outputs as they stand, published or not."""
    raw = [score.c[f"raw_{key}"] for key in KEYS]
    query = _query(release).add_columns(Photo.source_key, *raw).where(Photo.id == photo_id)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise not_found(photo_id)
    areas = session.execute(
        select(Area.layer, Area.code, Area.name)
        .join(photo_area, photo_area.c.area_id == Area.id)
        .where(photo_area.c.photo_id == photo_id)
    )
    return PhotoDetail(
        **_shape(row),
        raw={key: row[f"raw_{key}"] for key in KEYS if row[f"raw_{key}"] is not None},
        areas={layer: AreaName(code=code, name=name) for layer, code, name in areas},
        neighbours=_neighbours(session, row["source"], row["source_key"]),
    )


def storage_key(session: Session, photo_id: int) -> str:
    """Of a photo whose image may be shown."""
    key = session.scalar(select(Photo.storage_key).where(Photo.id == photo_id, Photo.images_public))
    if key is None:
        raise not_found(photo_id, "with an image to show")
    return key


def not_found(photo_id: int, kind: str = "") -> PhotoNotFound:
    return PhotoNotFound(
        f"There is no photo {photo_id} {kind}".rstrip() + ". It may have been taken down."
    )


def _neighbours(session: Session, source: str, source_key: str) -> Neighbours:
    """Frames of one drive are named in the order in which they were taken."""
    same = select(Photo.id).where(Photo.source == source).limit(1)
    before = same.where(Photo.source_key < source_key).order_by(Photo.source_key.desc())
    after = same.where(Photo.source_key > source_key).order_by(Photo.source_key)
    return Neighbours(previous=session.scalar(before), next=session.scalar(after))


def _query(release: Release) -> Select[Any]:
    return (
        select(
            *(getattr(Photo, name) for name in PLAIN),
            func.ST_Y(Photo.location).label("lat"),
            func.ST_X(Photo.location).label("lon"),
            and_(Photo.storage_key.is_not(None), Photo.images_public).label("has_image"),
            *(score.c[f"score_{key}"] for key in KEYS),
        )
        .select_from(Photo)
        .outerjoin(score, and_(score.c.photo_id == Photo.id, score.c.release_id == release.id))
    )


def _shape(row: Mapping[Any, Any]) -> dict[str, Any]:
    address = f"/photos/{row['id']}"
    scores = {key: row[f"score_{key}"] for key in KEYS}
    return {
        **{name: row[name] for name in PLAIN},
        "lat": round(row["lat"], 6),
        "lon": round(row["lon"], 6),
        "image": f"{address}/image" if row["has_image"] else None,
        "thumbnail": f"{address}/thumbnail" if row["has_image"] else None,
        "scores": {key: value / 100 for key, value in scores.items() if value is not None},
    }
