"""What stands, hangs and drives in the street: lamps, cables, flags, stalls, shops, cars."""

import itertools
import math
import random

from app.demo.scene.canvas import Canvas, Point, Wall
from app.demo.scene.colour import CARS, INK, RGB, SIGNS, STEEL, WHITE, mix, shade
from app.demo.scene.layout import Layout


def lamp(canvas: Canvas, x: float, z: float) -> list[tuple[Point, float]]:
    """A post with two heads; where the heads fall on the picture, and their radius."""
    scale = canvas.scale(z)
    post = canvas.air((44, 92, 84), z)
    canvas.line([canvas.at(x, 0, z), canvas.at(x, 5.5, z)], post, 0.17 * scale)
    canvas.line([canvas.at(x, 0, z), canvas.at(x, 0.8, z)], post, 0.34 * scale)
    canvas.line([canvas.at(x - 0.85, 5.35, z), canvas.at(x + 0.85, 5.35, z)], post, 0.12 * scale)
    heads = []
    for side in (-0.85, 0.85):
        centre, radius = canvas.at(x + side, 5.6, z), 0.3 * scale
        canvas.ellipse(centre, (radius * 1.1, radius * 1.1), post)
        canvas.ellipse(centre, (radius, radius), (255, 244, 206))
        heads.append((centre, radius))
    return heads


def pole(canvas: Canvas, x: float, z: float) -> None:
    scale, wood = canvas.scale(z), canvas.air((96, 84, 72), z)
    canvas.line([canvas.at(x, 0, z), canvas.at(x, 8.6, z)], wood, 0.24 * scale)
    for y in (7.4, 8.1):
        canvas.line([canvas.at(x - 0.9, y, z), canvas.at(x + 0.9, y, z)], wood, 0.14 * scale)


def cables(canvas: Canvas, layout: Layout, count: int, rng: random.Random) -> None:
    """Black cables along the kerb and from the poles to the houses, sagging, with coils."""
    if not count:
        return
    if layout.across:
        for number in range(count):
            left, right = rng.uniform(4.6, 9.0), rng.uniform(4.6, 9.0)
            z = 9.0 + 0.25 * number
            _sag(canvas, (-16.0, left, z), (16.0, right, z), rng.uniform(0.3, 1.3))
        return
    tracks = layout.kerbs[:2]
    poles = (4.0, 15.0, 26.0, 37.0, 48.0)
    for number in range(count):
        x = tracks[number % 2].start[0] + rng.uniform(-0.9, 0.9)
        y, dip = rng.uniform(6.2, 8.2), rng.uniform(0.3, 1.1)
        ends = (1.8, *poles[1:])
        for near, far in itertools.pairwise(ends):
            _sag(canvas, (x, y, near), (x, y, far), dip)
        if number % 2:
            z = rng.choice(poles[:3]) + rng.uniform(0, 6)
            (left, _), (right, _) = layout.overhead[0]
            _sag(
                canvas,
                (left, rng.uniform(4.5, 7.5), z),
                (right, rng.uniform(5.5, 8.5), z + 3),
                rng.uniform(0.3, 1.0),
            )


def _sag(
    canvas: Canvas, start: tuple[float, float, float], end: tuple[float, float, float], dip: float
) -> None:
    points = []
    for step in range(9):
        share = step / 8
        x, y, z = (a + (b - a) * share for a, b in zip(start, end, strict=True))
        points.append(canvas.at(x, y - dip * 4 * share * (1 - share), z))
    middle = (start[2] + end[2]) / 2
    canvas.line(points, INK, max(1.6, 0.055 * canvas.scale(middle)))


def bunting(canvas: Canvas, start: Point, end: Point, rng: random.Random) -> None:
    """A string of coloured flags over the street."""
    (x0, z0), (x1, z1) = start, end
    y = rng.uniform(5.6, 7.2)
    flags = max(8, round(abs(x1 - x0) / 0.75))
    scale = canvas.scale(z0)
    points = []
    for step in range(flags + 1):
        share = step / flags
        height = y - 1.1 * 4 * share * (1 - share)
        points.append(canvas.at(x0 + (x1 - x0) * share, height, z0 + (z1 - z0) * share))
    canvas.line(points, (240, 240, 240), 0.04 * scale)
    for step, (left, right) in enumerate(itertools.pairwise(points)):
        tip = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2 + 0.62 * scale)
        canvas.polygon([left, right, tip], canvas.air(SIGNS[step % len(SIGNS)], z0))


def stall(canvas: Canvas, x: float, z: float, rng: random.Random) -> None:
    """A table with goods under a striped parasol."""
    scale, (first, second) = canvas.scale(z), rng.sample((*SIGNS, WHITE), 2)
    canvas.shadow(x, z, 1.3, 0.6)
    table = Wall(canvas, (x - 0.9, z), (x + 0.9, z))
    table.paint(0, 0, 1.8, 0.85, (222, 214, 196))
    for number in range(6):
        goods = canvas.at(x - 0.75 + 0.3 * number, 0.95, z)
        canvas.ellipse(goods, (0.16 * scale, 0.14 * scale), SIGNS[(number * 3) % len(SIGNS)])
    canvas.line([canvas.at(x, 0.8, z), canvas.at(x, 2.4, z)], (230, 230, 230), 0.07 * scale)
    top = canvas.at(x, 2.95, z)
    for stripe in range(6):
        left = canvas.at(x - 1.5 + 0.5 * stripe, 2.15, z)
        right = canvas.at(x - 1.0 + 0.5 * stripe, 2.15, z)
        canvas.polygon([left, right, top], canvas.air((first, second)[stripe % 2], z))


def shop(wall: Wall, rng: random.Random) -> None:
    """A window, a door, a lit sign and an awning on the ground floor."""
    length = wall.length
    sign, awning = rng.sample(SIGNS, 2)
    wall.paint(0.35, 0.35, length - 0.35, 2.5, (250, 232, 176))
    wall.paint(0.35, 0.35, length - 0.35, 1.1, (150, 112, 84))
    wall.paint(length * 0.42, 0.05, length * 0.42 + 1.1, 2.4, (70, 56, 48))
    for number in range(int(length / 0.9)):
        u = 0.5 + 0.9 * number
        if wall.seen(u, u + 0.6, 4.0):
            wall.paint(u, 1.1, u + 0.6, 1.1 + rng.uniform(0.3, 0.9), rng.choice(SIGNS))
    wall.paint(0.1, 2.75, length - 0.1, 3.75, sign)
    letters = rng.randint(4, 7)
    for letter in range(letters):
        u = length * (0.14 + 0.72 * letter / letters)
        wall.paint(u, 2.98, u + length * 0.07, 3.52, WHITE)
        wall.paint(u + length * 0.02, 3.05, u + length * 0.05, 3.25, sign)
    _awning(wall, awning)


def _awning(wall: Wall, colour: RGB) -> None:
    """A striped slope that leans out over the pavement."""
    canvas, (x0, z0), (x1, z1) = wall.canvas, wall.start, wall.end
    frontal = abs(z0 - z1) < 0.01
    out_x = 0.0 if frontal else (-1.0 if x0 > 0 else 1.0)
    out_z = -1.0 if frontal else 0.0
    front = Wall(canvas, (x0 + out_x, z0 + out_z), (x1 + out_x, z1 + out_z))
    stripes = max(4, round(wall.length / 0.9))
    for stripe in range(stripes):
        u0, u1 = wall.length * stripe / stripes, wall.length * (stripe + 1) / stripes
        if wall.seen(u0, u1, 1.5):
            tint = WHITE if stripe % 2 else colour
            corners = [wall.at(u0, 2.75), wall.at(u1, 2.75), front.at(u1, 2.2), front.at(u0, 2.2)]
            canvas.polygon(corners, front.tone(tint, u0))
            front.paint(u0, 1.95, u1, 2.2, shade(tint, 0.85))


def car_along(canvas: Canvas, x: float, z: float, away: bool, rng: random.Random) -> None:
    """A car that drives along the street, seen from behind or from the front."""
    colour, half, long = rng.choice(CARS), 0.9, 4.1
    canvas.shadow(x, z + long / 2, half * 1.25, long * 0.55)
    side = x + half if x < 0 else x - half
    flank = Wall(canvas, (side, z), (side, z + long), 0.82)
    for u in (0.75, long - 0.8):
        wheel = [
            flank.at(u + 0.34 * math.cos(k * 0.9), 0.34 + 0.34 * math.sin(k * 0.9))
            for k in range(7)
        ]
        canvas.polygon(wheel, INK)
    flank.paint(0, 0.3, long, 0.92, colour)
    roof = [(0.35, 0.92), (0.75, 1.48), (long - 1.6, 1.48), (long - 0.9, 0.92)]
    canvas.polygon([flank.at(u, v) for u, v in roof], flank.tone(colour, 1))
    pane = [(0.6, 0.95), (0.9, 1.4), (long - 1.7, 1.4), (long - 1.2, 0.95)]
    canvas.polygon([flank.at(u, v) for u, v in pane], (52, 66, 80))
    _car_end(canvas, x, z, half, colour, away)


def _car_end(canvas: Canvas, x: float, z: float, half: float, colour: RGB, away: bool) -> None:
    end = Wall(canvas, (x - half, z), (x + half, z))
    for u in (0.08, 2 * half - 0.38):
        end.paint(u, 0.0, u + 0.3, 0.4, INK)
    cabin = [(0.12, 0.9), (0.32, 1.5), (2 * half - 0.32, 1.5), (2 * half - 0.12, 0.9)]
    canvas.polygon([end.at(u, v) for u, v in cabin], end.tone(colour, half))
    glass = [(0.25, 0.95), (0.4, 1.4), (2 * half - 0.4, 1.4), (2 * half - 0.25, 0.95)]
    canvas.polygon([end.at(u, v) for u, v in glass], end.tone((70, 92, 112), half))
    end.paint(0, 0.28, 2 * half, 0.95, colour)
    end.paint(0, 0.28, 2 * half, 0.48, shade(colour, 0.6))
    end.paint(half - 0.28, 0.5, half + 0.28, 0.64, WHITE)
    light = (226, 24, 28) if away else (255, 250, 220)
    for u in (0.06, 2 * half - 0.42):
        end.paint(u, 0.66, u + 0.36, 0.84, light)


def car_across(canvas: Canvas, x: float, z: float, rng: random.Random) -> None:
    """A car that crosses the view, seen from its side."""
    colour, long, face = rng.choice(CARS), 4.2, rng.choice((-1, 1))
    canvas.shadow(x, z + 0.5, long * 0.55, 0.9)
    start = (x - face * long / 2, z)
    side = Wall(canvas, start, (x + face * long / 2, z))
    body = [
        (0.0, 0.3),
        (0.0, 0.85),
        (0.25, 0.95),
        (0.9, 1.48),
        (2.6, 1.48),
        (3.3, 0.98),
        (4.15, 0.86),
        (4.2, 0.3),
    ]
    canvas.polygon([side.at(u, v) for u, v in body], side.tone(colour, 2))
    for pane in (
        ((0.65, 0.98), (1.05, 1.4), (1.75, 1.4), (1.75, 0.98)),
        ((1.85, 0.98), (1.85, 1.4), (2.5, 1.4), (3.05, 0.98)),
    ):
        canvas.polygon([side.at(u, v) for u, v in pane], (54, 70, 86))
    side.paint(0, 0.3, long, 0.45, shade(colour, 0.6))
    side.paint(0.0, 0.68, 0.14, 0.84, (220, 30, 30))
    side.paint(4.05, 0.66, 4.2, 0.82, (255, 250, 214))
    scale = canvas.scale(z)
    for u in (0.85, 3.35):
        canvas.ellipse(side.at(u, 0.34), (0.35 * scale, 0.35 * scale), INK)
        canvas.ellipse(side.at(u, 0.34), (0.18 * scale, 0.18 * scale), mix(STEEL, WHITE, 0.5))


def cars(layout: Layout, count: int, rng: random.Random) -> list[tuple[float, float, int]]:
    """Places of the cars: (x, z, lane), evenly over the lanes and never on each other."""
    places: list[tuple[float, float, int]] = []
    lanes = layout.lanes
    per_lane = math.ceil(count / len(lanes))
    for number in range(count):
        lane = number % len(lanes)
        share = (number // len(lanes) + rng.uniform(0.1, 0.6)) / max(per_lane, 3)
        x, z = lanes[lane].at(share if layout.across else share**1.5 * 0.75)
        places.append((x, z, lane))
    return places
