"""A drawn shape as one word, as the pages' addresses carry it.

`c` with the centre and the radius in metres, or `p` with the corners, each but the first as steps
from the one before. Longitudes and latitudes are whole hundred-thousandths of a degree. A number n
is written as 2n, or -2n - 1 below zero, five bits a letter, the lowest first, in the alphabet of
URL-safe base64; in all letters of a number but the last the sixth bit is set.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.areas import BadShape, Drawn, read_drawn
from app.schemas import CircleIn, PolygonIn

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_GOES_ON = 32
_DEGREE = 100_000
_MOST_LETTERS = 8
"""Of one number; 360 degrees in hundred-thousandths need six."""


@dataclass(frozen=True)
class DrawnWord:
    """Equal, and written the same, for the same word."""

    word: str
    drawn: Drawn = field(compare=False, repr=False)


def read_word(word: str) -> DrawnWord:
    """Raises BadShape for what is no such word, and for a shape that could hold no photos."""
    kind, numbers = word[:1], list(_numbers(word[1:]))
    if kind == "c" and len(numbers) == 3:
        lon, lat, radius_m = numbers
        circle = CircleIn(type="Circle", center=[lon / _DEGREE, lat / _DEGREE], radius_m=radius_m)
        return DrawnWord(word, read_drawn(circle))
    if kind == "p" and len(numbers) % 2 == 0 and len(numbers) >= 6:
        lons, lats = itertools.accumulate(numbers[::2]), itertools.accumulate(numbers[1::2])
        ring = [[x / _DEGREE, y / _DEGREE] for x, y in zip(lons, lats, strict=True)]
        polygon = PolygonIn(type="Polygon", coordinates=[[*ring, ring[0]]])
        return DrawnWord(word, read_drawn(polygon))
    raise _no_word()


def _numbers(letters: str) -> Iterator[int]:
    value = place = 0
    for letter in letters:
        bits = _VALUES.get(letter)
        if bits is None or place >= _MOST_LETTERS:
            raise _no_word()
        value |= (bits % _GOES_ON) << 5 * place
        place += 1
        if bits < _GOES_ON:
            yield -(value + 1) // 2 if value % 2 else value // 2
            value = place = 0
    if place:
        raise _no_word()


def _no_word() -> BadShape:
    return BadShape(
        "zone must be a circle or a polygon of three corners or more, as the map writes them into "
        "its address: draw one there and take the word after «zone=»."
    )
