"""The address and the token as they were given, checked before anything is sent."""

import re
from urllib.parse import urlsplit

from app.errors import BadRequest


def checked_url(url: str) -> str:
    url = url.strip().rstrip("/")
    if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", url):
        raise BadRequest("--url is no address of a server such as https://mirada.example.")
    return url


def goes_in_clear(url: str) -> bool:
    """Whether what is sent can be read on its way to another machine."""
    parts = urlsplit(url.strip())
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def checked_token(token: str) -> str:
    """Before it is in a header, whose errors would show it."""
    token = token.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise BadRequest(
            "The token is empty or holds signs that no token has. Copy it again from where it was "
            "made (`mirada admin token NAME`), into MIRADA_TOKEN."
        )
    return token
