"""Draws one street scene from its traits."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter

from app.demo.scene import backdrop, buildings, ground, layout, street, wear
from app.demo.scene.canvas import OVERSAMPLE, Canvas, Wall, opaque
from app.demo.scene.colour import mix
from app.demo.scene.furnish import Light, furnish
from app.demo.scene.layout import Layout
from app.demo.traits import Levels

QUALITY = 84
_HALO_STEP = 8
"""Drawn pixels per pixel of the coarse picture in which the glow of the lamps is blurred."""


def draw(levels: Levels, seed: str) -> Image.Image:
    """An RGB image of 400 × 300 pixels. The same levels and seed give the same pixels."""
    rng = random.Random(seed)
    composition = layout.choose(rng)
    canvas = Canvas(layout.camera(rng, composition), backdrop.haze(levels["overcast"]))
    backdrop.sky(canvas, rng, levels["overcast"])
    backdrop.mountains(canvas, rng, levels["mountains"])
    ground.lay(canvas, composition, levels, rng)
    wear.potholes(canvas, composition.lanes, max(0.0, 1.0 - 1.15 * levels["paving"]), rng)
    wet = (*composition.lanes, *composition.walks)
    wear.puddles(canvas, wet, levels.count("puddles"), rng)
    _build(canvas, composition, levels, rng)
    lights = furnish(canvas, composition, levels, rng)
    canvas.load(backdrop.grade(canvas.image, levels["daylight"], levels["overcast"]))
    dusk = 1.0 - levels["daylight"]
    for centre, radius in lights:
        bulb = mix((236, 236, 226), (255, 240, 190), min(1.0, 2 * dusk))
        canvas.ellipse(centre, (radius, radius), bulb)
    image = canvas.image.reduce(OVERSAMPLE)
    return backdrop.finish(image, _glow(image.size, lights, dusk), rng)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _build(canvas: Canvas, composition: Layout, levels: Levels, rng: random.Random) -> None:
    """The buildings with all that is on their walls."""
    every: list[Wall] = []
    for run in composition.runs:
        row = buildings.plan(run, levels, rng)
        walls = buildings.raise_all(canvas, run, row, rng)
        wear.decay(row, walls, levels["decay"], rng)
        for house, wall in sorted(zip(row, walls, strict=True), key=lambda pair: -pair[1].depth):
            if house.shop and wall.seen(0, wall.length, 8.0):
                street.shop(wall, rng)
        every += walls
    wear.graffiti(every, levels.count("graffiti"), rng)
    wear.bars(canvas, every, levels["bars"], rng)


def _glow(size: tuple[int, int], lights: list[Light], dusk: float) -> Image.Image | None:
    """The light around the lamps, to be added to a picture of that size; None by day."""
    strength = max(0.0, 1.3 * dusk - 0.3)
    if not lights or not strength:
        return None
    step = _HALO_STEP // OVERSAMPLE
    dots = Image.new("RGB", (size[0] // step, size[1] // step))
    pen = ImageDraw.Draw(dots)
    warm = opaque((200 * strength, 160 * strength, 90 * strength))
    for (x, y), radius in lights:
        reach = max(radius * 2.4 / _HALO_STEP, 0.8)
        x, y = x / _HALO_STEP, y / _HALO_STEP
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=warm)
    soft = dots.filter(ImageFilter.GaussianBlur(2.5))
    return soft.resize(size, Image.Resampling.BILINEAR)
