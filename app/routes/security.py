"""What a browser may do with our answers: only what comes from here, and the base map's tiles."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOR_ALL = {"X-Content-Type-Options": "nosniff"}
HEADERS = {
    **FOR_ALL,
    "X-Frame-Options": "DENY",
    # Tile servers ask for the site's name and refuse requests without it.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
}


def content_security_policy(basemap_url: str, framed_by: str = "'none'") -> str:
    """framed_by: whose pages may hold ours in a frame, as `frame-ancestors` says it."""
    images = ["'self'", "data:", "blob:", *_origin(basemap_url)]
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {' '.join(images)}",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {framed_by}",
        ]
    )


def _origin(basemap_url: str) -> list[str]:
    """Scheme and host of an XYZ template, a leading `{s}` as any subdomain; [] for our own."""
    match = re.match(r"(https?://)([^/]+)", basemap_url)
    if match is None:
        return []
    scheme, host = match.groups()
    host = re.sub(r"^[^.]*\{s\}[^.]*(?=\.)", "*", host)
    return [scheme + host]


class SecurityHeaders:
    """A header that the route has set itself stays.

    bare: a media type that no browser shows as a page. Its answers get the first header alone: for
    a small tile all of them would be half of what is sent.
    """

    def __init__(self, app: ASGIApp, basemap_url: str, bare: str) -> None:
        self.app = app
        self.bare = bare
        self.headers = {**HEADERS, "Content-Security-Policy": content_security_policy(basemap_url)}
        self.embedded = {
            **{name: value for name, value in HEADERS.items() if name != "X-Frame-Options"},
            "Content-Security-Policy": content_security_policy(basemap_url, "*"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = self.embedded if _is_for_embedding(scope) else self.headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_bare = headers.get("content-type") == self.bare
                for name, value in (FOR_ALL if is_bare else own).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _is_for_embedding(scope: Scope) -> bool:
    """The map alone, asked for with `embed=1`, may stand in other sites' pages."""
    if scope["type"] != "http" or scope["path"] != "/":
        return False
    query: bytes = scope["query_string"]
    return b"embed=1" in query.split(b"&")
