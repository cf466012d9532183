"""Each answer against the schema that the API's own description gives for it."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from starlette.testclient import TestClient

from tests.routes.conftest import City

ANSWERS = {
    "/api/attributes": ["/api/attributes"],
    "/api/releases": ["/api/releases"],
    "/tiles.json": ["/tiles.json", "/tiles.json?release=other"],
    "/tiles/areas/{layer}.json": [],  # of a large layer, which test_area_tiles.py has
    "/api/layers": ["/api/layers"],
    "/api/areas/{layer}": ["/api/areas/comuna", "/api/areas/city?release=other"],
    "/api/areas/{layer}/{code}": [f"/api/areas/comuna/{code}" for code in "abcd"],
    "/api/cells/{z}/{x}/{y}": ["/api/cells/5/9/19", "/api/cells/20/0/0"],
    "/api/histogram": ["/api/histogram", "/api/histogram?bbox=-71,-34,-70,-33"],
    "/api/photos": ["/api/photos", "/api/photos?order=newest&limit=200", "/api/photos?min=10"],
    "/api/photos/sample": ["/api/photos/sample?n=50", "/api/photos/sample?n=5&bbox=0,0,1,1"],
    "/api/photos/{photo_id}": ["/api/photos/{with_image}", "/api/photos/{abroad}"],
    "/healthz": ["/healthz"],
    "/readyz": ["/readyz"],
}


def schema_of(described: dict[str, Any], path: str) -> dict[str, Any]:
    content = described["paths"][path]["get"]["responses"]["200"]["content"]
    return {**content["application/json"]["schema"], "components": described["components"]}


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_have_the_shape_that_is_described(
    client: TestClient, city: City, path: str
) -> None:
    described = client.get("/openapi.json").json()
    schema = schema_of(described, path)
    assert schema.keys() > {"components"}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for address in ANSWERS[path]:
        address = address.replace("{with_image}", str(city.with_image))
        answer = client.get(address.replace("{abroad}", str(city.abroad)))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        validator.validate(answer.json())


def test_a_problem_has_the_shape_that_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    responses = described["paths"]["/api/photos"]["get"]["responses"]
    schema = responses["default"]["content"]["application/problem+json"]["schema"]
    for address in ("/api/photos?limit=x", "/api/photos?release=zz"):
        Draft202012Validator(schema).validate(client.get(address).json())


def test_every_public_answer_in_json_is_among_them(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    public = {
        path
        for path, operations in described["paths"].items()
        if "get" in operations
        and not path.startswith("/api/admin")
        and "application/json" in operations["get"]["responses"]["200"].get("content", {})
    }
    assert public == ANSWERS.keys()
