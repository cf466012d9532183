"""People who stand and walk."""

import random

from app.demo.scene.canvas import Canvas
from app.demo.scene.colour import CLOTHES, RGB, SKIN, shade

_TROUSERS: tuple[RGB, ...] = ((36, 44, 74), (34, 34, 38), (96, 82, 66))
_HAIR: tuple[RGB, ...] = ((40, 30, 26), (66, 46, 34), (24, 22, 24), (150, 146, 140))


def person(canvas: Canvas, x: float, z: float, rng: random.Random) -> None:
    """One adult of 1.55 to 1.85 m."""
    tall, scale = rng.uniform(1.55, 1.85), canvas.scale(z)
    shirt, trousers = canvas.air(rng.choice(CLOTHES), z), canvas.air(rng.choice(_TROUSERS), z)
    skin = canvas.air(rng.choice(SKIN), z)
    canvas.shadow(x, z, 0.42, 0.22)
    unit = tall * scale / 8
    foot_x, foot_y = canvas.at(x, 0, z)
    stride = rng.uniform(0.2, 0.9) * unit
    hip, neck = foot_y - 3.9 * unit, foot_y - 6.7 * unit
    if rng.random() < 0.25:
        canvas.polygon(
            [
                (foot_x - 0.8 * unit, hip),
                (foot_x + 0.8 * unit, hip),
                (foot_x + 1.2 * unit, foot_y - 1.7 * unit),
                (foot_x - 1.2 * unit, foot_y - 1.7 * unit),
            ],
            shade(shirt, 0.75),
        )
        trousers = skin
    for side in (-1, 1):
        ankle = foot_x + side * stride
        canvas.polygon(
            [
                (foot_x + side * 0.1 * unit - 0.55 * unit, hip + 0.1 * unit),
                (foot_x + side * 0.1 * unit + 0.55 * unit, hip + 0.1 * unit),
                (ankle + 0.35 * unit, foot_y),
                (ankle - 0.35 * unit, foot_y),
            ],
            trousers,
        )
    for side in (-1, 1):
        hand = (foot_x + side * (1.3 * unit + stride * 0.4), hip + rng.uniform(-0.4, 0.4) * unit)
        canvas.line(
            [(foot_x + side * 0.85 * unit, neck + 0.4 * unit), hand],
            shade(shirt, 0.85),
            0.55 * unit,
        )
    canvas.polygon(
        [
            (foot_x - 1.05 * unit, neck + 0.15 * unit),
            (foot_x + 1.05 * unit, neck + 0.15 * unit),
            (foot_x + 0.8 * unit, hip + 0.2 * unit),
            (foot_x - 0.8 * unit, hip + 0.2 * unit),
        ],
        shirt,
    )
    head = (foot_x, neck - 0.65 * unit)
    canvas.ellipse(head, (0.62 * unit, 0.75 * unit), skin)
    canvas.ellipse((head[0], head[1] - 0.4 * unit), (0.66 * unit, 0.5 * unit), rng.choice(_HAIR))
    if rng.random() < 0.3:
        canvas.polygon(
            [
                (foot_x + 1.0 * unit, hip - 0.6 * unit),
                (foot_x + 1.9 * unit, hip - 0.6 * unit),
                (foot_x + 1.9 * unit, hip + 0.8 * unit),
                (foot_x + 1.0 * unit, hip + 0.8 * unit),
            ],
            rng.choice(CLOTHES),
        )
