"""The API's page, with scripts of our own only."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture
def docs(settings: Settings, city_engine: Engine, tmp_path: Path, assets: Path) -> TestClient:
    """The page before Swagger UI itself is asked for."""
    app = create_app(settings, city_engine)
    names = json.loads((assets / "manifest.json").read_text())
    shutil.copytree(assets, tmp_path / "dist")
    names |= {name: name for name in ("swagger-ui.js", "swagger-ui.css")}
    (tmp_path / "dist" / "manifest.json").write_text(json.dumps(names))
    app.state.built.folder = tmp_path / "dist"
    return TestClient(app)


def test_nothing_comes_from_elsewhere(docs: TestClient) -> None:
    answer = docs.get("/docs")
    assert answer.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert len(addresses) == 3
    assert all(address.startswith("/assets/") for address in addresses)
    assert "http" not in answer.text


def test_the_one_script_inside_the_page_may_run_by_its_hash(docs: TestClient) -> None:
    answer = docs.get("/docs")
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert "SwaggerUIBundle" in script
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "script-src 'self' 'unsafe" not in policy


@pytest.mark.usefixtures("assets")
def test_swagger_ui_is_among_the_assets(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200, answer.text
    for address in re.findall(r'(?:src|href)="([^"]*)"', answer.text):
        assert client.get(address).status_code == 200


def test_the_description_is_complete(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert {
        "/api/attributes",
        "/api/releases",
        "/api/layers",
        "/api/areas/{layer}",
        "/api/areas/{layer}/{code}",
        "/api/areas/{layer}.geojson",
        "/api/cells/{z}/{x}/{y}",
        "/api/histogram",
        "/api/photos",
        "/api/photos/sample",
        "/api/photos/{photo_id}",
        "/photos/{photo_id}/image",
        "/photos/{photo_id}/thumbnail",
        "/tiles.json",
        "/tiles/{tileset}/{z}/{x}/{y}.mvt",
        "/tiles/areas/{layer}.json",
        "/tiles/areas/{tileset}/{z}/{x}/{y}.mvt",
        "/exports/map.html",
        "/exports/overview.png",
        "/exports/overview.svg",
        "/healthz",
        "/readyz",
    } <= set(described["paths"])
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if path.startswith(("/admin", "/api/admin")):
                continue
            assert operation["description"], f"{method} {path}"
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert "422" not in operation["responses"], "FastAPI's own shape is never answered"


def test_what_admins_may_do_is_described_with_examples(client: TestClient) -> None:
    """A sentence for each operation, and an example, true to its schema, of each JSON body."""
    described = client.get("/openapi.json").json()
    components = {"components": described["components"]}
    shapes = described["components"]["schemas"]
    seen = set()
    for path, operations in described["paths"].items():
        if not path.startswith("/api/admin"):
            continue
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            for schema in json_schemas(operation):
                name = schema.get("$ref", schema.get("items", {}).get("$ref", ""))
                seen.add(name.rpartition("/")[2])
    assert {"Progress", "UploadOut", "BatchIn", "AdminRelease", "TokenIn"} <= seen
    # It holds releases, each with an example of its own.
    seen -= {"AdminReleases"}
    for name in seen:
        (shown,) = shapes[name]["examples"]
        # FastAPI leaves nulls out of what it describes.
        example = dict.fromkeys(shapes[name]["properties"]) | shown
        Draft202012Validator(
            {**shapes[name], **components}, format_checker=FormatChecker()
        ).validate(example)


def json_schemas(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of the request's body and of the answers that are no errors."""
    answers = [a for status, a in operation["responses"].items() if status.startswith("2")]
    for part in [operation.get("requestBody", {}), *answers]:
        content = part.get("content", {}).get("application/json")
        if content is not None:
            yield content["schema"]
