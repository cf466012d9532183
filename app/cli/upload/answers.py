"""What stands in the server's answers, read with care: a proxy may have given them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

LONGEST_WAIT_S = 300.0


def retry_after_s(response: httpx2.Response) -> float:
    """What is said in seconds or as a moment; at most five minutes, whatever the server says."""
    said = response.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return min(float(said), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return 0
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (zoned - datetime.now(UTC)).total_seconds()), LONGEST_WAIT_S)


def body(response: httpx2.Response) -> dict[str, Any]:
    try:
        read = response.json()
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def detail(response: httpx2.Response) -> str:
    """The server's sentence, without what a terminal would obey."""
    said = body(response).get("detail") or f"HTTP {response.status_code}"
    return "".join(c for c in str(said) if c.isprintable())[:500]
