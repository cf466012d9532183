"""Every code that a verdict can have; each has a sentence in the admin's two languages."""

from app.photos.delete import TAKEN_DOWN

DUPLICATE = "duplicate"
NO_POSITION = "no-position"
EXPIRED = "expired"
UNREADABLE = "unreadable"
FAILED = "scoring-failed"

NEAR_DUPLICATE = "near-duplicate"
FUTURE = "future"
OUTSIDE = "outside-areas"

HELD = (
    NO_POSITION,
    "impossible-position",
    "swapped-position",
    "not-a-number",
    "bad-heading",
    "bad-time",
)
REJECTED = (
    TAKEN_DOWN,
    EXPIRED,
    "empty",
    "not-an-image",
    "unsupported-kind",
    "truncated",
    "too-large",
    "too-small",
    "no-imagery",
)
AFTERWARDS = (UNREADABLE, FAILED)
"""Of accepted photos that have no score."""
REASONS = (*HELD, DUPLICATE, *REJECTED, *AFTERWARDS)
WARNINGS = (NEAR_DUPLICATE, OUTSIDE, FUTURE)
