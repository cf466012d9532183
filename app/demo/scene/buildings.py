"""The rows of buildings: what stands in them, and their walls, windows and roofs."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from app.demo.scene.canvas import Canvas, Wall
from app.demo.scene.colour import CONCRETE, DULL, INK, RGB, STEEL, VIVID, WHITE, mix, shade
from app.demo.scene.layout import Run
from app.demo.traits import Levels

FLOOR_M = 3.1
_GLASS: RGB = (88, 142, 178)
_PANE: RGB = (58, 74, 92)
_SHINE: RGB = (136, 164, 188)
_LIT: RGB = (255, 222, 132)
_TILE: RGB = (186, 84, 56)
_ZINC: RGB = (140, 138, 132)
_RUST: RGB = (150, 104, 76)


@dataclass(frozen=True)
class Building:
    """One front from u0 to u1 of its run. `skin` is plaster, sheet or glass."""

    u0: float
    u1: float
    floors: int
    skin: str
    colour: RGB
    trim: RGB
    blank: bool
    shop: bool
    ornate: bool
    mural: bool
    broken: float
    lit: float

    @property
    def height(self) -> float:
        return self.floors * FLOOR_M + 0.7


def quota(share: float, rng: random.Random) -> Callable[[], bool]:
    """Says yes to that share of the calls, as evenly as a fixed step allows."""
    position = rng.random()

    def take() -> bool:
        nonlocal position
        position = (position + 0.6180339887) % 1.0
        return position < share

    return take


class _Style:
    """How the houses of one run are built, by the levels of the scene."""

    def __init__(self, levels: Levels, rng: random.Random) -> None:
        self.levels, self.rng = levels, rng
        self.blank = quota(0.85 * levels["blank"], rng)
        self.shop = quota(levels["shops"], rng)
        self.glass = quota(0.8 * levels["glass"], rng)
        self.sheet = quota(0.8 * levels["sheet"], rng)
        self.ornate = quota(levels["ornament"], rng)
        self.mural = quota(0.9 * levels["murals"], rng)
        self.typical = 1.0 + 7.5 * levels["tall"] ** 1.25
        self.common = rng.choice(VIVID)

    def house(self, u0: float, u1: float) -> Building:
        levels, rng = self.levels, self.rng
        variety, dull = 1 - levels["uniform"], levels["dull"]
        floors = round(self.typical * 2.0 ** (variety * rng.uniform(-1.3, 1.1)))
        skin = "glass" if self.glass() else "sheet" if self.sheet() else "plaster"
        paint = rng.choice(VIVID) if rng.random() < 0.5 + variety else self.common
        colour = mix(paint, DULL, min(1.0, 1.1 * dull))
        if skin == "glass":
            colour = mix(_GLASS, colour, 0.4)
        elif skin == "sheet":
            colour = mix(mix(_ZINC, _RUST, rng.uniform(0, 0.6)), colour, 0.4)
        return Building(
            u0=u0,
            u1=u1,
            floors=max(1, min(11, floors)),
            skin=skin,
            colour=colour,
            trim=mix(rng.choice(VIVID), colour, dull),
            blank=self.blank(),
            shop=self.shop(),
            ornate=self.ornate(),
            mural=self.mural(),
            broken=0.55 * levels["broken"],
            lit=max(0.0, 0.75 - 1.1 * levels["daylight"]),
        )


def plan(run: Run, levels: Levels, rng: random.Random) -> list[Building]:
    """The buildings of one run, its first end first."""
    length, style = Wall.span(run.start, run.end), _Style(levels, rng)
    result: list[Building] = []
    u = 0.0
    while u < length - 2.0:
        width = 9.0 + (1 - levels["uniform"]) * rng.uniform(-3.5, 4.0)
        if u + width > length - 4.0:
            width = length - u
        result.append(style.house(u, u + width))
        u += width
    return result


def raise_all(canvas: Canvas, run: Run, row: list[Building], rng: random.Random) -> list[Wall]:
    """Draws the row from its far end to its near end; the wall of each in the order of `row`."""
    whole = Wall(canvas, run.start, run.end, run.light)
    walls = [Wall(canvas, whole.spot(house.u0), whole.spot(house.u1), run.light) for house in row]
    nearest_last = sorted(range(len(row)), key=lambda i: -walls[i].depth)
    for index in nearest_last:
        if walls[index].seen(0, walls[index].length, 1.0):
            _raise(canvas, run, row[index], walls[index], rng)
    return walls


def _raise(canvas: Canvas, run: Run, house: Building, wall: Wall, rng: random.Random) -> None:
    _gable(canvas, run, house, wall)
    _skin(house, wall, rng)
    if house.blank:
        _panels(house, wall)
    if house.mural:
        _mural(house, wall, rng)
    if not house.blank:
        _openings(house, wall, rng)
    if house.ornate:
        _ornament(house, wall, rng)
    _roof(canvas, run, house, wall)


def _openings(house: Building, wall: Wall, rng: random.Random) -> None:
    if house.skin == "glass" and not house.mural:
        _curtain(house, wall)
    else:
        _windows(house, wall, rng)


def _gable(canvas: Canvas, run: Run, house: Building, wall: Wall) -> None:
    """The side wall that looks at the camera."""
    step_x, step_z = run.back
    eye = canvas.camera.eye_m
    for x, z in (wall.start, wall.end):
        # Towards the camera only: along the street the near end, in a row across it both.
        if step_z == 0 and z != min(wall.start[1], wall.end[1]):
            continue
        if house.height <= eye and step_z:
            continue
        side = Wall(canvas, (x, z), (x + step_x, z + step_z), run.light * 0.8)
        side.paint(0, 0, side.length, house.height, house.colour)


def _skin(house: Building, wall: Wall, rng: random.Random) -> None:
    length, height = wall.length, house.height
    wall.paint(0, 0, length, height, house.colour)
    if house.skin == "sheet":
        for index in range(int(length / 0.45)):
            u = index * 0.45
            if wall.seen(u, u + 0.45, 2.5):
                wall.paint(u, 0, u + 0.2, height, shade(house.colour, 0.8))
        for _ in range(3):
            u, v = rng.uniform(0, length - 2), rng.uniform(0, height - 1.5)
            wall.paint(u, v, u + 2.0, v + 1.4, (152, 88, 54), 110)
    elif house.skin == "plaster":
        wall.paint(0, 0, length, 0.7, shade(house.colour, 0.78))
    for floor in range(house.floors):
        v = (floor + 1) * FLOOR_M + 0.05
        wall.paint(0, v, length, v + 0.65, house.trim)


def _panels(house: Building, wall: Wall) -> None:
    """A wall without windows, but for the joints of its panels."""
    wall.paint(0, 0.7, wall.length, house.height, house.colour)
    for floor in range(1, house.floors):
        v = floor * FLOOR_M + 0.4
        wall.paint(0, v, wall.length, v + 0.08, shade(house.colour, 0.9))


def _mural(house: Building, wall: Wall, rng: random.Random) -> None:
    """Large plain shapes in strong colours, from the ground to the roof."""
    length, height = wall.length, house.height
    colours = rng.sample(VIVID, 5)
    wall.paint(0, 0.4, length, height - 0.3, colours[0])
    for number in range(4 + house.floors):
        size = rng.uniform(0.8, min(2.6, length / 2.2, height / 2.2))
        u, v = rng.uniform(size, length - size), rng.uniform(size * 0.8, height - size)
        corners = rng.choice((3, 4, 14, 14))
        turn = rng.uniform(0, math.tau)
        shape = [
            wall.at(
                u + size * math.cos(turn + k * math.tau / corners),
                max(v + size * math.sin(turn + k * math.tau / corners), 0.4),
            )
            for k in range(corners)
        ]
        wall.canvas.polygon(shape, wall.tone(colours[1 + number % 4], u))


def _curtain(house: Building, wall: Wall) -> None:
    """Glass from the first floor up, with the sky in it and a grid of bars."""
    length, height = wall.length, house.height
    bands = min(6, house.floors + 1)
    for band in range(bands):
        low = 0.3 + (height - 0.6) * band / bands
        high = 0.3 + (height - 0.6) * (band + 1) / bands
        sheen = mix((46, 92, 132), (176, 216, 238), (band / bands) ** 0.8)
        wall.paint(0.15, low, length - 0.15, high, mix(house.colour, sheen, 0.85))
    for floor in range(house.floors + 1):
        v = 0.3 + floor * FLOOR_M
        wall.paint(0, v, length, v + 0.16, (226, 232, 236))
    columns = max(3, round(length / 1.5))
    for column in range(columns + 1):
        u = (length - 0.12) * column / columns
        if wall.seen(u, u + length / columns, 5.0):
            wall.paint(u, 0.3, u + 0.1, height - 0.3, (214, 222, 228))


def _windows(house: Building, wall: Wall, rng: random.Random) -> None:
    columns = max(2, round(wall.length / 2.7))
    pitch = wall.length / columns
    frame = mix(WHITE, house.colour, 0.25)
    for column in range(columns):
        u0 = pitch * (column + 0.5) - 0.62
        u1 = u0 + 1.24
        if not wall.seen(u0, u1, 3.5):
            continue
        for floor in range(house.floors):
            low = floor * FLOOR_M + 1.0
            if floor == 0 and house.shop:
                continue
            if floor == 0 and column == columns // 2:
                wall.paint(u0 + 0.1, 0.05, u1 - 0.1, 2.35, shade(house.colour, 0.5))
                continue
            if rng.random() < house.broken:
                _broken(wall, u0, low, u1, low + 1.55, rng)
            else:
                pane = (
                    _LIT if rng.random() < house.lit else mix(_PANE, _SHINE, rng.uniform(0, 0.55))
                )
                _window(wall, u0, low, u1, low + 1.55, frame, pane)


def _window(wall: Wall, u0: float, v0: float, u1: float, v1: float, frame: RGB, pane: RGB) -> None:
    fine = wall.seen(u0, u1, 10.0)
    if fine:
        wall.paint(u0 - 0.1, v0 - 0.12, u1 + 0.1, v1 + 0.1, frame)
    wall.paint(u0, v0, u1, v1, pane)
    if fine:
        wall.paint((u0 + u1) / 2 - 0.04, v0, (u0 + u1) / 2 + 0.04, v1, frame)


def _broken(wall: Wall, u0: float, v0: float, u1: float, v1: float, rng: random.Random) -> None:
    """A black hole with shards of glass, or boards nailed over it."""
    wall.paint(u0 - 0.05, v0 - 0.05, u1 + 0.05, v1 + 0.05, INK)
    if rng.random() < 0.4:
        for step in range(3):
            low = v0 + (v1 - v0) * (step + 0.15) / 3
            wall.paint(u0 - 0.15, low, u1 + 0.15, low + 0.32, (150, 112, 70))
        return
    middle_u, middle_v = (u0 + u1) / 2, (v0 + v1) / 2
    for corner_u, corner_v in ((u0, v0), (u1, v0), (u1, v1), (u0, v1)):
        shard = [
            wall.at(corner_u, corner_v),
            wall.at(middle_u + rng.uniform(-0.3, 0.3), corner_v),
            wall.at(corner_u + (middle_u - corner_u) * 0.5, middle_v),
        ]
        wall.canvas.polygon(shard, wall.tone((196, 216, 226), u0))


def _ornament(house: Building, wall: Wall, rng: random.Random) -> None:
    """A cornice with teeth, arches over the windows, and balconies with plants."""
    length, height = wall.length, house.height
    wall.paint(-0.15, height - 0.75, length + 0.15, height - 0.1, WHITE)
    teeth = round(length / 0.8)
    for tooth in range(teeth):
        u = length * tooth / teeth
        if wall.seen(u, u + 0.4, 2.0):
            wall.paint(u, height - 1.1, u + 0.4, height - 0.75, WHITE)
    for u in (0.0, length - 0.5):
        wall.paint(u, 0.0, u + 0.5, height - 0.7, mix(WHITE, house.colour, 0.15))
    columns = max(2, round(length / 2.7))
    pitch = length / columns
    for column in range(columns):
        u = pitch * (column + 0.5)
        if not wall.seen(u - 0.8, u + 0.8, 6.0):
            continue
        for floor in range(house.floors):
            low = floor * FLOOR_M + 1.0
            arch = [
                (-0.85, 1.5),
                (-0.75, 1.85),
                (-0.4, 2.1),
                (0, 2.2),
                (0.4, 2.1),
                (0.75, 1.85),
                (0.85, 1.5),
            ]
            points = [wall.at(u + du, low + dv) for du, dv in arch]
            wall.canvas.polygon(points, wall.tone(WHITE, u))
            if floor and (column + floor) % 2 == 0:
                wall.paint(u - 1.0, low - 0.35, u + 1.0, low - 0.15, WHITE)
                wall.paint(u - 0.95, low - 0.15, u + 0.95, low + 0.3, (62, 128, 60))
                wall.paint(
                    u - 0.8,
                    low + 0.05,
                    u + 0.8,
                    low + 0.3,
                    rng.choice(((226, 60, 110), (250, 160, 60), (210, 70, 170))),
                )


def _roof(canvas: Canvas, run: Run, house: Building, wall: Wall) -> None:
    """Tiles on low ornate houses, else a parapet."""
    height, length = house.height, wall.length
    if house.ornate and house.floors <= 3:
        rise, share = 2.2, 0.5
        (x0, z0), (x1, z1) = wall.start, wall.end
        dx, dz = run.back[0] * share, run.back[1] * share
        corners = [
            canvas.at(x0, height, z0),
            canvas.at(x1, height, z1),
            canvas.at(x1 + dx, height + rise, z1 + dz),
            canvas.at(x0 + dx, height + rise, z0 + dz),
        ]
        canvas.polygon(corners, wall.tone(_TILE, length / 2))
        wall.paint(-0.2, height - 0.12, length + 0.2, height + 0.1, shade(_TILE, 0.7))
    elif house.skin == "sheet":
        wall.paint(-0.2, height - 0.1, length + 0.2, height + 0.22, (122, 92, 76))
    else:
        wall.paint(
            -0.08, height - 0.15, length + 0.08, height + 0.12, mix(house.colour, CONCRETE, 0.5)
        )
    if house.skin == "glass":
        wall.paint(0, height - 0.1, length, height + 0.25, STEEL)
