"""The shapes of the API, as others rely on them."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from app import schemas
from app.attributes import KEYS

SHAPES: dict[str, set[str]] = {
    "AttributeOut": {"key", "label", "question", "least", "most", "palette"},
    "ReleaseOut": {
        "name", "kind", "state", "version", "demo", "photos", "created_at", "published_at",
        "spread", "metrics",
    },
    "ReleaseList": {"active", "releases"},
    "Spread": {"cells", "layers"},
    "TileJson": {
        "tilejson", "name", "tiles", "minzoom", "maxzoom", "bounds", "center", "vector_layers",
        "attribution", "release", "version", "demo", "photos", "published_at", "spread", "city",
    },
    "City": {"name", "bbox"},
    "LayerOut": {"key", "label", "areas", "source", "licence", "city", "tiles"},
    "AreaTileJson": {
        "tilejson", "name", "tiles", "minzoom", "maxzoom", "bounds", "vector_layers",
        "attribution",
    },
    "AreaList": {"layer", "release", "version", "floor", "areas"},
    "Floor": {"photos", "cells"},
    "AreaOut": {"id", "code", "name", "n", "shown", "reason", "bbox", "attributes"},
    "AreaAttribute": {"n", "mean", "se", "ci95", "rank", "of"},
    "AreaDetail": {
        "id", "code", "name", "n", "shown", "reason", "bbox", "attributes", "layer", "release",
        "histogram", "city",
    },
    "CellOut": {"z", "x", "y", "bbox", "n", "attributes", "histogram"},
    "HistogramOut": {"release", "n", "bbox", "attributes"},
    "PhotoPage": {"release", "total", "photos", "next"},
    "PhotoOut": {
        "id", "lat", "lon", "heading_deg", "captured_at", "source", "licence", "attribution",
        "image", "thumbnail", "width_px", "height_px", "scores",
    },
    "PhotoDetail": {
        "id", "lat", "lon", "heading_deg", "captured_at", "source", "licence", "attribution",
        "image", "thumbnail", "width_px", "height_px", "scores", "raw", "areas", "neighbours",
    },
    "PhotoSample": {"release", "n", "total", "id", "lat", "lon", "scores"},
    "PageData": {
        "lang", "attributes", "layers", "release", "basemap", "city_name", "demo",
    },
    "Problem": {"type", "title", "status", "detail", "code"},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_just_these_members(name: str) -> None:
    """A member that is renamed or taken away breaks the pages and the scripts of others."""
    shape: type[BaseModel] = getattr(schemas, name)
    assert set(shape.model_fields) == SHAPES[name]


def test_the_keys_of_attributes_are_the_six() -> None:
    assert get_args(schemas.AttributeKey) == KEYS


def test_the_front_end_reads_no_member_that_is_not_sent() -> None:
    """types.d.ts says what the scripts take from an answer."""
    types = (Path(__file__).parents[1] / "static" / "src" / "types.d.ts").read_text()
    pairs = {
        "Attribute": "AttributeOut",
        "Layer": "LayerOut",
        "Release": "TileJson",
        "Figure": "AreaAttribute",
        "Area": "AreaOut",
        "AreaList": "AreaList",
        "CellDetail": "CellOut",
        "Photo": "PhotoOut",
        "PhotoDetail": "PhotoDetail",
        "PhotoPage": "PhotoPage",
        "Sample": "PhotoSample",
        "PageData": "PageData",
    }
    for interface, shape in pairs.items():
        opening = rf"export interface {interface}(?: extends \w+)? {{"
        body = re.search(rf"{opening}\n(.*?)\n}}", types, re.S)
        assert body is not None, interface
        members = set(re.findall(r"^  (\w+)\??:", body[1], re.M))
        assert members
        assert members <= SHAPES[shape], interface


HISTOGRAM: dict[str, Any] = {"release": "r", "n": 1, "bbox": None, "attributes": {}}
AREA: dict[str, Any] = {"n": 3, "mean": 5.0, "se": None, "ci95": None}


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        (schemas.AreaAttribute, {**AREA, "mean": 10.01}),
        (schemas.AreaAttribute, {**AREA, "ci95": [1]}),
        (schemas.AreaAttribute, {**AREA, "median": 5}),
        (schemas.HistogramOut, {**HISTOGRAM, "attributes": {"safety": [1]}}),
        (schemas.HistogramOut, {**HISTOGRAM, "bbox": [0, 1, 2]}),
        (schemas.City, {"name": "x"}),
    ],
)
def test_what_has_another_shape_never_leaves(
    shape: type[BaseModel], values: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        shape.model_validate(values)
