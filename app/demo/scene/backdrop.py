"""Sky, clouds and the Andes behind the street, and the light and grain over the whole picture."""

import functools
import itertools
import math
import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from app.demo.scene.canvas import HEIGHT_PX, WIDTH_PX, Canvas
from app.demo.scene.colour import RGB, mix

_CLOUDS = 5
_BLUE_TOP: RGB = (52, 118, 206)
_BLUE_LOW: RGB = (186, 216, 240)
_GREY_TOP: RGB = (138, 142, 148)
_GREY_LOW: RGB = (188, 189, 188)
_ROCK: RGB = (104, 116, 146)
_SNOW: RGB = (244, 247, 252)


def haze(overcast: float) -> RGB:
    return mix(_BLUE_LOW, _GREY_LOW, overcast)


def sky(canvas: Canvas, rng: random.Random, overcast: float) -> None:
    """A gradient, and clouds that close as the overcast rises from 0 to 1."""
    rows = np.linspace(0.0, 1.0, 64)[:, None]
    top = np.array(mix(_BLUE_TOP, _GREY_TOP, overcast))
    low = np.array(mix(_BLUE_LOW, _GREY_LOW, overcast))
    band = (top + (low - top) * rows**0.8).astype(np.uint8)[:, None, :]
    below = round(canvas.camera.horizon)
    gradient = Image.fromarray(band, "RGB").resize((canvas.width, below), Image.Resampling.BILINEAR)
    canvas.image.paste(gradient, (0, 0))
    texture = _clouds()[rng.randrange(_CLOUDS)]
    left, upper = rng.randrange(60), rng.randrange(30)
    patch = texture.crop((left, upper, left + 140, upper + 60))
    if rng.random() < 0.5:
        patch = patch.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    cover = 0.12 + 0.75 * overcast
    mask = patch.point([_closed(value / 255, cover) for value in range(256)])
    mask = mask.resize((canvas.width, below), Image.Resampling.BICUBIC)
    white = mix((250, 250, 252), (122, 125, 131), overcast**0.7)
    canvas.image.paste(tuple(round(part) for part in white), (0, 0), mask)


def _closed(value: float, cover: float) -> int:
    """Opacity of a cloud where the noise is `value`."""
    return round(215 * min(max((value - (1 - cover)) / 0.3, 0.0), 1.0))


@functools.cache
def _clouds() -> list[Image.Image]:
    """Noise of five octaves, flattened as clouds are; the same in every process."""
    rng = np.random.default_rng(20)
    result = []
    for _ in range(_CLOUDS):
        total = np.zeros((100, 200), dtype=np.float64)
        for octave in range(5):
            size = (3 * 2**octave, 4 * 2**octave)
            small = Image.fromarray(rng.random(size).astype(np.float32))
            total += np.asarray(small.resize((200, 100), Image.Resampling.BICUBIC)) / 1.7**octave
        low, high = np.quantile(total, (0.02, 0.98))
        grey = np.clip((total - low) / (high - low), 0, 1) * 255
        result.append(Image.fromarray(grey.astype(np.uint8), "L"))
    return result


def mountains(canvas: Canvas, rng: random.Random, level: float) -> None:
    """A range along the whole horizon; with the level it rises and its snow grows."""
    peak = canvas.camera.horizon * (0.04 + 0.72 * level)
    base = canvas.camera.horizon + 4
    phases = [rng.uniform(0, math.tau) for _ in range(6)]
    ridge = []
    for step in range(81):
        x = step / 80
        wave = sum(
            math.sin(x * math.tau * 0.9 * 1.9**k + phase) / 1.75**k
            for k, phase in enumerate(phases)
        )
        height = peak * (0.74 + 0.13 * wave) + rng.uniform(-0.012, 0.012) * peak
        ridge.append((x * canvas.width, base - height))
    rock = mix(_ROCK, canvas.haze, 0.3)
    canvas.polygon([(0, base), *ridge, (canvas.width, base)], rock)
    foot = [(x, base - (base - y) * 0.45 - rng.uniform(0, 0.1) * peak) for x, y in ridge]
    canvas.polygon([(0, base), *foot, (canvas.width, base)], mix(rock, canvas.haze, 0.35), 150)
    if level < 0.15:
        return
    line = base - peak * (1.0 - 0.5 * level)
    lower = [
        (x, max(y, min(y + peak * (0.42 if k % 2 else 0.2) * rng.uniform(0.7, 1.2), line + 9)))
        for k, (x, y) in enumerate(ridge)
    ]
    for k, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(ridge)):
        sunny = y1 > y0
        lit = _SNOW if sunny else mix(_SNOW, _ROCK, 0.3)
        canvas.polygon([(x0, y0), (x1, y1), lower[k + 1], lower[k]], lit)


def grade(image: Image.Image, daylight: float, overcast: float) -> Image.Image:
    """The light of the hour and of the weather over the whole picture.

    Daylight 1 is noon and 0 is late dusk; overcast takes colour and contrast away.
    """
    dusk = (1.0 - daylight) ** 1.25
    gains = (1.08 - 0.56 * dusk, 1.06 - 0.55 * dusk, 1.03 - 0.32 * dusk)
    grey = 0.55 * overcast
    luma = (0.30, 0.59, 0.11)
    lift = 14 * overcast
    matrix: list[float] = []
    for row, gain in enumerate(gains):
        contrast = gain * (1.0 - 0.10 * overcast)
        matrix += [
            contrast * (luma[column] * grey + (1.0 - grey) * (row == column)) for column in range(3)
        ]
        matrix.append(lift * gain)
    return image.convert("RGB", tuple(matrix))


def finish(image: Image.Image, glow: Image.Image | None, rng: random.Random) -> Image.Image:
    """Adds the lamps' glow and the grain of a sensor."""
    if glow is not None:
        image = ImageChops.add(image, glow)
    noise = _grain()
    left, upper = rng.randrange(100), rng.randrange(100)
    patch = noise[upper : upper + HEIGHT_PX, left : left + WIDTH_PX, None]
    pixels = np.asarray(image).astype(np.int16) + patch
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")


@functools.cache
def _grain() -> npt.NDArray[np.int16]:
    rng = np.random.default_rng(21)
    size = (HEIGHT_PX + 100, WIDTH_PX + 100)
    return np.round(rng.normal(0.0, 4.2, size)).astype(np.int16)
