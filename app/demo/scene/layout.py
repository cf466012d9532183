"""Where things stand: four compositions of a street, as seen from the roof of a car."""

import random
from dataclasses import dataclass

from app.demo.scene.canvas import HEIGHT_PX, OVERSAMPLE, WIDTH_PX, Camera, Point

FAR_M = 90.0


@dataclass(frozen=True)
class Run:
    """A row of buildings over the ground line start → end, its near or left end first.

    `back` is the step from the street into the buildings, in metres of x and z.
    """

    start: Point
    end: Point
    back: Point
    light: float


@dataclass(frozen=True)
class Track:
    """A line on the ground along which things stand, walk or drive, its near end first."""

    start: Point
    end: Point

    def at(self, share: float) -> Point:
        (x0, z0), (x1, z1) = self.start, self.end
        return x0 + (x1 - x0) * share, z0 + (z1 - z0) * share


@dataclass(frozen=True)
class Layout:
    """`pavements` and `roads` are ground polygons, `overhead` the pairs of points between which
    strings hang. `lanes` run along z, or along x where `across`.
    """

    kind: str
    runs: tuple[Run, ...]
    roads: tuple[tuple[Point, ...], ...]
    pavements: tuple[tuple[Point, ...], ...]
    kerbs: tuple[Track, ...]
    walks: tuple[Track, ...]
    lanes: tuple[Track, ...]
    beds: tuple[Track, ...]
    overhead: tuple[tuple[Point, Point], ...]
    across: bool = False
    medians: tuple[tuple[Point, ...], ...] = ()


def camera(rng: random.Random, layout: Layout) -> Camera:
    width, height = WIDTH_PX * OVERSAMPLE, HEIGHT_PX * OVERSAMPLE
    sway = 0.05 if layout.across else 0.1
    return Camera(
        focal=width * rng.uniform(0.56, 0.64),
        centre_x=width * (0.5 + rng.uniform(-sway, sway)),
        horizon=height * rng.uniform(0.53, 0.59),
        eye_m=rng.uniform(2.2, 2.7),
    )


def choose(rng: random.Random) -> Layout:
    kind = rng.choices((_street, _avenue, _plaza, _across), weights=(40, 25, 17, 18))[0]
    return kind(rng)


def _strip(x0: float, x1: float, z0: float = 0.8, z1: float = FAR_M) -> tuple[Point, ...]:
    return ((x0, z0), (x1, z0), (x1, z1), (x0, z1))


def _lights(rng: random.Random) -> tuple[float, float]:
    """Brightness of the sunny and the shaded side, in random order."""
    pair = [1.04, rng.uniform(0.74, 0.84)]
    rng.shuffle(pair)
    return pair[0], pair[1]


def _street(rng: random.Random) -> Layout:
    half, walk = rng.uniform(3.2, 4.4), rng.uniform(2.4, 3.2)
    shift = rng.uniform(-1.0, 1.0)
    return _corridor("street", rng, half, walk, shift, median=0.0)


def _avenue(rng: random.Random) -> Layout:
    half, walk = rng.uniform(6.6, 8.2), rng.uniform(3.0, 4.0)
    return _corridor("avenue", rng, half, walk, rng.uniform(2.0, 3.0), median=rng.uniform(0.9, 1.6))


def _corridor(
    kind: str, rng: random.Random, half: float, walk: float, shift: float, median: float
) -> Layout:
    """Buildings on both sides; the road's axis lies `shift` metres left of the camera."""
    left, right = -half - shift, half - shift
    bright_left, bright_right = _lights(rng)
    first = 2.4
    runs = [
        Run((left - walk, first), (left - walk, FAR_M), (-12.0, 0.0), bright_left),
        Run((right + walk, first), (right + walk, FAR_M), (12.0, 0.0), bright_right),
    ]
    if rng.random() < 0.35:
        runs.insert(0, Run((left - walk, FAR_M), (right + walk, FAR_M), (0.0, 12.0), 0.9))
    middle = -shift
    medians = (_strip(middle - median, middle + median, 3.0),) if median else ()
    lane = (half - median) / 2
    lanes = [Track((middle + lane + median, 6.0), (middle + lane + median, 55.0))]
    lanes.insert(0, Track((middle - lane - median, 9.0), (middle - lane - median, 55.0)))
    beds = [
        Track((left - 0.55, 3.4), (left - 0.55, 42.0)),
        Track((right + 0.55, 3.4), (right + 0.55, 42.0)),
    ]
    kerbs = [
        Track((left - 0.8, 5.0), (left - 0.8, 48.0)),
        Track((right + 0.8, 5.0), (right + 0.8, 48.0)),
    ]
    if median:
        beds.append(Track((middle, 6.0), (middle, 44.0)))
        kerbs.append(Track((middle, 10.0), (middle, 50.0)))
    return Layout(
        kind=kind,
        runs=tuple(runs),
        roads=(_strip(left, right),),
        pavements=(_strip(left - walk, left), _strip(right, right + walk)),
        kerbs=tuple(kerbs),
        walks=(
            Track((left - walk * 0.55, 5.0), (left - walk * 0.55, 36.0)),
            Track((right + walk * 0.55, 5.0), (right + walk * 0.55, 36.0)),
        ),
        lanes=tuple(lanes),
        beds=tuple(beds),
        overhead=tuple(
            ((left - walk, z), (right + walk, z)) for z in (9.0, 13.0, 18.0, 24.0, 31.0, 40.0)
        ),
        medians=medians,
    )


def _plaza(rng: random.Random) -> Layout:
    """A road and its row of buildings on the right, an open square on the left and behind it."""
    edge = rng.uniform(0.4, 1.4)
    road, walk = edge + rng.uniform(5.0, 6.0), 2.6
    deep, wide = rng.uniform(34.0, 44.0), rng.uniform(17.0, 22.0)
    bright, shaded = _lights(rng)
    return Layout(
        kind="plaza",
        runs=(
            Run((-wide, deep), (road + walk, deep), (0.0, 12.0), (bright + shaded) / 2),
            Run((-wide, 15.0), (-wide, deep), (-12.0, 0.0), shaded),
            Run((road + walk, 2.4), (road + walk, deep), (12.0, 0.0), bright),
        ),
        roads=(_strip(edge, road, z1=deep - 3),),
        pavements=(
            _strip(road, road + walk, z1=deep),
            _strip(-wide - 30, edge, z1=deep),
            _strip(edge, road + walk, deep - 3, deep),
        ),
        kerbs=(
            Track((edge - 0.8, 5.0), (edge - 0.8, deep - 5)),
            Track((-wide * 0.5, 12.0), (-wide * 0.5, deep - 5)),
            Track((road + 0.7, 6.0), (road + 0.7, deep - 6)),
        ),
        walks=(
            Track((road + walk * 0.55, 5.5), (road + walk * 0.55, deep - 6)),
            Track((-2.6, 5.5), (-6.0, deep - 8)),
            Track((-5.0, 9.0), (-wide * 0.7, deep - 8)),
        ),
        lanes=(
            Track(((edge + road) / 2 - 1.3, 8.0), ((edge + road) / 2 - 1.3, deep - 5)),
            Track(((edge + road) / 2 + 1.3, 6.0), ((edge + road) / 2 + 1.3, deep - 5)),
        ),
        beds=(
            Track((edge - 0.6, 3.4), (edge - 0.6, deep - 6)),
            Track((-4.4, 7.5), (-4.4, deep - 8)),
            Track((-wide * 0.62, 14.0), (-wide * 0.62, deep - 8)),
        ),
        overhead=tuple(
            ((-wide * 0.55, z), (road + walk, z)) for z in (9.0, 12.0, 16.0, 21.0, 27.0, 33.0)
        ),
    )


def _across(rng: random.Random) -> Layout:
    """A row of buildings seen from over the road, with a gap in it."""
    kerb, road = rng.uniform(12.6, 14.0), rng.uniform(5.2, 5.8)
    front = kerb + rng.uniform(2.6, 3.2)
    gap, light = rng.uniform(-9.0, 9.0), rng.uniform(0.85, 1.05)
    span = 24.0
    return Layout(
        kind="across",
        runs=(
            Run((-40.0, 75.0), (40.0, 75.0), (0.0, 12.0), 0.9),
            Run((-span, front), (gap - 2.6, front), (0.0, 14.0), light),
            Run((gap + 2.6, front), (span, front), (0.0, 14.0), light),
        ),
        roads=(((-60, road), (60, road), (60, kerb), (-60, kerb)),),
        pavements=(
            ((-60, kerb), (60, kerb), (60, front), (-60, front)),
            ((-60, 0.8), (60, 0.8), (60, road), (-60, road)),
            ((-60, front), (60, front), (80, 75), (-80, 75)),
        ),
        kerbs=(Track((-14.0, kerb + 0.6), (14.0, kerb + 0.6)),),
        walks=(
            Track((-11.0, front - 1.2), (11.0, front - 1.2)),
            Track((-7.0, road + 0.6), (7.0, road + 0.6)),
        ),
        lanes=(
            Track((-11.0, kerb - 1.9), (11.0, kerb - 1.9)),
            Track((-8.0, road + 2.2), (8.0, road + 2.2)),
        ),
        beds=(Track((-13.0, kerb + 0.7), (13.0, kerb + 0.7)),),
        overhead=tuple(
            ((-11.0, z), (11.0, z))
            for z in (front - 0.3, kerb, kerb - 1.2, kerb - 2.4, kerb - 3.4, kerb - 4.2)
        ),
        across=True,
    )
