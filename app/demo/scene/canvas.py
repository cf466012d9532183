"""The drawing surface: a pinhole camera over Pillow.

The world is in metres: x to the right of the camera, y up from the ground, z ahead. The picture
is drawn at twice its size and reduced at the end, which smooths every edge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from app.demo.scene.colour import RGB, mix

Point = tuple[float, float]

WIDTH_PX = 400
HEIGHT_PX = 300
OVERSAMPLE = 2
NEAREST_M = 1.6
_HAZE_M = 240.0
_CIRCLE = [(math.cos(i * math.pi / 7), math.sin(i * math.pi / 7)) for i in range(14)]


@dataclass(frozen=True)
class Camera:
    """`focal`, `centre_x` and `horizon` in drawn pixels, `eye_m` above the ground."""

    focal: float
    centre_x: float
    horizon: float
    eye_m: float


class Canvas:
    """What is drawn later covers what was drawn before: draw from far to near."""

    def __init__(self, camera: Camera, haze: RGB) -> None:
        self.camera = camera
        self.haze = haze
        self.width = WIDTH_PX * OVERSAMPLE
        self.height = HEIGHT_PX * OVERSAMPLE
        self.load(Image.new("RGB", (self.width, self.height)))

    def load(self, image: Image.Image) -> None:
        """Goes on drawing over `image`."""
        self.image = image
        self._glaze = ImageDraw.Draw(image, "RGBA")
        # Opaque shapes are most of them, and Pillow fills them faster without blending.
        self._pen = ImageDraw.Draw(image)

    def scale(self, z: float) -> float:
        """Pixels per metre at depth z."""
        return self.camera.focal / max(z, NEAREST_M)

    def at(self, x: float, y: float, z: float) -> Point:
        """Where a point of the world falls on the picture."""
        camera = self.camera
        scale = camera.focal / max(z, NEAREST_M)
        return camera.centre_x + scale * x, camera.horizon - scale * (y - camera.eye_m)

    def air(self, colour: RGB, z: float) -> RGB:
        """The colour as seen through z metres of air."""
        return mix(colour, self.haze, 1.0 - math.exp(-z / _HAZE_M))

    def polygon(self, points: Sequence[Point], colour: RGB, alpha: int = 255) -> None:
        if alpha == 255:
            self._pen.polygon(points, fill=opaque(colour))
        else:
            self._glaze.polygon(points, fill=(*opaque(colour), alpha))

    def line(self, points: Sequence[Point], colour: RGB, width: float, alpha: int = 255) -> None:
        """`width` in drawn pixels, at least one."""
        pen = self._glaze if alpha < 255 else self._pen
        fill = (*opaque(colour), alpha) if alpha < 255 else opaque(colour)
        pen.line(points, fill=fill, width=max(1, round(width)), joint="curve")

    def ellipse(self, centre: Point, radii: Point, colour: RGB, alpha: int = 255) -> None:
        (x, y), (across, up) = centre, radii
        if across < 0.6 or up < 0.4:
            across, up = max(across, 0.6), max(up, 0.4)
        box = (x - across, y - up, x + across, y + up)
        if alpha == 255:
            self._pen.ellipse(box, fill=opaque(colour))
        else:
            self._glaze.ellipse(box, fill=(*opaque(colour), alpha))

    def ground(self, corners: Sequence[Point], colour: RGB, alpha: int = 255) -> None:
        """A polygon on the ground; the corners are (x, z)."""
        self.polygon([self.at(x, 0.0, z) for x, z in corners], colour, alpha)

    def disc(
        self, x: float, z: float, across: float, along: float, colour: RGB, alpha: int = 255
    ) -> None:
        """An ellipse that lies on the ground, half axes in metres."""
        corners = [(x + across * c, z + along * s) for c, s in _CIRCLE]
        self.ground(corners, colour, alpha)

    def shadow(self, x: float, z: float, across: float, along: float) -> None:
        self.disc(x, z, across, along, (22, 22, 34), 70)


class Wall:
    """A vertical plane over the ground line from (x0, z0) to (x1, z1).

    On it u runs in metres from the first end, v in metres up. `light` is how bright the sun makes
    it.
    """

    def __init__(self, canvas: Canvas, start: Point, end: Point, light: float = 1.0) -> None:
        self.canvas = canvas
        self.start = start
        self.end = end
        self.light = light
        self.length = self.span(start, end)
        self.depth = (start[1] + end[1]) / 2

    @staticmethod
    def span(start: Point, end: Point) -> float:
        return math.dist(start, end)

    def spot(self, u: float) -> Point:
        """(x, z) of the ground below u."""
        share = u / self.length
        (x0, z0), (x1, z1) = self.start, self.end
        return x0 + (x1 - x0) * share, z0 + (z1 - z0) * share

    def at(self, u: float, v: float) -> Point:
        share = u / self.length
        (x0, z0), (x1, z1) = self.start, self.end
        return self.canvas.at(x0 + (x1 - x0) * share, v, z0 + (z1 - z0) * share)

    def scale(self, u: float) -> float:
        return self.canvas.scale(self.spot(u)[1])

    def quad(self, u0: float, v0: float, u1: float, v1: float) -> list[Point]:
        camera = self.canvas.camera
        (x0, z0), (x1, z1) = self.start, self.end
        left, right = u0 / self.length, u1 / self.length
        near = camera.focal / max(z0 + (z1 - z0) * left, NEAREST_M)
        far = camera.focal / max(z0 + (z1 - z0) * right, NEAREST_M)
        low, high = v0 - camera.eye_m, v1 - camera.eye_m
        px0 = camera.centre_x + near * (x0 + (x1 - x0) * left)
        px1 = camera.centre_x + far * (x0 + (x1 - x0) * right)
        horizon = camera.horizon
        return [
            (px0, horizon - near * low),
            (px1, horizon - far * low),
            (px1, horizon - far * high),
            (px0, horizon - near * high),
        ]

    def seen(self, u0: float, u1: float, least: float = 2.0) -> bool:
        """Whether the stretch is on the picture and at least so many drawn pixels wide."""
        left, right = self.at(u0, 0)[0], self.at(u1, 0)[0]
        if left > right:
            left, right = right, left
        return right > 0 and left < self.canvas.width and right - left >= least

    def paint(
        self, u0: float, v0: float, u1: float, v1: float, colour: RGB, alpha: int = 255
    ) -> None:
        """Fills a rectangle of the wall, shaded by its light and the air before it."""
        self.canvas.polygon(self.quad(u0, v0, u1, v1), self.tone(colour, (u0 + u1) / 2), alpha)

    def tone(self, colour: RGB, u: float) -> RGB:
        light = self.light
        lit = (colour[0] * light, colour[1] * light, colour[2] * light)
        return self.canvas.air(lit, self.spot(u)[1])


def opaque(colour: RGB) -> tuple[int, int, int]:
    """The colour in whole numbers of 0 to 255."""
    # Pillow masks each channel to a byte, so nothing above 255 may pass.
    red, green, blue = colour
    if red > 255 or green > 255 or blue > 255:
        red, green, blue = min(red, 255), min(green, 255), min(blue, 255)
    return int(red), int(green), int(blue)
