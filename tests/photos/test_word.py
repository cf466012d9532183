"""What the pages write into their addresses is read as the same shape."""

import random

import pytest

from app.areas import BadShape
from app.areas.drawn import DrawnCircle, DrawnPolygon
from app.photos.word import read_word
from tests.words import words_of


def test_a_drawn_shape_is_read_as_it_was_drawn() -> None:
    draw = random.Random(3)
    corners = [
        [(draw.uniform(-180, 179), draw.uniform(-84, 84)) for _ in range(3)] for _ in range(40)
    ]
    corners = [some for some in corners if max(p[0] for p in some) - min(p[0] for p in some) < 180]
    polygons = [{"kind": "polygon", "points": some} for some in corners]
    circles = [
        {
            "kind": "circle",
            "lon": draw.uniform(-170, 170),
            "lat": draw.uniform(-80, 80),
            "radius_m": draw.randrange(10, 100_001),
        }
        for _ in range(40)
    ]
    words = words_of([*polygons, *circles])
    for some, word in zip(corners, words, strict=False):
        drawn = read_word(word).drawn
        assert isinstance(drawn, DrawnPolygon)
        ring = list(drawn.shape.exterior.coords)
        assert ring[-1] == ring[0]
        for read, (lon, lat) in zip(ring, some, strict=False):
            assert read == pytest.approx((lon, lat), abs=6e-6)
    for made, word in zip(circles, words[len(polygons) :], strict=True):
        drawn = read_word(word).drawn
        assert isinstance(drawn, DrawnCircle)
        assert (drawn.lon, drawn.lat) == pytest.approx((made["lon"], made["lat"]), abs=6e-6)
        assert drawn.radius_m == made["radius_m"]


def test_one_word_is_one_filter() -> None:
    word, other = words_of(
        [{"kind": "circle", "lon": -70, "lat": -33, "radius_m": r} for r in (100, 101)]
    )
    assert read_word(word) == read_word(word) != read_word(other)
    assert word in repr(read_word(word))


@pytest.mark.parametrize(
    "word",
    ["", "c", "p", "x", "cAA", "pAAAA", "cAAAA", "c!!", "cg", "pAAAAAAA", "c" + "g" * 9 + "A"],
)
def test_what_is_no_word_is_said_to_be_none(word: str) -> None:
    with pytest.raises(BadShape, match="zone must be"):
        read_word(word)


def test_a_shape_that_could_hold_no_photos_is_refused() -> None:
    crossed = [(0, 0), (1, 1), (1, 0), (0, 1)]
    far = {"kind": "circle", "lon": 0, "lat": 85, "radius_m": 50_000}
    words = words_of([{"kind": "polygon", "points": crossed}, far])
    for word, said in zip(words, ("Self-intersection", "beyond"), strict=True):
        with pytest.raises(BadShape, match=said):
            read_word(word)
