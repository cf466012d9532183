"""What browsers are told to refuse."""

import pytest
from starlette.testclient import TestClient

from app.routes.security import content_security_policy


def directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy.split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize(
    ("basemap", "host"),
    [
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png", ["https://tile.openstreetmap.org"]),
        ("https://{s}.example.org:8443/t/{z}/{x}/{y}", ["https://*.example.org:8443"]),
        ("https://tiles-{s}.example.org/{z}/{x}/{y}", ["https://*.example.org"]),
        ("http://127.0.0.1:9000/{z}/{x}/{y}.png", ["http://127.0.0.1:9000"]),
        ("/own/{z}/{x}/{y}.png", []),
        ("", []),
    ],
)
def test_images_come_from_here_and_from_the_base_map(basemap: str, host: list[str]) -> None:
    images = directives(content_security_policy(basemap))["img-src"]
    assert images == ["'self'", "data:", "blob:", *host]


@pytest.mark.parametrize("path", ["/healthz", "/api/attributes", "/nothing", "/tiles/x/0/0/0.mvt"])
def test_every_answer_has_them(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = directives(headers["content-security-policy"])
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["object-src"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert headers["x-content-type-options"] == "nosniff"
    # Tile servers refuse requests that do not say from which site they come.
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "geolocation=(self)" in headers["permissions-policy"]


def test_a_tile_has_no_more_than_it_needs(client: TestClient) -> None:
    headers = client.get("/tiles/demo-1-1/0/0/0.mvt").headers
    assert headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in headers
    assert "permissions-policy" not in headers


def test_who_may_hold_the_page_in_a_frame() -> None:
    assert directives(content_security_policy(""))["frame-ancestors"] == ["'none'"]
    assert directives(content_security_policy("", "*"))["frame-ancestors"] == ["*"]
