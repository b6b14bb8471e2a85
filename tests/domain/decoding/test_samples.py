"""Every sample payload becomes exactly what the file beside it says."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from safety_service.domain.types import Event
from tests.domain.decoding.conftest import RECEIVED

SAMPLES = Path(__file__).parent / "samples"
PAYLOADS = sorted(path for path in SAMPLES.rglob("*.json") if not path.name.endswith(".expected.json"))
ALWAYS = {"school": "370828-001", "received_at": "2026-11-23T15:10:05Z"}


def plain(item: Any) -> dict[str, Any]:
    """An item without its empty fields; what is the same in every sample is checked here once."""
    empty: tuple[Any, ...] = (None, False, {})
    fields = {
        name: value
        for name, value in msgspec.to_builtins(item).items()
        if not any(value == nothing and type(value) is type(nothing) for nothing in empty)
    }
    if not isinstance(item, Event):
        return fields
    assert {name: fields.pop(name) for name in ALWAYS} == ALWAYS
    return {name: value for name, value in fields.items() if name not in {"position", "told_at"}}


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sample_becomes_what_is_expected(path: Path, read: Any) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    found = read(expected["topic"], path.read_bytes())
    assert [plain(item) for item in found] == expected["found"]


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_told_does_not_depend_on_when_it_came(path: Path, read: Any) -> None:
    topic = json.loads(path.with_suffix(".expected.json").read_text())["topic"]
    first, again = (
        [
            (item.dedup_key, item.told_at)
            for item in read(topic, path.read_bytes(), received_at=received_at)
            if isinstance(item, Event)
        ]
        for received_at in (RECEIVED, RECEIVED + timedelta(days=3))
    )
    assert first == again


def test_both_formats_have_samples() -> None:
    assert {path.parent.name for path in PAYLOADS} == {"native", "frigate"}
