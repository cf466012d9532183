"""How a photo looks, in 64 bits: copies of a photo share nearly all of them, other photos do not.

The difference hash (Krawetz, “Kind of Like That”, 2013): whether brightness rises from each pixel
of a 9 × 8 miniature to the next one at its right. A package would bring wavelets along for these
lines.
"""

import numpy as np
from PIL import Image


def look(image: Image.Image) -> int:
    """As a signed number of 64 bits, which is what a BIGINT holds."""
    small = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    grey = np.asarray(small, dtype=np.int16)
    rises = np.packbits(grey[:, 1:] > grey[:, :-1])
    return int.from_bytes(rises.tobytes(), "big", signed=True)


def differences(one: int, other: int) -> int:
    """In how many of the 64 bits two looks differ."""
    return ((one ^ other) & (2**64 - 1)).bit_count()
