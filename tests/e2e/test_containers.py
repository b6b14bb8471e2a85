"""Dockerfile and docker-compose.yml, as far as they can be judged without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from safety_service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", text))


def example() -> set[str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def test_the_example_names_every_variable_and_no_other() -> None:
    assert variables((ROOT / "docker-compose.yml").read_text(encoding="utf-8")) == example()


def test_the_example_holds_no_secret() -> None:
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if line.startswith(("CAMPUS_SECRET", "POSTGRES", "BROKER")):
            assert line.endswith("=")


def test_the_service_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"postgres", "mosquitto", "service", "simulator"} <= set(services)
    assert services["mosquitto"]["depends_on"] == {
        "provision": {"condition": "service_completed_successfully"}
    }
    for name, needed in services["service"]["depends_on"].items():
        assert needed == {"condition": "service_healthy"}
        assert "healthcheck" in services[name]
    assert services["simulator"]["profiles"] == ["simulator"]


def test_settings_are_settings(compose: dict[str, Any]) -> None:
    known = {f"CAMPUS_{name.upper()}" for name in Settings.model_fields}
    for service in compose["services"].values():
        named = {name for name in service.get("environment", {}) if name.startswith("CAMPUS_")}
        assert named <= known
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"\b(CAMPUS_\w+)=", image)) <= known


def test_only_what_schools_and_people_need_is_published(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"] for name, service in compose["services"].items() if "ports" in service
    }
    assert set(published) == {"mosquitto", "service"}
    assert [port.rpartition(":")[2] for port in published["mosquitto"]] == ["8883", "8884"]


def test_mounts_and_volumes_are_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (ROOT / source).is_dir() if source.startswith(".") else source in compose["volumes"]


def test_the_image_copies_what_is_there_and_not_ignored() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in image.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert "USER campus" in image
    assert "--require-hashes" in image
    assert "/healthz" in image
