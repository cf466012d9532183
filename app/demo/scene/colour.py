"""Colours of the drawn street: arithmetic on RGB triples of 0 to 255, and the palettes."""

RGB = tuple[float, float, float]

WHITE: RGB = (246, 245, 240)
INK: RGB = (28, 28, 32)
STEEL: RGB = (70, 76, 82)
CONCRETE: RGB = (158, 155, 150)
DULL: RGB = (189, 182, 168)

VIVID: tuple[RGB, ...] = (
    (226, 110, 74),
    (240, 190, 80),
    (92, 158, 170),
    (206, 92, 108),
    (120, 176, 112),
    (238, 226, 200),
    (104, 124, 190),
    (232, 150, 132),
    (172, 200, 206),
    (188, 128, 178),
)
CLOTHES: tuple[RGB, ...] = (
    (214, 48, 49),
    (24, 90, 188),
    (250, 202, 60),
    (245, 245, 245),
    (30, 30, 34),
    (34, 150, 110),
    (240, 120, 30),
    (150, 70, 170),
    (240, 120, 160),
    (70, 180, 220),
)
SKIN: tuple[RGB, ...] = ((236, 188, 150), (206, 150, 112), (168, 112, 80), (120, 80, 58))
CARS: tuple[RGB, ...] = (
    (222, 222, 224),
    (60, 64, 70),
    (168, 28, 34),
    (36, 66, 120),
    (150, 154, 160),
    (236, 236, 236),
    (214, 170, 40),
    (90, 110, 100),
)
SIGNS: tuple[RGB, ...] = (
    (224, 36, 48),
    (250, 196, 20),
    (18, 96, 190),
    (12, 150, 90),
    (236, 92, 20),
    (200, 30, 130),
    (24, 170, 190),
)
SPRAY: tuple[RGB, ...] = (
    (18, 18, 22),
    (40, 60, 210),
    (220, 30, 60),
    (30, 170, 80),
    (240, 240, 250),
    (150, 30, 170),
    (250, 120, 10),
)
PETALS: tuple[RGB, ...] = (
    (236, 40, 92),
    (255, 206, 40),
    (250, 250, 250),
    (176, 60, 190),
    (255, 120, 60),
    (255, 130, 180),
)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """`share` of the second colour, the rest of the first."""
    rest = 1.0 - share
    return (
        first[0] * rest + second[0] * share,
        first[1] * rest + second[1] * share,
        first[2] * rest + second[2] * share,
    )


def shade(colour: RGB, factor: float) -> RGB:
    """Darker below a factor of 1, lighter above it, each channel cut at 255."""
    return (
        min(colour[0] * factor, 255.0),
        min(colour[1] * factor, 255.0),
        min(colour[2] * factor, 255.0),
    )
