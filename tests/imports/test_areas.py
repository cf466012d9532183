"""Layers out of files of many kinds, of many qualities."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import geopandas
import numpy as np
import pytest
import shapely
from geoalchemy2.shape import to_shape
from shapely import (
    GeometryCollection,
    LineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import areas as areas_module
from app import totals
from app.db import SessionFactory
from app.errors import BadFile, BadRequest, LayerNotFound, NameTaken, SetupMissing
from app.imports import areas as importing
from app.imports import recipes
from app.imports.areas import Wanted
from app.imports.polygons import Dissolve, polygons
from app.imports.summary import Summary
from app.imports.table import BadRow
from app.tables import Area, Layer
from tests.builders import flat, make_photo, make_release, write_scores
from tests.imports.conftest import WriteTable

WEST, SOUTH = -70.7, -33.5
BOW_TIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def squares(*codes: str) -> dict[str, Polygon]:
    """A row of squares of a hundredth of a degree, each touching the next."""
    return {
        code: box(WEST + 0.01 * i, SOUTH, WEST + 0.01 * (i + 1), SOUTH + 0.01)
        for i, code in enumerate(codes)
    }


def frame(
    shapes: Mapping[str, BaseGeometry | None], crs: str | None = "EPSG:4326", **columns: Any
) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        {"code": list(shapes), **columns}, geometry=list(shapes.values()), crs=crs
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zones.geojson"


@pytest.fixture
def run(factory: SessionFactory, path: Path) -> Any:
    def run(**options: Any) -> Summary:
        given: dict[str, Any] = {"path": path, "layer": "zone", "code_column": "code"}
        wanted = Wanted(**(given | options))
        return importing.run(factory, wanted, city_name="Santiago")

    return run


def stored(session: Session, layer: str = "zone") -> dict[str, tuple[str, MultiPolygon]]:
    rows = session.scalars(select(Area).where(Area.layer == layer).order_by(Area.code))
    return {area.code: (area.name, to_shape(area.geometry)) for area in rows}


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shp", "parquet", "fgb", "zip"])
def test_files_of_any_kind(session: Session, tmp_path: Path, run: Any, kind: str) -> None:
    given = frame(squares("13101", "13102"), name=["Ñuñoa", "Maipú"])
    file = tmp_path / f"zones.{kind}"
    if kind == "parquet":
        given.to_parquet(file)
    else:
        given.to_file(file.with_suffix(".shp") if kind == "zip" else file)
    if kind == "zip":
        with ZipFile(file, "w") as archive:
            for part in tmp_path.glob("zones.[!z]*"):
                archive.write(part, part.name)
    summary = run(path=file, name_column="name", source="INE", label_es="Zonas")
    assert (summary.accepted, summary.rejected) == (2, [])
    found = stored(session)
    assert [(code, name) for code, (name, _) in found.items()] == [
        ("13101", "Ñuñoa"),
        ("13102", "Maipú"),
    ]
    for code, shape in squares("13101", "13102").items():
        assert found[code][1].equals_exact(MultiPolygon([shape]), 1e-7, normalize=True)
    layer = session.get_one(Layer, "zone")
    assert (layer.label_es, layer.label_en, layer.source) == ("Zonas", "Zonas", "INE")


@pytest.mark.parametrize("crs", ["EPSG:32719", "EPSG:3857", "EPSG:5361", "OGC:CRS84"])
def test_any_reference_system(session: Session, run: Any, tmp_path: Path, crs: str) -> None:
    shapes = squares("a")
    file = tmp_path / "zones.gpkg"
    frame(shapes).to_crs(crs).to_file(file)
    run(path=file)
    (shape,) = (shape for _, shape in stored(session).values())
    assert shapely.hausdorff_distance(shape, shapes["a"]) < 1e-6


def test_a_file_without_a_reference_system(session: Session, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "zones.shp"
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        frame(squares("a"), crs=None).to_file(file)
    with pytest.raises(BadFile, match=r"look like longitude.*EPSG:4326\)\. Name it with --crs"):
        run(path=file)
    in_metres = frame(squares("a")).to_crs("EPSG:32719").set_crs(None, allow_override=True)
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        in_metres.to_file(file)
    with pytest.raises(BadFile, match="no degrees"):
        run(path=file)
    with pytest.raises(BadFile, match="lie beyond the Earth"):
        run(path=file, crs="EPSG:4326")
    with pytest.raises(BadRequest, match="is no reference system"):
        run(path=file, crs="EPSG:0")
    assert run(path=file, crs="EPSG:32719").accepted == 1
    assert shapely.hausdorff_distance(stored(session)["a"][1], squares("a")["a"]) < 1e-6


def test_metres_in_a_file_that_claims_degrees(run: Any, path: Path) -> None:
    frame({"a": box(340_000, 6_290_000, 341_000, 6_291_000)}).to_file(path)
    with pytest.raises(BadFile, match="lie beyond the Earth"):
        run()


def test_each_bad_feature_is_named_and_the_rest_goes_on(
    session: Session, run: Any, tmp_path: Path
) -> None:
    tower = Polygon([(1, 1, 5), (2, 1, 5), (2, 2, 5), (1, 1, 5)])
    shapes: dict[str, BaseGeometry | None] = {
        "good": squares("a")["a"],
        "null": None,
        "empty": Polygon(),
        "point": Point(1, 1),
        "line": LineString([(0, 0), (1, 1)]),
        "bow tie": BOW_TIE,
        "needle": Polygon([(0, 0), (1, 1), (0, 0)]),
        "tower": tower,
        "mixed": GeometryCollection([box(0, 0, 1, 1), LineString([(0, 0), (1, 1)])]),
        "": box(0, 0, 1, 1),
    }
    file = tmp_path / "zones.parquet"
    frame(shapes).to_parquet(file)
    summary = run(path=file)
    assert {each.where: each.code for each in summary.rejected} == {
        "feature 2": "empty-geometry",
        "feature 3": "empty-geometry",
        "feature 4": "not-a-polygon",
        "feature 5": "not-a-polygon",
        "feature 7": "invalid-geometry",
        "feature 10": "bad-code",
    }
    assert "1 geometries were repaired: bow tie (Self-intersection)" in summary.notes
    found = stored(session)
    assert set(found) == {"good", "bow tie", "tower", "mixed"}
    assert found["bow tie"][1].area == pytest.approx(0.5)
    assert found["mixed"][1].area == pytest.approx(1)
    assert not found["tower"][1].has_z
    assert all(shape.is_valid for _, shape in found.values())
    assert summary.rejected_file == tmp_path / "zones.rejected.csv"
    assert "needle" in summary.rejected_file.read_text()


def with_corner(lat: float) -> Polygon:
    """Of a square, past the constructor that would warn of it."""
    return shapely.transform(
        box(0, 0, 1, 1),
        lambda points: np.where(points.sum(axis=1, keepdims=True) == 2, lat, points),
    )


@pytest.mark.parametrize(
    "geometry", [None, MultiPoint([(0, 0)]), with_corner(math.inf), with_corner(math.nan)]
)
def test_what_can_be_no_polygon(geometry: BaseGeometry | None) -> None:
    with pytest.raises(BadRow):
        polygons(geometry)


def test_codes_that_stand_twice_are_parts_or_a_mistake(
    session: Session, run: Any, path: Path
) -> None:
    shapes = list(squares("a", "b", "c").values())
    geopandas.GeoDataFrame(
        {"code": ["1", "1", "2"], "name": ["One", "One", "Two"]}, geometry=shapes, crs="EPSG:4326"
    ).to_file(path)
    with pytest.raises(BadFile, match=r"the first is '1', 2 times.*--dissolve code"):
        run(name_column="name")
    assert stored(session) == {}
    summary = run(name_column="name", dissolve=Dissolve.parse("code"))
    assert summary.accepted == 3
    found = stored(session)
    assert [(code, name) for code, (name, _) in found.items()] == [("1", "One"), ("2", "Two")]
    assert found["1"][1].equals(shapely.union(shapes[0], shapes[1]))


def test_codes_of_numbers_stay_whole(session: Session, run: Any, tmp_path: Path) -> None:
    """A gap turns a column of whole numbers into one with decimals."""
    given = frame(squares("a", "b", "c"))
    given["code"] = [13101, None, 13103]
    file = tmp_path / "zones.parquet"
    given.to_parquet(file)
    summary = run(path=file)
    assert set(stored(session)) == {"13101", "13103"}
    assert [each.where for each in summary.rejected] == ["feature 2"]


def test_dissolving_by_the_first_characters(
    session: Session, run: Any, path: Path, write_table: WriteTable
) -> None:
    shapes = squares("13101001", "13101002", "13102001", "131")
    frame(shapes, name=["A", "B", "C", "D"]).to_file(path)
    summary = run(dissolve=Dissolve.parse("code:5"), name_column="name")
    assert {each.where: each.code for each in summary.rejected} == {"feature 4": "bad-code"}
    assert {code: name for code, (name, _) in stored(session).items()} == {
        "13101": "13101",
        "13102": "C",
    }
    assert any(
        note.startswith("1 areas have no name of their own") and "13101" in note
        for note in summary.notes
    )
    names = write_table("Code,Name", ["13101", "Santiago"], ["99999", "Nowhere"], ["13102", ""])
    run(
        layer="named",
        dissolve=Dissolve.parse("code:5"),
        names=importing.parse_names(f"{names}:code:name"),
    )
    assert {code: name for code, (name, _) in stored(session, "named").items()} == {
        "13101": "Santiago",
        "13102": "13102",
    }
    run(layer="copied", code_column=None, dissolve=Dissolve("code", 5), names_from="named")
    assert stored(session, "copied")["13101"][0] == "Santiago"


@pytest.mark.parametrize("text", ["code:0", ":5"])
def test_a_dissolve_that_means_nothing(text: str) -> None:
    with pytest.raises(BadRequest, match="must be COLUMN or COLUMN:N"):
        Dissolve.parse(text)


def test_columns_with_colons() -> None:
    assert Dissolve.parse("ine:code:5") == Dissolve("ine:code", 5)
    assert Dissolve.parse("ine:code") == Dissolve("ine:code")
    assert importing.parse_names("C:\\a.csv:k:n") == (Path("C:\\a.csv"), "k", "n")
    with pytest.raises(BadRequest, match="must be CSV:CODE"):
        importing.parse_names("a.csv:k")


def test_a_layer_that_is_there_is_replaced_only_when_asked(
    session: Session, run: Any, path: Path
) -> None:
    release = make_release(session)
    photos = [make_photo(session, WEST + 0.005 + 0.01 * i, SOUTH + 0.005).id for i in range(3)]
    write_scores(session, release, {photo_id: flat(400) for photo_id in photos})
    totals.publish(session)
    session.commit()
    frame(squares("a", "b")).to_file(path)
    run()
    with pytest.raises(NameTaken, match="--replace"):
        run()
    overlapping = squares("b", "c") | {"a": box(WEST, SOUTH, WEST + 0.02, SOUTH + 0.01)}
    frame(overlapping).to_file(path)
    summary = run(replace=True)
    assert summary.notes[-2:] == [
        "layer zone has 3 areas now",
        "of 3 photos 1 lie in no area of it, and 2 in several, where the lowest code counts",
    ]
    session.expire_all()
    figures = areas_module.figures(session, release, "zone")
    assert {each.code: each.n for each in figures if each.n} == {"a": 2}
    assert totals.check(session) == []


def test_the_first_layer_makes_the_city_and_a_file_can_be_one(
    session: Session, run: Any, path: Path
) -> None:
    frame(squares("a", "b")).to_file(path)
    summary = run()
    assert any("the city is the union of these areas" in note for note in summary.notes)
    ((code, (name, shape)),) = stored(session, "city").items()
    assert (code, name) == ("city", "Santiago")
    assert shape.bounds == pytest.approx((WEST, SOUTH, WEST + 0.02, SOUTH + 0.01))
    frame(squares("a", "b", "c")).to_file(path)
    run(layer="city", code_column=None, replace=True)
    ((_, (_, shape)),) = stored(session, "city").items()
    assert shape.bounds[2] == pytest.approx(WEST + 0.03)


def test_a_failure_half_way_leaves_the_old_layer(
    session: Session, run: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame(squares("a")).to_file(path)
    run()
    frame(squares("b")).to_file(path)
    with monkeypatch.context() as patch:
        patch.setattr(areas_module, "coverage", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(replace=True)
    session.expire_all()
    assert set(stored(session)) == {"a"}
    run(replace=True)
    assert set(stored(session)) == {"b"}


def test_files_and_columns_that_are_not_there(run: Any, path: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="There is no file"):
        run()
    frame(squares("a")).to_file(path)
    with pytest.raises(BadFile, match=r"has no column 'id'\. It has code"):
        run(code_column="id")
    with pytest.raises(BadFile, match="has no column 'nombre'"):
        run(name_column="nombre")
    with pytest.raises(BadRequest, match="--code-column"):
        run(code_column=None)
    with pytest.raises(LayerNotFound):
        run(names_from="nothing")
    with pytest.raises(BadRequest, match="lower case"):
        run(layer="Bad Key")
    path.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    with pytest.raises(BadFile, match="has no features"):
        run()
    path.write_text("filename,lat,lon\n")
    with pytest.raises(BadFile, match="cannot be read as a map file"):
        run()
    table = tmp_path / "table.csv"
    table.write_text("code,name\n1,a\n")
    with pytest.raises(BadFile, match="without geometries"):
        run(path=table)
    plain = tmp_path / "plain.parquet"
    frame(squares("a")).drop(columns="geometry").to_parquet(plain)
    with pytest.raises(BadFile, match="cannot be read as a map file"):
        run(path=plain)


def test_a_file_in_which_nothing_can_be_an_area(session: Session, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "points.gpkg"
    frame({"a": Point(1, 1)}).to_file(file)
    with pytest.raises(BadFile, match=r"No feature of .* can be an area \(1 × not-a-polygon\)"):
        run(path=file)
    assert (tmp_path / "points.rejected.csv").exists()
    assert session.scalars(select(Layer)).all() == []


def test_a_package_of_several_layers_must_be_told_which(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "zones.gpkg"
    frame(squares("a")).to_file(file, layer="one")
    frame(squares("a", "b")).to_file(file, layer="two")
    with pytest.raises(BadFile, match=r"several layers: one, two\. Name one with --file-layer"):
        run(path=file)
    assert run(path=file, file_layer="two").accepted == 2


def test_the_comunas_of_the_region_by_recipe(session: Session, factory: SessionFactory) -> None:
    wanted = importing.by_recipe(recipes.recipe("comunas-rm"))
    summary = importing.run(factory, wanted, city_name="Santiago")
    assert (summary.accepted, summary.rejected) == (52, [])
    found = stored(session, "comuna")
    assert found["13101"][0] == "Santiago"
    assert found["13120"][0] == "Ñuñoa"
    assert all(code.startswith("13") for code in found)
    layer = session.get_one(Layer, "comuna")
    assert (layer.label_es, layer.label_en) == ("Comunas", "Comunas")
    assert "IDE Chile" in (layer.source or "")
    assert "IDE Chile" in (layer.licence or "")
    assert found["13101"][1].contains(Point(-70.65, -33.45))


def test_recipes_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match="There is comunas-rm"):
        recipes.recipe("comunas-v")
    monkeypatch.setattr(recipes, "find_spec", lambda name: None)
    with pytest.raises(SetupMissing, match="make setup"):
        recipes.recipe("comunas-rm")
