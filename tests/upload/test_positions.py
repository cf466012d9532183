from typing import Any

from app.cli.upload.positions import Positions


def row(filename: str, lat: float, **given: Any) -> dict[str, Any]:
    return {
        "filename": filename,
        "lat": lat,
        "lon": 0,
        "heading_deg": None,
        "captured_at": None,
    } | (given)


def test_rows_are_found_by_path_and_by_name() -> None:
    positions = Positions()
    positions.add([row("x/a.jpg", 1), row("y/a.jpg", 2), row("b.jpg", 3)])
    positions.add([row("fotos/c.jpg", 4), row("b.jpg", 5)])
    found = {
        path: positions.of(path).get("lat")
        for path in (
            *("x/a.jpg", "y\\a.jpg", "a.jpg", "carpeta/b.jpg", "c.jpg", "otra/c.jpg", "bb.jpg"),
        )
    }
    assert found == {
        "x/a.jpg": "1",
        "y\\a.jpg": "2",
        "a.jpg": None,
        "carpeta/b.jpg": "3",
        "c.jpg": "4",
        "otra/c.jpg": None,
        "bb.jpg": None,
    }


def test_only_what_a_row_says_goes_with_the_photo() -> None:
    positions = Positions()
    positions.add([row("a.jpg", 1.5, heading_deg=90.0), row("b.jpg", 0, captured_at="2026-01-01")])
    assert positions.of("a.jpg") == {"lat": "1.5", "lon": "0", "heading_deg": "90.0"}
    assert positions.of("b.jpg") == {"lat": "0", "lon": "0", "captured_at": "2026-01-01"}
