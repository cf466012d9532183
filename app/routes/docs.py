"""The API's description for people, with no script from elsewhere."""

import base64
import hashlib
import re

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

from app.exports.built import Built
from app.routes.assets import address

router = APIRouter(include_in_schema=False)

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> HTMLResponse:
    built: Built = request.app.state.built
    page = get_swagger_ui_html(
        openapi_url=request.app.openapi_url,
        title=f"{request.app.title} · API",
        swagger_js_url=address(built, "swagger-ui.js"),
        swagger_css_url=address(built, "swagger-ui.css"),
        swagger_favicon_url=address(built, "icon.svg"),
    )
    page.headers["Content-Security-Policy"] = _policy(bytes(page.body).decode())
    page.headers["Cache-Control"] = "no-cache"
    return page


def _policy(html: str) -> str:
    """FastAPI starts the page by a script inside it: that one may run, by its hash."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(html)
    ]
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' {' '.join(hashes)}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
