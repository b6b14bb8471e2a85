"""Every payload under tests/samples becomes what its format's index says, field by field."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from safety_service.domain.decoding import decode
from safety_service.domain.types import Event, Message, Rejected
from tests import samples
from tests.samples import Sample

ALL = samples.every()
IDS = [f"{one.format}/{one.file}:{number}" for number, one in enumerate(ALL)]


def found_in(sample: Sample, later: timedelta = timedelta(0)) -> list[Event | Rejected]:
    message = Message(
        topic=sample.topic,
        payload=sample.payload,
        received_at=sample.received_at + later,
        retained=sample.retained,
        origin=sample.origin,
    )
    return decode(message, ZoneInfo(sample.zone))


def differences(item: Event | Rejected, expected: dict[str, Any]) -> dict[str, Any]:
    """What of the expected fields is otherwise; of attributes only those named are asked for."""
    plain = msgspec.to_builtins(item, builtin_types=(datetime,))
    wrong = {}
    for name, wanted in expected.items():
        got = plain.get(name, "no such field")
        if name == "attributes" and isinstance(got, dict):
            got = {key: got.get(key, "missing") for key in wanted}
        if got != wanted:
            wrong[name] = (got, wanted)
    return wrong


@pytest.mark.parametrize("sample", ALL, ids=IDS)
def test_sample_becomes_what_is_expected(sample: Sample) -> None:
    found = found_in(sample)
    assert len(found) == len(sample.expect), found
    for item, expected in zip(found, sample.expect, strict=True):
        assert differences(item, expected) == {}
        if isinstance(item, Event):
            assert item.school == sample.topic.split("/")[2]
            assert item.occurred_at.tzinfo is UTC


@pytest.mark.parametrize("sample", ALL, ids=IDS)
def test_the_same_news_has_the_same_key_whenever_it_comes(sample: Sample) -> None:
    """Where a time is told: without one every receipt is news."""
    first, again = (
        [
            (item.device, item.dedup_key, item.told_at)
            for item in found_in(sample, later)
            if isinstance(item, Event)
            and item.source_time is not None
            and "time_error" not in item.attributes
        ]
        for later in (timedelta(0), timedelta(days=3))
    )
    assert first == again


@pytest.mark.parametrize("format", samples.FORMATS)
def test_every_file_has_its_line(format: str) -> None:
    named = {one.file for one in ALL if one.format == format}
    kept = {path.name for path in (samples.FOLDER / format).iterdir() if path.name != samples.INDEX}
    assert named == kept
