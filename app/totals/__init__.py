"""Totals of cells and areas: published in sets, and always equal to a recount."""

from app.totals.building import build
from app.totals.locks import lock_exclusive, lock_shared, lock_totals
from app.totals.publishing import (
    drop_layer,
    drop_release,
    load_layer,
    publish,
    rebuild_layer,
    withdraw,
)
from app.totals.recount import Difference, check

__all__ = [
    "Difference",
    "build",
    "check",
    "drop_layer",
    "drop_release",
    "load_layer",
    "lock_exclusive",
    "lock_shared",
    "lock_totals",
    "publish",
    "rebuild_layer",
    "withdraw",
]
