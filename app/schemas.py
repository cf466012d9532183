"""Shapes of requests and answers. Scores run from 0.0 to 10.0, positions are WGS 84 degrees."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.attributes import KEYS, Language

Box = tuple[float, float, float, float]
"""west, south, east, north."""

AttributeKey = Literal["safety", "lively", "boring", "wealthy", "depressing", "beautiful"]
Order = Literal["best", "worst", "most", "least", "typical", "newest", "random", "nearest"]
Bins = Annotated[list[int], Field(min_length=20, max_length=20)]
Score = Annotated[float, Field(ge=0, le=10)]
ByAttribute = Annotated[dict[str, float], Field(description="Absent where none")]

assert set(KEYS) == set(AttributeKey.__args__)  # type: ignore[attr-defined]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


def example(**values: Any) -> ConfigDict:
    """A shape's `model_config`, with what the API's description shows of it."""
    return ConfigDict(json_schema_extra={"examples": [values]})


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds a character that cannot be printed")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    AfterValidator(_printable),
]
"""What people write into one line; how long it may be is the field's."""


class Words(Shape):
    es: str
    en: str


class AttributeOut(Shape):
    """palette: yellow is the favourable end, so `reversed` runs the palette from 10 to 0."""

    key: AttributeKey
    label: Words
    question: Words
    least: Words
    most: Words
    palette: Literal["forward", "reversed"]


class Spread(Shape):
    """d of the colour scale 5 ± d, fixed for a release and kind of map."""

    cells: float
    layers: dict[str, float]


class ReleaseOut(Shape):
    name: str
    kind: Literal["rankers", "imported"]
    state: Literal["registered", "scoring", "ready"]
    version: int
    demo: bool
    photos: int
    created_at: datetime
    published_at: datetime | None
    spread: Spread
    metrics: dict[str, Any]


class ReleaseList(Shape):
    active: str | None
    releases: list[ReleaseOut]


class VectorLayer(Shape):
    id: str
    description: str
    minzoom: int
    maxzoom: int
    fields: dict[str, str]


class City(Shape):
    """bbox: of the city's published photos; of its polygon while there are none."""

    name: str
    bbox: Box


class PlainTileJson(Shape):
    """TileJSON 3.0, as far as all tiles have it."""

    tilejson: Literal["3.0.0"] = "3.0.0"
    name: str
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: Box
    vector_layers: list[VectorLayer]


class TileJson(PlainTileJson):
    """TileJSON 3.0 and, beside it, what a map says of the release it shows."""

    center: tuple[float, float, int]
    attribution: str
    release: str
    version: int
    demo: bool
    photos: int
    published_at: datetime | None
    spread: Spread
    city: City | None


class AreaTileJson(PlainTileJson):
    """TileJSON 3.0 of a layer's outlines."""

    attribution: str | None


class LayerOut(Shape):
    """tiles: address of a large layer's vector tiles; null where GeoJSON holds its outlines."""

    key: str
    label: Words
    areas: int
    source: str | None
    licence: str | None
    city: bool = False
    tiles: str | None = None


class Floor(Shape):
    photos: int
    cells: int


class AreaAttribute(Shape):
    """se and ci95 are null where they can't be computed; rank is among the shown areas."""

    n: int
    mean: Score
    se: float | None
    ci95: tuple[float, float] | None
    rank: int | None = None
    of: int | None = None


class AreaOut(Shape):
    """shown: at least 20 photos in 5 zoom-16 cells; otherwise reason says what is missing.

    id: of the polygon in the layer's vector tiles; another one when the layer is loaded anew.
    """

    id: int
    code: str
    name: str
    n: int
    shown: bool
    reason: Literal["few-photos", "few-cells", "no-photos"] | None
    bbox: Box
    attributes: dict[str, AreaAttribute]


class AreaList(Shape):
    layer: str
    release: str
    version: int
    floor: Floor
    areas: list[AreaOut]


class AreaDetail(AreaOut):
    layer: str
    release: str
    histogram: dict[str, Bins]
    city: AreaOut | None


Position = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]],
    Field(min_length=2, max_length=3, description="lon, lat in degrees; an altitude is ignored"),
]
Ring = Annotated[list[Position], Field(min_length=4, description="The first position ends it too")]
Rings = Annotated[list[Ring], Field(min_length=1, description="The outer ring, then its holes")]


class PolygonIn(Shape):
    """GeoJSON (RFC 7946)."""

    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygonIn(Shape):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1)]


class CircleIn(Shape):
    type: Literal["Circle"]
    center: Position
    radius_m: Annotated[float, Field(allow_inf_nan=False)]


ShapeIn = Annotated[PolygonIn | MultiPolygonIn | CircleIn, Field(discriminator="type")]


class ZoneOut(Shape):
    """The figures of an area, for a drawn shape; histogram has 20 bins, each half a point wide."""

    release: str
    version: int
    n: int
    shown: bool
    reason: Literal["few-photos", "few-cells", "no-photos"] | None
    floor: Floor
    bbox: Box
    area_km2: float
    attributes: dict[str, AreaAttribute]
    histogram: dict[str, Bins]
    city: AreaOut | None


class CellAttribute(Shape):
    n: int
    mean: Score


class CellOut(Shape):
    """histogram: for cells of zooms 5 to 14."""

    z: int
    x: int
    y: int
    bbox: Box
    n: int
    attributes: dict[str, CellAttribute]
    histogram: dict[str, Bins] | None = None


class HistogramOut(Shape):
    """bbox: the box that was counted, snapped outwards to whole cells; null for the city."""

    release: str
    n: int
    bbox: Box | None
    attributes: dict[str, Bins]


class PhotoOut(Shape):
    """image and thumbnail are null for a place without a photo, or one that may not be shown."""

    id: int
    lat: float
    lon: float
    heading_deg: float | None
    captured_at: datetime | None
    source: str
    licence: str | None
    attribution: str | None
    image: str | None
    thumbnail: str | None
    width_px: int | None
    height_px: int | None
    scores: ByAttribute


class PhotoPage(Shape):
    """total counts all photos of the filter, on every page; next is null on the last page."""

    release: str
    total: int
    photos: list[PhotoOut]
    next: str | None


class ZonePhotosOut(Shape):
    """By the score: from the highest, from the nearest to the mean, from the lowest."""

    release: str
    attribute: AttributeKey
    most: list[PhotoOut]
    typical: list[PhotoOut]
    least: list[PhotoOut]


class PhotoSample(Shape):
    """Columns of length n. Fewer photos than asked for are all there are."""

    release: str
    n: int
    total: int
    id: list[int]
    lat: list[float]
    lon: list[float]
    scores: dict[str, list[float | None]]


ReportReason = Literal["person", "plate", "home", "wrong", "other"]


class ReportIn(Shape):
    """person: can be recognised. plate: of a car. home: private. wrong: no street, or elsewhere."""

    reason: ReportReason
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class ReportOut(Shape):
    """has_image: for the admin's eyes, at /api/admin/photos/{photo_id}/thumbnail."""

    id: int
    photo_id: int
    reason: ReportReason
    text: str | None
    created_at: datetime
    has_image: bool


class ReportList(Shape):
    """The oldest ones of total."""

    model_config = example(
        total=1,
        reports=[
            {
                "id": 7,
                "photo_id": 120481,
                "reason": "plate",
                "text": "The car at the left.",
                "created_at": "2026-07-04T09:12:00Z",
                "has_image": True,
            }
        ],
    )

    total: int
    reports: list[ReportOut]


class AreaName(Shape):
    code: str
    name: str


class Neighbours(Shape):
    """Ids of the photos before and after in the same source, by the source's own keys."""

    previous: int | None
    next: int | None


class PhotoDetail(PhotoOut):
    raw: ByAttribute
    areas: dict[str, AreaName]
    neighbours: Neighbours


class BaseMap(Shape):
    url: str
    attribution: str


class PageData(Shape):
    """What a page hands to its script."""

    lang: Language
    attributes: list[AttributeOut]
    layers: list[LayerOut]
    release: TileJson | None
    basemap: BaseMap
    city_name: str
    demo: bool


class Problem(Shape):
    """Problem details (RFC 9457); code is stable, detail is for people."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
