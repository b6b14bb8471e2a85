"""Native events: what refuses one, what is only left out, and which two are the same news."""

import json
from typing import Any

import pytest

from safety_service.domain.decoding import LARGEST_PAYLOAD
from safety_service.domain.types import Event, Rejected

EVENTS = "native/gw-1/events"
MISSING = object()


def cloud_event(**changes: Any) -> dict[str, Any]:
    event = {"specversion": "1.0", "id": "e-1", "source": "dev-1", "type": "intrusion", **changes}
    return {name: value for name, value in event.items() if value is not MISSING}


def one(read: Any, **changes: Any) -> Event:
    found = read(EVENTS, json.dumps(cloud_event(**changes)))
    assert len(found) == 1, found
    assert isinstance(found[0], Event), found
    return found[0]


def refusal(found: list[Any]) -> tuple[str, str]:
    assert len(found) == 1, found
    assert isinstance(found[0], Rejected), found
    assert found[0].detail.endswith(".")
    return found[0].reason, found[0].place


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"specversion": MISSING}, ("missing_field", "specversion")),
        ({"specversion": "0.3"}, ("unsupported_specversion", "specversion")),
        ({"specversion": 1.0}, ("bad_value", "specversion")),
        ({"id": MISSING}, ("missing_field", "id")),
        ({"id": ""}, ("bad_value", "id")),
        ({"id": "  "}, ("bad_value", "id")),
        ({"id": 5}, ("bad_value", "id")),
        ({"id": "x" * 257}, ("bad_value", "id")),
        ({"source": MISSING}, ("missing_field", "source")),
        ({"source": "\u200b\ufeff"}, ("bad_value", "source")),
        ({"type": MISSING}, ("missing_field", "type")),
        ({"type": ""}, ("bad_value", "type")),
        ({"type": "inspection_graded"}, ("forbidden_kind", "type")),
        ({"type": "duty_overdue"}, ("forbidden_kind", "type")),
        ({"data": "text"}, ("bad_value", "data")),
        ({"data": [1]}, ("bad_value", "data")),
        ({"data_base64": "AAAA"}, ("bad_value", "data_base64")),
        ({"data": {"phase": "begin"}}, ("bad_value", "data.phase")),
        ({"data": {"phase": ["start"]}}, ("bad_value", "data.phase")),
        ({"data": {"phase": "measure"}}, ("missing_field", "data.value")),
        ({"type": "temperature", "data": {"value": "9.4"}}, ("bad_value", "data.value")),
        ({"type": "temperature", "data": {"value": True}}, ("bad_value", "data.value")),
        ({"data": {"phase": "measure", "value": 10**400}}, ("bad_value", "data.value")),
    ],
)
def test_what_refuses_an_event(read: Any, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(read(EVENTS, json.dumps(cloud_event(**changes)))) == expected


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        (b"", "byte 0"),
        (b"  \n", "byte 0"),
        (b"hello", "byte 0"),
        (b'{"specversion":"1.0",}', "byte 21"),
        (b'{"specversion":"1.0"', "byte 20"),
        (b"[] x", "byte 3"),
        (b'{"id":NaN}', "byte 6"),
        (b'{"id":Infinity}', "byte 6"),
        (b'{"source":"\xb2\xd9"}', "byte 11"),
        (b'{"data":' + b"[" * 100_000, "payload"),
    ],
)
def test_not_json_names_the_byte(read: Any, payload: bytes, place: str) -> None:
    assert refusal(read(EVENTS, payload)) == ("not_json", place)


@pytest.mark.parametrize("payload", [b"null", b"5", b'"text"', b"true"])
def test_json_that_is_no_event(read: Any, payload: bytes) -> None:
    assert refusal(read(EVENTS, payload)) == ("bad_value", "payload")


@pytest.mark.parametrize("value", ["1e999", "-1e999"])
def test_number_beyond_every_limit_is_refused(read: Any, value: str) -> None:
    raw = json.dumps(cloud_event(data={"value": 12345})).replace("12345", value)
    assert refusal(read(EVENTS, raw)) == ("bad_value", "data")


def test_three_megabytes_are_refused_by_size_and_limit(read: Any) -> None:
    found = read(EVENTS, b"x" * 3_000_000)
    assert refusal(found) == ("too_large", "payload")
    assert "3000000" in found[0].detail
    assert str(LARGEST_PAYLOAD) in found[0].detail


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("native", ("bad_topic", "topic")),
        (f"native/{'g' * 129}/events", ("bad_topic", "topic")),
        ("knx/gw/events", ("unknown_format", "topic")),
    ],
)
def test_topics_that_name_no_decoder_or_gateway(read: Any, rest: str, expected: tuple[str, str]) -> None:
    assert refusal(read(rest, b"{}")) == expected


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"sequence": "ten"}, "sequence"),
        ({"sequence": -1}, "sequence"),
        ({"sequence": 2**63}, "sequence"),
        ({"sequence": True}, "sequence"),
        ({"sequence": "\u0661"}, "sequence"),
        ({"data": {"severity": "high"}}, "data.severity"),
        ({"data": {"zone": 7}}, "data.zone"),
        ({"data": {"unit": []}}, "data.unit"),
        ({"data": {"value": "much"}}, "data.value"),
        ({"data": {"snapshot_url": "javascript:alert(1)"}}, "data.snapshot_url"),
        ({"data": {"snapshot_url": "file:///etc/passwd"}}, "data.snapshot_url"),
        ({"data": {"snapshot_url": "http://a b"}}, "data.snapshot_url"),
        ({"data": {"attributes": [1]}}, "data.attributes"),
    ],
)
def test_what_is_left_out_and_reported_beside_the_event(
    read: Any, changes: dict[str, Any], place: str
) -> None:
    event, warning = read(EVENTS, json.dumps(cloud_event(type="fire", **changes)))
    assert (event.kind, event.device) == ("fire", "dev-1")
    assert (event.sequence, event.severity_hint, event.zone, event.unit) == (None, None, None, None)
    assert (event.value, event.snapshot_url, event.attributes) == (None, None, {})
    assert (warning.reason, warning.place) == ("bad_value", place)


def test_broken_clock_in_a_batch_names_its_element(read: Any) -> None:
    batch = [cloud_event(id="a"), cloud_event(id="b", type="fire", time="11:47:0500:00")]
    first, fire, warning = read(EVENTS, json.dumps(batch))
    assert (first.clock_suspect, fire.clock_suspect) == (False, True)
    assert (warning.reason, warning.place) == ("bad_time", "[1].time")
    assert "11:47:0500:00" in fire.attributes["time_error"]


def test_wrong_clock_is_suspect_and_keeps_what_was_told(read: Any, received: Any) -> None:
    event = one(read, time="2021-01-01T00:00:00Z")
    assert (event.occurred_at, event.clock_suspect) == (received, True)
    assert event.source_time == "2021-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("data", "phase"),
    [(None, "pulse"), ({}, "pulse"), ({"value": 0}, "measure"), ({"value": 1, "phase": "start"}, "start")],
)
def test_phase_by_default(read: Any, data: Any, phase: str) -> None:
    assert one(read, data=data).phase == phase


@pytest.mark.parametrize("raw", ["42", 42])
def test_sequence_as_text_or_number(read: Any, raw: Any) -> None:
    assert (one(read, sequence=raw).sequence, one(read, sequence=raw).gateway) == (42, "gw-1")


def test_invisible_characters_do_not_split_a_device(read: Any) -> None:
    event = one(read, source="cam\u200b-1\ufeff\x07 ", data={"zone": "\u2066 north\u00a0gate"})
    assert (event.device, event.zone) == ("cam-1", "north gate")


def test_unknown_type_is_other_with_its_code(read: Any) -> None:
    event = one(read, type="vendor/77")
    assert (event.kind, event.attributes) == ("other", {"vendor_code": "vendor/77"})


def test_only_the_topic_says_which_school(read: Any) -> None:
    event = one(
        read, school="370828-999", subject="370828-999", data={"attributes": {"school": "370828-999"}}
    )
    assert event.school == "370828-001"


def test_what_no_database_stores_is_taken_out(read: Any) -> None:
    deep: Any = "end"
    for _ in range(60):
        deep = [deep]
    attributes = {"nul\x00": "a\x00b", "big": 10**30, "image": "A" * 5000, "deep": deep}
    event = one(read, id="i\x00d", data={"attributes": attributes})
    text = json.dumps(event.attributes)
    assert "\\u0000" not in text
    assert event.event_id == "id"
    assert event.attributes["nul"] == "ab"
    assert event.attributes["big"] == str(10**30)
    assert len(text) < 1000


def test_inspection_keeps_its_whole_body(read: Any) -> None:
    body = {"phase": "nonsense", "value": "x", "note": "n" * 5000, "sections": {"a": 11}}
    event = one(read, type="inspection_submitted", data=body)
    assert (event.phase, event.value, event.attributes) == ("pulse", None, {"inspection": body})


def test_same_news_has_one_key_and_two_presses_have_two(read: Any) -> None:
    press = [one(read, type="panic_button", id=identity).dedup_key for identity in ("p-1", "p-2", "p-1")]
    assert press[0] == press[2] != press[1]
    phases = {one(read, data={"phase": phase}).dedup_key for phase in ("start", "end", "pulse")}
    assert phases == {"e-1|start", "e-1|end", "e-1|pulse"}


def test_updates_are_told_apart_by_sequence_time_or_content(read: Any) -> None:
    def key(**changes: Any) -> str:
        data = {"phase": "update", **changes.pop("data", {})}
        return one(read, data=data, **changes).dedup_key

    assert key(sequence=7, time="2026-11-23T15:10:00Z") == "e-1|update|7"
    assert key(time="2026-11-23T15:10:00Z") == "e-1|update|2026-11-23T15:10:00Z"
    assert key(data={"value": 1}) == key(data={"value": 1}) != key(data={"value": 2})


def test_byte_order_mark_is_no_fault(read: Any) -> None:
    (event,) = read(EVENTS, b"\xef\xbb\xbf" + json.dumps(cloud_event()).encode())
    assert event.kind == "intrusion"


def test_empty_batch_carries_nothing(read: Any) -> None:
    assert read(EVENTS, b"[]") == []


def test_bytes_that_are_no_text_cost_one_element_only(read: Any) -> None:
    good = json.dumps(cloud_event()).encode()
    found = read(EVENTS, b"[" + good + b"," + good.replace(b"dev-1", b"\xb2\xd9") + b"," + good + b"]")
    assert [type(item) for item in found] == [Event, Rejected, Event]
    assert found[1].place.startswith("[1] byte ")


def test_status_opens_and_ends_an_outage(read: Any) -> None:
    (offline,) = read("native/gw-1/status", "offline", position=1, retained=True)
    (online,) = read("native/gw-1/status", '"Online"', position=2)
    (again,) = read("native/gw-1/status", "offline", position=3)
    assert [(event.device, event.kind, event.phase) for event in (offline, online, again)] == [
        ("gw-1", "device_offline", "start"),
        ("gw-1", "device_offline", "end"),
        ("gw-1", "device_offline", "start"),
    ]
    assert (offline.retained, online.retained) == (True, False)
    assert offline.dedup_key != again.dedup_key


def test_status_that_is_deleted_or_wrong(read: Any) -> None:
    assert read("native/gw-1/status", b"") == []
    assert refusal(read("native/gw-1/status", b"\xff\x00")) == ("bad_value", "payload")


def test_service_format_is_the_services_own(read: Any) -> None:
    graded = json.dumps(cloud_event(type="inspection_graded", data={"attributes": {"from": "A", "to": "B"}}))
    for origin in ("mqtt", "http"):
        assert refusal(read("service/grades", graded, origin=origin)) == ("forbidden_format", "topic")
    (event,) = read("service/grades", graded, origin="service")
    assert (event.kind, event.gateway, event.attributes["to"]) == ("inspection_graded", None, "B")


def test_receipts_are_heard_and_say_nothing(read: Any) -> None:
    assert read("receipts/gw-1", b'{"sequence":1042}') == []
