"""Trees and flower beds."""

import math
import random

from app.demo.scene.canvas import Canvas
from app.demo.scene.colour import PETALS, RGB, mix, shade

_GREENS: tuple[RGB, ...] = ((74, 138, 58), (92, 152, 62), (58, 120, 62), (108, 158, 70))
_BLOSSOMS: tuple[RGB, ...] = ((168, 112, 208), (240, 150, 190))
_BARK: RGB = (98, 76, 60)
_STARS = [
    [
        (
            math.cos((k + turn / 6) * math.pi / 5) * (1.14 if k % 2 else 0.82),
            math.sin((k + turn / 6) * math.pi / 5) * (1.0 if k % 2 else 0.7),
        )
        for k in range(10)
    ]
    for turn in range(6)
]


def tree(canvas: Canvas, x: float, z: float, bloom: bool, rng: random.Random) -> None:
    """A tree of 5 to 8 m whose crown starts above the heads."""
    height, scale = rng.uniform(5.4, 8.0), canvas.scale(z)
    crown = height * rng.uniform(0.30, 0.36)
    canvas.shadow(x, z, crown, crown * 0.45)
    bark = canvas.air(_BARK, z)
    foot, top = canvas.at(x, 0, z), canvas.at(x, height - crown, z)
    half = 0.16 * scale
    canvas.polygon(
        [
            (foot[0] - half * 1.3, foot[1]),
            (foot[0] + half * 1.3, foot[1]),
            (top[0] + half * 0.7, top[1]),
            (top[0] - half * 0.7, top[1]),
        ],
        bark,
    )
    green = rng.choice(_BLOSSOMS) if bloom else rng.choice(_GREENS)
    centre = canvas.at(x, height - crown, z)
    _crown(canvas, centre, crown * scale, canvas.air(green, z), rng)


def _crown(
    canvas: Canvas, centre: tuple[float, float], radius: float, green: RGB, rng: random.Random
) -> None:
    """Clumps of leaves, dark below and behind, light above and in front, with a ragged rim."""
    clumps = 12 if radius < 25 else 22 if radius < 60 else 34
    for number in range(clumps):
        layer = number / clumps
        angle, reach = rng.uniform(0, math.tau), rng.random() ** 0.6 * radius * (0.95 - 0.3 * layer)
        dx, dy = math.cos(angle) * reach, math.sin(angle) * reach * 0.82 - layer * radius * 0.12
        light = 0.62 + 0.34 * layer - 0.22 * dy / radius + rng.uniform(-0.07, 0.07)
        size = radius * rng.uniform(0.2, 0.32)
        spot = (centre[0] + dx, centre[1] + dy)
        _clump(canvas, spot, size, shade(green, max(light, 0.35)), rng)
    for _ in range(0 if radius < 40 else clumps):
        angle, reach = rng.uniform(0, math.tau), rng.random() ** 0.4 * radius * 0.86
        spot = (centre[0] + math.cos(angle) * reach, centre[1] + math.sin(angle) * reach * 0.78)
        tint = shade(
            green, rng.uniform(0.55, 0.8) if spot[1] > centre[1] else rng.uniform(0.9, 1.3)
        )
        _clump(canvas, spot, radius * rng.uniform(0.04, 0.09), tint, rng)


def _clump(
    canvas: Canvas, centre: tuple[float, float], size: float, colour: RGB, rng: random.Random
) -> None:
    """A leafy blot: a star with ten uneven points."""
    x, y = centre
    star = _STARS[rng.randrange(len(_STARS))]
    canvas.polygon([(x + size * dx, y + size * dy) for dx, dy in star], colour)


def bed(canvas: Canvas, x: float, z: float, along_x: bool, rng: random.Random) -> None:
    """One metre and a half of a flower bed: a low hedge full of petals."""
    deep, wide, tall = (0.35, 0.75, 0.55) if along_x else (0.75, 0.35, 0.55)
    near, far = z - deep, z + deep
    green, scale = canvas.air((62, 118, 52), z), canvas.scale(z)
    side = x - wide if x > 0 else x + wide
    flank = [canvas.at(side, y, q) for y, q in ((0, near), (tall, near), (tall, far), (0, far))]
    canvas.polygon(flank, shade(green, 0.68))
    corners = ((x - wide, 0.0), (x + wide, 0.0), (x + wide, tall), (x - wide, tall))
    canvas.polygon([canvas.at(px, y, near) for px, y in corners], shade(green, 0.85))
    top = ((x - wide, near), (x + wide, near), (x + wide, far), (x - wide, far))
    canvas.polygon([canvas.at(px, tall, q) for px, q in top], green)
    petal = rng.choice(PETALS)
    for _ in range(16 if scale > 50 else 8 if scale > 25 else 4):
        spot = canvas.at(
            x + rng.uniform(-wide, wide),
            tall * rng.uniform(0.45, 1.3),
            near + rng.uniform(0, 1.8 * deep),
        )
        size = max(scale * rng.uniform(0.07, 0.13), 1.6)
        canvas.ellipse(spot, (size, size * 0.9), mix(petal, (255, 255, 255), rng.uniform(0, 0.3)))
