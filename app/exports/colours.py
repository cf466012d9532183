"""Cividis, with yellow always at the favourable end."""

from typing import Literal


def cividis(share: float) -> str:
    """The colour at 0 (blue) to 1 (yellow), as #rrggbb.

    A polynomial of degree five through the colour map of Nuñez, Anderton and Renslow (2018), with
    the coefficients of d3-scale-chromatic, so that pages and exports agree.
    """
    t = min(1.0, max(0.0, share))
    red = -4.54 - t * (35.34 - t * (2381.73 - t * (6402.7 - t * (7024.72 - t * 2710.57))))
    green = 32.49 + t * (170.73 + t * (52.82 - t * (131.46 - t * (176.58 - t * 67.37))))
    blue = 81.24 + t * (442.36 - t * (2482.43 - t * (6167.24 - t * (6614.94 - t * 2475.67))))
    return "#" + "".join(f"{min(255, max(0, round(part))):02x}" for part in (red, green, blue))


def colour(mean: float, spread: float, palette: Literal["forward", "reversed"]) -> str:
    """Of a mean on the range 5 ± spread."""
    share = (mean - 5 + spread) / (2 * spread)
    return cividis(share if palette == "forward" else 1 - share)
