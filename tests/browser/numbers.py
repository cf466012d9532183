"""Numbers as the Spanish page writes them."""

from decimal import ROUND_HALF_UP, Decimal


def spanish(value: float) -> str:
    """One decimal place; halves go up as with Intl.NumberFormat, not to even as with Python."""
    return str(Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)).replace(".", ",")
