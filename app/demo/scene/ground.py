"""Road, kerbs and pavements, and the patterns painted on them."""

import random
from collections.abc import Sequence

from app.demo.scene.canvas import Canvas, Point
from app.demo.scene.colour import RGB, VIVID, WHITE, mix, shade
from app.demo.scene.layout import Layout
from app.demo.traits import Levels

_DIRT: RGB = (158, 136, 108)
_FAIR: RGB = (196, 194, 190)
_WORN: RGB = (116, 110, 104)
_ASPHALT: RGB = (74, 77, 84)
_LAWN: RGB = (98, 142, 72)


def lay(canvas: Canvas, layout: Layout, levels: Levels, rng: random.Random) -> None:
    """All of the ground; `paving` runs from dirt and worn asphalt to stone and a fresh road."""
    paving = levels["paving"]
    flag = mix(_DIRT, _FAIR, paving)
    canvas.polygon(
        [
            (0, canvas.camera.horizon),
            (canvas.width, canvas.camera.horizon),
            (canvas.width, canvas.height),
            (0, canvas.height),
        ],
        canvas.air(flag, 30.0),
    )
    for pavement in layout.pavements:
        canvas.ground(pavement, flag)
        _joints(canvas, pavement, shade(flag, 0.86), paving)
    tar = mix(_WORN, _ASPHALT, paving)
    for road in layout.roads:
        canvas.ground(road, tar)
        _mottle(canvas, road, tar, 1 - paving, rng)
    for median in layout.medians:
        canvas.ground(median, mix(_DIRT, _LAWN, 0.4 + 0.6 * paving))
    _kerbs(canvas, layout, mix(shade(_DIRT, 0.8), (228, 228, 226), paving))
    _markings(canvas, layout, paving)
    _patterns(canvas, layout, levels["patterns"], rng)


def _box(corners: Sequence[Point]) -> tuple[float, float, float, float]:
    xs, zs = [x for x, _ in corners], [z for _, z in corners]
    return min(xs), max(xs), min(zs), max(zs)


def _joints(canvas: Canvas, corners: Sequence[Point], colour: RGB, paving: float) -> None:
    """Lines between the flags, as far as they can be told apart."""
    if paving < 0.25:
        return
    x0, x1, z0, z1 = _box(corners)
    z = max(z0, 2.0)
    while z < min(z1, 22.0):
        canvas.line([canvas.at(max(x0, -20), 0, z), canvas.at(min(x1, 20), 0, z)], colour, 1, 150)
        z += 1.2 if z < 10 else 2.4


def _mottle(
    canvas: Canvas, corners: Sequence[Point], tar: RGB, worn: float, rng: random.Random
) -> None:
    x0, x1, z0, z1 = _box(corners)
    for _ in range(round(10 + 20 * worn)):
        x = rng.uniform(max(x0, -12), min(x1, 12))
        z = z0 + (min(z1, 40) - z0) * rng.random() ** 2 + 1
        reach = min(rng.uniform(0.4, 1.4), x - x0, x1 - x)
        if reach > 0.1:
            canvas.disc(
                x, z, reach, rng.uniform(0.5, 1.6), shade(tar, rng.uniform(0.86, 1.12)), 130
            )


def _kerbs(canvas: Canvas, layout: Layout, colour: RGB) -> None:
    for road in layout.roads:
        x0, x1, z0, z1 = _box(road)
        if layout.across:
            canvas.ground([(x0, z1), (x1, z1), (x1, z1 + 0.3), (x0, z1 + 0.3)], colour)
            canvas.ground([(x0, z0 - 0.15), (x1, z0 - 0.15), (x1, z0), (x0, z0)], colour)
        else:
            for x, step in ((x0, -0.22), (x1, 0.22)):
                canvas.ground([(x, z0), (x + step, z0), (x + step, z1), (x, z1)], colour)


def _markings(canvas: Canvas, layout: Layout, paving: float) -> None:
    """Dashes between the lanes, paler the worse the road."""
    alpha = round(40 + 200 * paving)
    for road in layout.roads:
        x0, x1, z0, z1 = _box(road)
        if layout.across:
            z = (z0 + z1) / 2
            for step in range(-12, 12):
                x = step * 2.2
                canvas.ground(
                    [(x, z - 0.07), (x + 1.2, z - 0.07), (x + 1.2, z + 0.07), (x, z + 0.07)],
                    WHITE,
                    alpha,
                )
            continue
        lines = (
            [(x0 + x1) / 2]
            if not layout.medians
            else [x0 + (x1 - x0) * 0.22, x0 + (x1 - x0) * 0.78]
        )
        for x in lines:
            z = 1.2
            while z < min(z1, 60):
                canvas.ground(
                    [(x - 0.08, z), (x + 0.08, z), (x + 0.08, z + 1.8), (x - 0.08, z + 1.8)],
                    WHITE,
                    alpha,
                )
                z += 4.0


def _patterns(canvas: Canvas, layout: Layout, level: float, rng: random.Random) -> None:
    """Chequered pavements and painted crossings, of full colour at level 1."""
    if level < 0.04:
        return
    alpha = round(25 + 215 * level)
    first, second = rng.sample(VIVID, 2)
    for pavement in layout.pavements[:2]:
        x0, x1, z0, z1 = _box(pavement)
        x0, x1, reach = max(x0, -9.0), min(x1, 9.0), min(z1, 26.0)
        columns = max(2, round((x1 - x0) / 1.2))
        wide, z, row = (x1 - x0) / columns, max(z0, 2.2), 0
        while z < reach:
            deep = 1.2 if z < 9 else 2.4
            for column in range(columns):
                colour = (first, second, WHITE)[(column + row * 2) % 3]
                x = x0 + wide * column
                canvas.ground(
                    [(x, z), (x + wide, z), (x + wide, min(z + deep, z1)), (x, min(z + deep, z1))],
                    colour,
                    alpha,
                )
            z, row = z + deep, row + 1
    _painted_road(canvas, layout, round(alpha * 0.8), rng)
    _crossing(canvas, layout, alpha, rng)


def _painted_road(canvas: Canvas, layout: Layout, alpha: int, rng: random.Random) -> None:
    """Wide slanting bands over the road, as in a street that was given to artists."""
    colours = rng.sample(VIVID, 4)
    x0, x1, z0, z1 = _box(layout.roads[0])
    slant = rng.uniform(-2.0, 2.0)
    if layout.across:
        for step in range(14):
            x, colour = -18.0 + 2.6 * step, colours[step % 4]
            corners = [(x, z0), (x + 2.6, z0), (x + 2.6 + slant, z1), (x + slant, z1)]
            canvas.ground(corners, colour, alpha)
        return
    z = 1.7
    for step in range(14):
        deep = 0.9 + 0.4 * step
        if z + deep + 2 > z1:
            break
        corners = [(x0, z), (x1, z + slant), (x1, z + deep + slant), (x0, z + deep)]
        canvas.ground(corners, colours[step % 4], alpha)
        z += deep


def _crossing(canvas: Canvas, layout: Layout, alpha: int, rng: random.Random) -> None:
    x0, x1, z0, z1 = _box(layout.roads[0])
    first, second = rng.sample(VIVID[:5], 2)
    if layout.across:
        x0 = rng.uniform(-5.0, 1.0)
        for stripe in range(8):
            z = z0 + (z1 - z0) * stripe / 8
            deep = (z1 - z0) / 16
            canvas.ground(
                [(x0, z), (x0 + 4, z), (x0 + 4, z + deep), (x0, z + deep)],
                (first, second, WHITE)[stripe % 3],
                alpha,
            )
        return
    near = rng.uniform(4.5, 7.5)
    stripes = max(6, round((x1 - x0) / 0.9))
    for stripe in range(stripes):
        x = x0 + (x1 - x0) * stripe / stripes
        wide = (x1 - x0) / stripes
        colour = (first, WHITE, second, WHITE)[stripe % 4]
        canvas.ground(
            [(x, near), (x + wide, near), (x + wide, near + 4), (x, near + 4)], colour, alpha
        )
