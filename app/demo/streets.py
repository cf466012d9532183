"""Places along street-like lines, as many as are asked for, and how each of them looks.

Lines lie on a grid of blocks that is turned differently in each district, inside the built-up cells
of the demo city, and are denser towards its middle. Unlike `places`, whose streets are laid one
after another, everything here is done for a whole array at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from app.attributes import KEYS
from app.cells import bounds, interleave, key_of
from app.demo.places import cells
from app.tables import PHOTO_ZOOM

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PLACES_A_LINE = 30
_BLOCK_M = 110.0
_LANE_M = 2.5
_DISTRICTS = 60
_THINNING_M = 14_000.0
"""So far from the middle there are a third as many places a square metre."""
_DEGREE_M = 111_195.0

_WAVES = 8
_WAVELENGTHS_M = (3_000.0, 24_000.0)
_LINE_SPREAD, _PLACE_SPREAD = 0.4, 0.8
# How the six attributes hang on what changes over the city, beside what is their own.
_LOADINGS = np.array(
    [
        [0.9, 0.2, 0.0],
        [0.1, 0.0, 0.9],
        [-0.2, -0.1, -0.9],
        [0.8, 0.4, 0.1],
        [-0.8, -0.4, -0.2],
        [0.4, 0.9, 0.0],
    ]
)
assert len(_LOADINGS) == len(KEYS)


@dataclass(frozen=True)
class Places:
    """Arrays of one length. line: number of the line that a place is on; q, x, y: its cell."""

    lon: Floats
    lat: Floats
    heading_deg: Floats
    line: Integers
    q: Integers
    x: Integers
    y: Integers

    def __len__(self) -> int:
        return len(self.lon)


class Streets:
    """The lines of one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng([seed, 0])
        mask = cells()
        self._zoom = int(mask["z"].iloc[0])
        across, down = mask["x"].to_numpy(np.int64), mask["y"].to_numpy(np.int64)
        self._built_up = np.sort(interleave(across, down))
        boxes = [bounds(self._zoom, x, y) for x, y in zip(across, down, strict=True)]
        self._corner = np.array([(box.west, box.south) for box in boxes])
        self._side = np.array([(box.east - box.west, box.north - box.south) for box in boxes])
        self.middle = (self._corner + self._side / 2).mean(axis=0)
        self._scale = np.array([np.cos(np.radians(self.middle[1])), 1.0]) * _DEGREE_M
        distance = np.hypot(*(self.metres(self._corner).T))
        weight = np.exp(-distance / _THINNING_M)
        self._share = weight / weight.sum()
        self._districts = cKDTree(self.metres(self._spots(_DISTRICTS)))
        self._turns = self._chance.uniform(0.0, np.pi / 2, _DISTRICTS)
        self._lines = 0

    def take(self, n: int) -> Places:
        """The next `n` places."""
        parts: list[Places] = []
        while (missing := n - sum(map(len, parts))) > 0:
            parts.append(self._lay(int(missing * 1.2 / PLACES_A_LINE) + 1, missing))
        names = Places.__dataclass_fields__
        return Places(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def _lay(self, lines: int, most: int) -> Places:
        chance = self._chance
        start = self.metres(self._spots(lines))
        turn = self._turns[self._districts.query(start)[1]]
        turn = turn + np.pi / 2 * chance.integers(0, 2, lines)
        along = np.column_stack([np.sin(turn), np.cos(turn)])
        beside = np.column_stack([along[:, 1], -along[:, 0]])
        off = (start * beside).sum(axis=1)
        start += beside * (np.round(off / _BLOCK_M) * _BLOCK_M - off)[:, None]
        length = chance.uniform(300.0, 1800.0, lines)
        offset = np.sort(chance.random((lines, PLACES_A_LINE)), axis=1) * length[:, None]
        lane = chance.normal(0.0, _LANE_M, (lines, PLACES_A_LINE))
        metres = (
            start[:, None]
            + along[:, None] * offset[:, :, None]
            + beside[:, None] * lane[:, :, None]
        )
        degrees = (metres.reshape(-1, 2) / self._scale + self.middle).round(6)
        back = np.pi * chance.integers(0, 2, lines)
        heading = np.repeat(np.degrees(turn + back), PLACES_A_LINE)
        heading = (heading + chance.normal(0.0, 2.0, len(heading))) % 360.0
        q, x, y = key_of(degrees[:, 0], degrees[:, 1])
        kept = np.flatnonzero(self._is_built_up(q))[:most]
        line = np.repeat(np.arange(lines), PLACES_A_LINE) + self._lines
        self._lines += lines
        lon, lat = degrees[kept].T
        return Places(lon, lat, heading[kept], line[kept], q[kept], x[kept], y[kept])

    def _is_built_up(self, q: Integers) -> npt.NDArray[np.bool_]:
        cell = q >> (2 * (PHOTO_ZOOM - self._zoom))
        at = np.searchsorted(self._built_up, cell).clip(max=len(self._built_up) - 1)
        return np.asarray(self._built_up[at] == cell)

    def _spots(self, n: int) -> Floats:
        chosen = self._chance.choice(len(self._corner), n, p=self._share)
        return np.asarray(self._corner[chosen] + self._side[chosen] * self._chance.random((n, 2)))

    def metres(self, degrees: Floats) -> Floats:
        """From the middle eastwards and northwards; degrees: rows of (lon, lat)."""
        return np.asarray((degrees - self.middle) * self._scale)


class Looks:
    """Raw outputs that change slowly over the city, from line to line, and from place to place."""

    def __init__(self, seed: int, middle: Floats) -> None:
        self._chance = np.random.default_rng([seed, 1])
        self._seed, self._middle = seed, middle
        fields = _LOADINGS.shape[1] + len(KEYS)
        bearing = self._chance.uniform(0.0, 2 * np.pi, (fields, _WAVES))
        short, long = _WAVELENGTHS_M
        wavelength = short * (long / short) ** self._chance.random((fields, _WAVES))
        turns = 2 * np.pi * _DEGREE_M / wavelength
        self._waves = np.stack([np.sin(bearing), np.cos(bearing)], axis=-1) * turns[..., None]
        self._phase = self._chance.uniform(0.0, 2 * np.pi, (fields, _WAVES))

    def raw(self, places: Places) -> Floats:
        """Shape (places, 6)."""
        at = np.column_stack([places.lon, places.lat]) - self._middle
        fields = np.empty((len(places), len(self._waves)))
        for i, (waves, phase) in enumerate(zip(self._waves, self._phase, strict=True)):
            fields[:, i] = np.cos(at @ waves.T + phase).sum(axis=1) / np.sqrt(_WAVES / 2)
        shared, own = np.split(fields, [_LOADINGS.shape[1]], axis=1)
        first = int(places.line.min())
        lines = int(places.line.max()) - first + 1
        line = np.random.default_rng([self._seed, 2, first]).normal(size=(lines, len(KEYS)))
        noise = self._chance.normal(size=own.shape)
        of_line = line[places.line - first]
        spread = _LINE_SPREAD * of_line + _PLACE_SPREAD * noise
        return np.asarray(shared @ _LOADINGS.T + 0.4 * own + spread)
