"""CSV files as people send them."""

import codecs
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.errors import BadFile
from app.imports.places import expected
from app.imports.table import BadRow, Table, heading, moment, number, position, slug
from tests.builders import make_layer, square

HEADER = b"filename,lat,lon\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.csv"


def table(path: Path, data: bytes) -> Table:
    path.write_bytes(data)
    return Table(path)


@pytest.mark.parametrize(
    "data",
    [
        HEADER + "ñ.jpg,1,2\n".encode(),
        codecs.BOM_UTF8 + HEADER + "ñ.jpg,1,2".encode(),
        b"Filename, LAT ,lon\r\n" + "ñ.jpg, 1 ,2\r\n".encode(),
        b"filename;lat;lon\n" + "ñ.jpg;1;2\n".encode(),
        b"filename\tlat\tlon\r" + "ñ.jpg\t1\t2\r".encode(),
        b'"filename","lat","lon"\n\n  \n,,\n' + '"ñ.jpg","1","2"\n'.encode(),
    ],
    ids=["plain", "bom", "windows", "semicolons", "tabs", "quoted, with empty lines"],
)
def test_common_ways_to_write_a_table(path: Path, data: bytes) -> None:
    (row,) = table(path, data)
    assert row.fields == {"filename": "ñ.jpg", "lat": "1", "lon": "2"}
    assert row.problem is None
    assert (
        data.replace(b"\r\n", b"\n")
        .replace(b"\r", b"\n")
        .split(b"\n")[row.line - 1]
        .startswith(("ñ".encode(), '"ñ'.encode()))
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (HEADER, "no rows below its header"),
        (HEADER + b"\n , ,\n", "no rows below its header"),
        (
            HEADER + "a.jpg,1,2\nb.jpg,1,2\nñ.jpg,1,2\n".encode("latin-1"),
            "line 4 has the byte 0xF1",
        ),
        ("filename,lat\nñ,1\n".encode("utf-16"), "is UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is binary"),
        (b"filename,lat,Lat\na,1,2\n", "two columns called 'lat'"),
    ],
)
def test_what_is_no_table_is_refused_in_words(path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words) as refused:
        table(path, data)
    assert "manifest.csv" in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="There is no file"):
        Table(tmp_path / "gone.csv")
    with pytest.raises(BadFile, match="is a folder"):
        Table(tmp_path)


def test_columns_that_miss_and_columns_that_nobody_asked_for(path: Path) -> None:
    read = table(path, b"filename,lat,Speed\na,1,2\n")
    with pytest.raises(BadFile, match=r"column lon is missing\. It has filename, lat, Speed"):
        read.require(["filename", "lat", "lon"], "manifest")
    assert read.others(["filename", "lat"]) == ["Speed"]


def test_a_broken_row_takes_no_other_along(path: Path) -> None:
    """Line 3 is too short, 4 too long, 5 opens a quote that nothing closes, 7 is well again."""
    rows = list(
        table(
            path,
            HEADER + b'a,1,2\nb,1\nc,1,2,3\n"d,1,2\ne,1,2\n"f\nx",1,2\ng,1,2\n',
        )
    )
    assert [(row.line, row.fields.get("filename")) for row in rows if row.problem is None] == [
        (2, "a"),
        (6, "e"),
        (7, "f\nx"),
        (9, "g"),
    ]
    assert [(row.line, row.problem) for row in rows if row.problem] == [
        (3, "it has 2 cells, but there are 3 columns"),
        (4, "it has 4 cells, but there are 3 columns"),
        (5, "it cannot be read as CSV (',' expected after '\"')"),
    ]


def test_a_formula_is_text(path: Path) -> None:
    (row,) = table(path, HEADER + b"=HYPERLINK(1),1,2\n")
    assert row.fields["filename"] == "=HYPERLINK(1)"


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-Infinity", "1e999", "", "x", "1 2"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(BadRow, match="lat is"):
        number(text, "lat")


def test_a_decimal_comma_is_named() -> None:
    with pytest.raises(BadRow, match="decimals are written with a point"):
        number("-33,44", "lat")


@pytest.mark.parametrize(
    ("lat", "lon", "code", "words"),
    [
        ("nan", "2", "not-a-number", "no finite number"),
        ("1", "inf", "not-a-number", "no finite number"),
        ("1", "", "no-position", "lon is empty"),
        ("0", "0.0", "no-position", "both 0"),
        ("114.4", "30.5", "impossible-position", "look swapped"),
        ("91", "200", "impossible-position", "no place on the map"),
        ("86", "10", "impossible-position", "look swapped"),
        ("10", "180.1", "impossible-position", "no place on the map"),
    ],
)
def test_positions_that_cannot_be(lat: str, lon: str, code: str, words: str) -> None:
    with pytest.raises(BadRow, match=words) as refused:
        position({"lat": lat, "lon": lon})
    assert refused.value.code == code


def test_positions_that_can_be() -> None:
    assert position({"lat": "-33.44", "lon": "-70.65"}) == (-33.44, -70.65)
    assert position({"lat": "0", "lon": "30"}) == (0, 30)
    assert position({"lat": "", "lon": ""}) is None
    assert position({}) is None


def test_swapped_places_are_known_by_the_city_and_by_the_others(
    session: Session, path: Path
) -> None:
    """Santiago swapped is a place in Antarctica, so only the surroundings tell."""
    wuhan = HEADER + b"a,30.5,114.4\nb,30.6,114.3\nc,nan,0\n"
    near_wuhan = expected(session, table(path, wuhan))
    near_wuhan.check(-70.65, -33.44)
    make_layer(session, "city", {"city": square(-70.8, -33.6, 0.3)})
    near_both = expected(session, table(path, wuhan))
    near_both.check(-33.44, -70.65)
    near_both.check(30.5, 114.4)
    near_both.check(51.5, 0.1)
    with pytest.raises(BadRow, match="they fit as lon, lat"):
        near_both.check(-70.65, -33.44)


def test_one_swapped_row_among_others_needs_no_city(session: Session, path: Path) -> None:
    rows = b"".join(b"%d,-33.4%d,-70.6%d\n" % (i, i, i) for i in range(9)) + b"x,-70.6,-33.4\n"
    near = expected(session, table(path, HEADER + rows))
    near.check(-33.44, -70.65)
    with pytest.raises(BadRow, match="look swapped"):
        near.check(-70.6, -33.4)


@settings(deadline=None)
@given(st.floats(-720, 720))
def test_headings_are_turned_into_the_circle(degrees: float) -> None:
    turned = heading(repr(degrees))
    assert turned is not None
    assert 0 <= turned < 360
    difference = abs(turned - degrees % 360)
    assert min(difference, 360 - difference) <= 0.0051


def test_headings_that_are_none() -> None:
    assert heading("") is None
    for text in ("north", "nan", "721", "-1e9"):
        with pytest.raises(BadRow, match="heading_deg is"):
            heading(text)


def test_moments_keep_or_get_a_zone() -> None:
    chile = datetime(2024, 5, 31, 16, 20, tzinfo=timezone(timedelta(hours=-4)))
    assert moment("2024-05-31T16:20:00-04:00") == (chile, True)
    assert moment("2024-05-31 20:20") == (datetime(2024, 5, 31, 20, 20, tzinfo=UTC), False)
    assert moment("2024-05-31T20:20:00.5Z") == (
        datetime(2024, 5, 31, 20, 20, 0, 500_000, tzinfo=UTC),
        True,
    )
    assert moment("") is None
    for text in ("31/05/2024", "1717186800", "yesterday", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(BadRow, match="no ISO 8601 time"):
            moment(text)


@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_float_is_a_number_or_refused(value: float) -> None:
    if math.isfinite(value):
        assert number(repr(value), "lat") == value
    else:
        with pytest.raises(BadRow):
            number(repr(value), "lat")


def test_sources_become_slugs() -> None:
    assert slug("Place Pulse 2.0 (humans)") == "place-pulse-2.0-humans"
    assert slug("Municipalidad de Ñuñoa") == "municipalidad-de-nunoa"
    assert slug("street_photos") == "street_photos"
    assert slug(" ¿? ") == ""
