"""Whatever the bytes, `decode` answers with values that every database can store."""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety_service.domain.decoding import DECODERS, Topic, decode
from safety_service.domain.types import PHASES, Event, Message, Rejected
from tests.jsontexts import texts

SAMPLES = Path(__file__).parent / "samples"
PAYLOADS = [
    path.read_bytes() for path in sorted(SAMPLES.rglob("*.json")) if not path.name.endswith(".expected.json")
]
RESTS = [
    "native/gw/events",
    "native/gw/status",
    "native",
    "service/x",
    "receipts/gw",
    "frigate/reviews",
    "frigate/events",
    "frigate/tracked_object_update",
    "frigate/available",
    "frigate/cam/status/detect",
    "frigate/cam/motion",
    "frigate",
    "onvif/cam/onvif-ej/VideoSource/MotionAlarm/&1",
    "onvif/cam/status",
    "onvif",
    "axis/cam/event/tns:onvif/Device/tns:axis/IO/Port/$source/port/1",
    "axis/cam/connection",
    "axis",
    "hikvision/bridge",
    "hikvision",
    "dahua/cam/event",
    "dahua/cam/VideoMotion/Event",
    "dahua/cam/motion",
    "dahua",
]
RECEIVED = datetime(2026, 11, 23, 15, 10, 5, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
REASONS = {
    "bad_topic",
    "unknown_format",
    "forbidden_format",
    "forbidden_kind",
    "too_large",
    "not_json",
    "not_xml",
    "missing_field",
    "bad_value",
    "bad_time",
    "unsupported_specversion",
}


def check(rest: str, payload: bytes) -> None:
    """No fault of ours, and nothing that would stop the pipeline further down."""
    message = Message(
        topic=f"campus/v1/370828-001/{rest}", payload=payload, received_at=RECEIVED, origin="service"
    )
    for item in decode(message, ZONE):
        assert not any("\x00" in text for text in texts(msgspec.to_builtins(item)))
        if isinstance(item, Rejected):
            assert item.reason in REASONS, item
            assert item.place
            assert item.detail
        else:
            assert item.school == "370828-001"
            assert 0 < len(item.device) <= 128
            assert len(item.dedup_key) <= 400
            assert item.phase in PHASES
            assert abs(item.occurred_at - RECEIVED) <= timedelta(minutes=5)
            assert item.occurred_at.utcoffset() == timedelta(0)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sample with some of its bytes replaced, cut out or repeated."""
    payload = bytearray(draw(st.sampled_from(PAYLOADS)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(payload)))
        end = min(len(payload), start + draw(st.integers(0, 12)))
        payload[start:end] = draw(st.binary(max_size=6) | st.just(bytes(payload[start:end]) * 2))
    return bytes(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def swapped(draw: st.DrawFn) -> bytes:
    """A sample in which one value, at any depth, is any other JSON value."""
    content = json.loads(draw(st.sampled_from(PAYLOADS)))
    holder: Any = content
    while isinstance(holder, (dict, list)) and holder:
        key = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if not (isinstance(holder[key], (dict, list)) and holder[key] and draw(st.booleans())):
            holder[key] = draw(JSON)
            break
        holder = holder[key]
    return json.dumps(content).encode()


@settings(max_examples=250, deadline=None)
@given(rest=st.sampled_from(RESTS), payload=mutated() | swapped() | st.binary(max_size=60))
def test_nothing_leaves_decode(rest: str, payload: bytes) -> None:
    check(rest, payload)


@settings(max_examples=60, deadline=None)
@given(topic=st.text(max_size=60), payload=st.binary(max_size=20))
def test_no_topic_is_too_strange(topic: str, payload: bytes) -> None:
    for name in (topic, f"campus/v1/S/native/{topic}", f"campus/v1/S/frigate/{topic}/motion"):
        for item in decode(Message(topic=name, payload=payload, received_at=RECEIVED), ZONE):
            assert isinstance(item, Event) or item.reason in REASONS


def test_a_fault_of_ours_is_a_value_that_names_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_message: Message, _topic: Topic, _zone: tzinfo) -> list[Event | Rejected]:
        raise KeyError("nobody thought of this")

    monkeypatch.setitem(DECODERS, "broken", broken)
    message = Message(topic="campus/v1/S/broken/x", payload=b"", received_at=RECEIVED)
    (found,) = decode(message, ZONE)
    assert isinstance(found, Rejected)
    assert found.reason == "decoder_error"
    assert found.place == f"broken:broken:{broken.__code__.co_firstlineno + 1}"
    assert "nobody thought of this" in found.detail


def test_events_carry_their_message_and_times_in_utc() -> None:
    local = RECEIVED.astimezone(ZONE)
    payload = b'{"specversion":"1.0","id":"1","source":"d","type":"fire"}'
    message = Message(topic="campus/v1/S/native/g/e", payload=payload, received_at=local, position=77)
    (event,) = decode(message, ZONE)
    assert isinstance(event, Event)
    assert event.position == 77
    assert event.received_at.tzinfo is UTC


def test_limit_can_be_set() -> None:
    message = Message(topic="campus/v1/S/native/g/e", payload=b"[]   ", received_at=RECEIVED)
    assert decode(message, ZONE, largest=5) == []
    (found,) = decode(message, ZONE, largest=4)
    assert isinstance(found, Rejected)
    assert found.reason == "too_large"
