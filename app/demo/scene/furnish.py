"""What stands, hangs, walks and drives in the street, and where along its tracks."""

import random
from collections.abc import Callable
from functools import partial

from app.demo.scene import greenery, people, street, wear
from app.demo.scene.buildings import quota
from app.demo.scene.canvas import Canvas, Point
from app.demo.scene.layout import Layout, Track
from app.demo.traits import Levels

Thing = tuple[float, Callable[[], None]]
Light = tuple[Point, float]


def furnish(canvas: Canvas, layout: Layout, levels: Levels, rng: random.Random) -> list[Light]:
    """Draws everything, far to near; the heads of the lamps: centre and radius in drawn pixels."""
    lights: list[Light] = []
    things = [
        *_trees(canvas, layout, levels, rng),
        *_beds(canvas, layout, levels, rng),
        *_lamps(canvas, layout, levels, lights, rng),
        *_poles(canvas, layout, levels),
        *_crowd(canvas, layout, levels, rng),
        *_traffic(canvas, layout, levels, rng),
    ]
    wear.litter(canvas, layout.walks, levels.count("litter"), rng)
    for _, show in sorted(things, key=lambda thing: -thing[0]):
        show()
    street.cables(canvas, layout, levels.count("wires"), rng)
    return lights


def _along(layout: Layout, track: Track, share: float, crowding: float) -> Point:
    """A spot on the track; on one that leads away from the camera, more of them near."""
    return track.at(share if layout.across else share**crowding)


def _trees(canvas: Canvas, layout: Layout, levels: Levels, rng: random.Random) -> list[Thing]:
    things: list[Thing] = []
    count, tracks = levels.count("trees"), layout.kerbs
    blooming = quota(0.7 * levels["flowers"], rng)
    rows = max(-(-count // len(tracks)), 3)
    for number in range(count):
        share = (number // len(tracks) + rng.uniform(0.1, 0.7)) / rows
        x, z = _along(layout, tracks[number % len(tracks)], share, 1.4)
        things.append((z, partial(greenery.tree, canvas, x, z, blooming(), rng)))
    return things


def _beds(canvas: Canvas, layout: Layout, levels: Levels, rng: random.Random) -> list[Thing]:
    things: list[Thing] = []
    for track in layout.beds:
        length = max(abs(track.end[0] - track.start[0]), abs(track.end[1] - track.start[1]))
        take = quota(levels["flowers"], rng)
        for piece in range(int(min(length, 30.0) / 1.5)):
            if take():
                x, z = track.at(piece * 1.5 / length)
                things.append((z, partial(greenery.bed, canvas, x, z, layout.across, rng)))
    return things


def _lamps(
    canvas: Canvas, layout: Layout, levels: Levels, lights: list[Light], rng: random.Random
) -> list[Thing]:
    def show(x: float, z: float) -> None:
        lights.extend(street.lamp(canvas, x, z))

    things: list[Thing] = []
    tracks = layout.kerbs[:2]
    begin = rng.uniform(0.0, 0.16)
    for number in range(levels.count("lamps")):
        share = begin + (number // len(tracks) + 0.5 * (number % 2)) * len(tracks) / 9
        x, z = _along(layout, tracks[number % len(tracks)], 0.06 + 0.85 * share, 1.5)
        things.append((z, partial(show, x, z)))
    return things


def _poles(canvas: Canvas, layout: Layout, levels: Levels) -> list[Thing]:
    if not levels.count("wires"):
        return []
    spots = [(track.start[0], z) for track in layout.kerbs[:2] for z in (15.0, 26.0, 37.0)]
    if layout.across:
        spots = [(-8.0, 12.0), (7.0, 12.0)]
    return [(z, partial(street.pole, canvas, x, z)) for x, z in spots]


def _crowd(canvas: Canvas, layout: Layout, levels: Levels, rng: random.Random) -> list[Thing]:
    things: list[Thing] = []
    walks = layout.walks
    for number in range(levels.count("people")):
        x, z = _along(layout, walks[number % len(walks)], rng.random() * 0.85, 1.5)
        x, z = x + rng.uniform(-0.8, 0.8), z + rng.uniform(-0.5, 0.5)
        things.append((z, partial(people.person, canvas, x, z, rng)))
    for number in range(levels.count("stalls")):
        share = (number // len(walks) + rng.uniform(0.2, 0.8)) / 3
        x, z = _along(layout, walks[number % len(walks)], share * 0.7, 1.0)
        things.append((z + 0.3, partial(street.stall, canvas, x, z + 0.3, rng)))
    strings = rng.sample(layout.overhead, levels.count("bunting"))
    things += [(a[1], partial(street.bunting, canvas, a, b, rng)) for a, b in strings]
    return things


def _traffic(canvas: Canvas, layout: Layout, levels: Levels, rng: random.Random) -> list[Thing]:
    things: list[Thing] = []
    for x, z, lane in street.cars(layout, levels.count("cars"), rng):
        if layout.across:
            things.append((z, partial(street.car_across, canvas, x, z, rng)))
        else:
            away = lane == len(layout.lanes) - 1
            things.append((z, partial(street.car_along, canvas, x, z, away, rng)))
    return things
