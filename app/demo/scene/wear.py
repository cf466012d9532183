"""What time and people leave on the walls and the ground."""

import math
import random
from collections.abc import Sequence

from app.demo.scene.buildings import Building, quota
from app.demo.scene.canvas import Canvas, Point, Wall
from app.demo.scene.colour import CONCRETE, INK, RGB, SPRAY, WHITE, mix, shade
from app.demo.scene.layout import Track

_BARE: tuple[RGB, ...] = ((150, 112, 92), (164, 160, 152), (120, 108, 98))


def _near(walls: Sequence[Wall], least_px: float) -> list[int]:
    return [i for i, wall in enumerate(walls) if wall.seen(0, wall.length, least_px)]


def decay(row: Sequence[Building], walls: Sequence[Wall], level: float, rng: random.Random) -> None:
    """Stains that run down from the roof, plaster that has fallen off, cracks."""
    if level <= 0.03:
        return
    for index in _near(walls, 14.0):
        wall, house = walls[index], row[index]
        length, height = wall.length, house.height
        for _ in range(round(level * length * 1.3)):
            u, wide = rng.uniform(0, length - 0.5), rng.uniform(0.2, 0.8)
            down = rng.uniform(0.15, 0.2 + 0.6 * level) * height
            wall.paint(
                u, height - down, min(u + wide, length), height, (40, 36, 34), rng.randint(50, 105)
            )
        for _ in range(round(level * length * min(height, 7.0) / 9)):
            _peel(
                wall, rng.uniform(0.8, length - 0.8), rng.uniform(0.5, min(height, 7.0) - 0.5), rng
            )
        wall.paint(0, 0, length, 0.5 + level, (54, 48, 42), round(110 * level))
        for _ in range(round(level * 3)):
            _crack(wall, rng.uniform(0.5, length - 0.5), rng.uniform(0.4, 0.95) * height, rng)


def _peel(wall: Wall, u: float, v: float, rng: random.Random) -> None:
    size = rng.uniform(0.35, 1.0)
    corners = [
        wall.at(
            u + size * math.cos(k * math.pi / 4) * rng.uniform(0.6, 1.2),
            v + size * math.sin(k * math.pi / 4) * rng.uniform(0.5, 1.0),
        )
        for k in range(8)
    ]
    wall.canvas.polygon(corners, wall.tone(rng.choice(_BARE), u), 235)


def _crack(wall: Wall, u: float, v: float, rng: random.Random) -> None:
    points = [wall.at(u, v)]
    for _ in range(6):
        u += rng.uniform(-0.45, 0.45)
        v -= rng.uniform(0.2, 0.6)
        points.append(wall.at(u, max(v, 0.1)))
    wall.canvas.line(points, INK, wall.scale(u) * 0.035, 210)


def graffiti(walls: Sequence[Wall], count: int, rng: random.Random) -> None:
    """Sprayed words of fat letters, on the walls that are seen best."""
    near = sorted(_near(walls, 26.0), key=lambda i: walls[i].depth)[:10]
    if not near:
        return
    for number in range(count):
        wall = walls[near[number % len(near)]]
        wide = min(rng.uniform(2.2, 4.2), wall.length * 0.8)
        u, v = rng.uniform(0.1, max(wall.length - wide, 0.2)), rng.uniform(0.3, 0.8)
        tall = rng.uniform(1.1, 1.9)
        fill, rim = rng.sample(SPRAY, 2)
        letters = rng.randint(3, 5)
        for letter in range(letters):
            _letter(
                wall,
                u + wide * (letter + 0.5) / letters,
                v + tall / 2,
                wide / letters * 0.62,
                tall / 2,
                fill,
                rim,
                rng,
            )


def _letter(
    wall: Wall,
    u: float,
    v: float,
    across: float,
    up: float,
    fill: RGB,
    rim: RGB,
    rng: random.Random,
) -> None:
    lean = rng.uniform(-0.2, 0.3)
    shape = []
    for k in range(9):
        angle, reach = k * math.tau / 9, rng.uniform(0.65, 1.2)
        dv = up * math.sin(angle) * reach
        shape.append(wall.at(u + across * math.cos(angle) * reach + lean * dv, max(v + dv, 0.08)))
    wall.canvas.polygon(shape, wall.tone(fill, u))
    wall.canvas.line([*shape, shape[0]], wall.tone(rim, u), max(1.5, wall.scale(u) * 0.09))


def bars(canvas: Canvas, walls: Sequence[Wall], level: float, rng: random.Random) -> None:
    """Spiked iron fences in front of that share of the fronts."""
    take = quota(level, rng)
    chosen = [i for i in range(len(walls)) if take()]
    for index in sorted(set(chosen) & set(_near(walls, 8.0)), key=lambda i: -walls[i].depth):
        wall = walls[index]
        fence = _before(canvas, wall)
        step = 0.24
        for number in range(int(wall.length / step)):
            u = number * step
            if fence.seen(u, u + step, 2.6):
                points = [fence.at(u, 0.0), fence.at(u, 2.45)]
                canvas.line(points, (24, 24, 28), fence.scale(u) * 0.07)
        for v in (0.25, 1.3, 2.15):
            fence.paint(0, v, wall.length, v + 0.09, (24, 24, 28))


def _before(canvas: Canvas, wall: Wall) -> Wall:
    """The plane half a metre in front of a wall."""
    (x0, z0), (x1, z1) = wall.start, wall.end
    if abs(x0 - x1) < 0.01:
        step = -0.5 if x0 > 0 else 0.5
        return Wall(canvas, (x0 + step, z0), (x1 + step, z1))
    return Wall(canvas, (x0, z0 - 0.4), (x1, z1 - 0.4))


def litter(canvas: Canvas, walks: Sequence[Track], count: int, rng: random.Random) -> None:
    """Bags, boxes and papers, most of them near."""
    spots: list[Point] = []
    for number in range(count):
        x, z = walks[number % len(walks)].at(rng.random() ** 2 * 0.6)
        spots.append((x + rng.uniform(-1.0, 1.0), z + rng.uniform(-0.8, 0.8)))
    for x, z in sorted(spots, key=lambda spot: -spot[1]):
        kind = rng.random()
        if kind < 0.55:
            _bag(canvas, x, z, rng)
        elif kind < 0.8:
            size = rng.uniform(0.25, 0.45)
            box = Wall(canvas, (x - size, z), (x + size, z))
            box.paint(0, 0, size * 2, size * 1.3, (176, 134, 84))
            box.paint(0, size * 0.9, size * 2, size * 1.3, (146, 106, 62))
        for _ in range(5):
            dx, dz = rng.uniform(-0.9, 0.9), rng.uniform(-0.7, 0.7)
            canvas.disc(
                x + dx, z + dz, 0.13, 0.1, rng.choice((WHITE, (214, 196, 150), (190, 60, 50)))
            )


def _bag(canvas: Canvas, x: float, z: float, rng: random.Random) -> None:
    size, scale = rng.uniform(0.3, 0.55), canvas.scale(z)
    colour = rng.choice(((30, 30, 36), (30, 30, 36), (58, 70, 100), (210, 210, 205)))
    canvas.shadow(x, z, size * 1.2, size * 0.5)
    centre = canvas.at(x, size * 0.75, z)
    canvas.ellipse(centre, (size * scale, size * 0.8 * scale), canvas.air(colour, z))
    knot = canvas.at(x, size * 1.6, z)
    canvas.ellipse(knot, (size * 0.25 * scale, size * 0.3 * scale), canvas.air(colour, z))
    gleam = canvas.at(x - size * 0.3, size, z)
    canvas.ellipse(gleam, (size * 0.25 * scale, size * 0.2 * scale), mix(colour, WHITE, 0.35), 150)


def potholes(canvas: Canvas, roads: Sequence[Track], level: float, rng: random.Random) -> None:
    """Holes, patches and cracks; none at level 0."""
    for number in range(round(level * 16)):
        x, z = roads[number % len(roads)].at(rng.random() ** 1.4 * 0.55)
        x += rng.uniform(-1.6, 1.6)
        size = rng.uniform(0.35, 0.8)
        if number % 2:
            canvas.disc(x, z, size, size * 1.2, (58, 54, 52), 230)
            canvas.disc(x + 0.05, z + 0.1, size * 0.75, size * 0.8, (112, 96, 80), 230)
        else:
            canvas.ground(
                [
                    (x - size, z),
                    (x + size, z + 0.1),
                    (x + size * 0.9, z + 2.2),
                    (x - size * 1.1, z + 2.0),
                ],
                (52, 51, 52),
                200,
            )
        points = [canvas.at(x + rng.uniform(-0.9, 0.9), 0, z + k * 0.6) for k in range(7)]
        canvas.line(points, (50, 48, 48), canvas.scale(z) * 0.035, 210)


def puddles(canvas: Canvas, tracks: Sequence[Track], count: int, rng: random.Random) -> None:
    for number in range(count):
        x, z = tracks[number % len(tracks)].at(rng.random() ** 1.4 * 0.5)
        x += rng.uniform(-1.3, 1.3)
        across, along = rng.uniform(0.7, 1.4), rng.uniform(0.8, 1.8)
        water = mix(canvas.haze, (92, 108, 128), 0.5)
        for dx, dz, share in ((0.0, 0.0, 1.0), (0.7, 0.3, 0.6), (-0.6, -0.2, 0.55)):
            spot = (x + dx * across, z + dz * along)
            canvas.disc(
                *spot, across * share + 0.08, along * share + 0.08, shade(CONCRETE, 0.42), 150
            )
        for dx, dz, share in ((0.0, 0.0, 1.0), (0.7, 0.3, 0.6), (-0.6, -0.2, 0.55)):
            canvas.disc(x + dx * across, z + dz * along, across * share, along * share, water)
        canvas.disc(x + across * 0.15, z + along * 0.2, across * 0.5, along * 0.3, canvas.haze, 120)
