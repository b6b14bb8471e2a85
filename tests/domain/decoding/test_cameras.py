"""What the camera decoders promise beyond single samples: keys, devices, privacy, profiles."""

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import yaml

from safety_service.domain.decoding.kinds import KINDS
from safety_service.domain.decoding.multipart import parts_of
from safety_service.domain.decoding.profiles import PROFILES, Mapped, profile
from safety_service.domain.decoding.snapshots import LARGEST_SNAPSHOT
from safety_service.domain.types import SEVERITIES, Event, Rejected
from safety_service.services import vendors
from tests import samples

FORMATS = ("onvif", "axis", "hikvision", "dahua")
Read = Callable[..., list[Event | Rejected]]


def alert(type: str = "IO", state: str = "active", count: int = 1, **more: Any) -> str:
    fields = {
        "macAddress": "a0:12:34:56:78:9a",
        "channelID": 1,
        "dateTime": "2026-11-23T23:10:02+08:00",
        "activePostCount": count,
        "eventType": type,
        "eventState": state,
        **more,
    }
    return "<EventNotificationAlert>{}</EventNotificationAlert>".format(
        "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    )


def one(found: list[Event | Rejected]) -> Event:
    assert len(found) == 1, found
    assert isinstance(found[0], Event), found
    return found[0]


@pytest.mark.parametrize("name", FORMATS)
def test_every_code_of_a_profile_has_a_meaning(name: str) -> None:
    table = yaml.safe_load((vendors.SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))
    assert table["id"] == name
    assert set(table["title"]) == {"zh", "en"}
    lowered = [code.lower() for code in table["codes"]]
    assert len(set(lowered)) == len(lowered)
    for code, meaning in table["codes"].items():
        assert meaning["kind"] in KINDS - {"other"}, code
        assert meaning.get("severity") in {None, *SEVERITIES}, code
        for written in (code, code.upper(), code.lower()):
            assert profile(name).look_up(written).kind == meaning["kind"]


@pytest.mark.parametrize("name", FORMATS)
def test_an_unknown_code_is_other(name: str) -> None:
    assert profile(name).look_up("nobody/has/heard/of/it").kind == "other"


def test_no_name_of_a_person_leaves_a_decoder(read: Read) -> None:
    for sample in samples.every():
        if sample.format in FORMATS:
            found = read(sample.topic.split("/", 3)[3], sample.payload, received_at=sample.received_at)
            assert b"omebody" not in msgspec.json.encode(found)


# --- Hikvision. ---------------------------------------------------------------------------------------------


def test_two_presses_are_two_and_one_sent_again_is_one(read: Read) -> None:
    def key(payload: str) -> tuple[str, Any]:
        event = one(read("hikvision/b", payload))
        return event.dedup_key, event.told_at

    press = alert(inputIOPortID=3)
    assert key(press) == key(alert(inputIOPortID=3, isDataRetransmission="true", ipAddress="10.9.9.9"))
    assert key(press) != key(alert(inputIOPortID=3, dateTime="2026-11-23T23:10:03+08:00"))
    assert key(press) != key(alert(inputIOPortID=3, state="inactive", count=0))
    assert key(alert("VMD", uid="a1")) == key(alert("VMD", uid="a1", channelName="renamed"))
    assert key(alert("VMD", uid="a1")) != key(alert("VMD", uid="a2"))


def test_presses_without_a_time_are_never_one(read: Read) -> None:
    untimed = alert(dateTime="")
    first, second = (one(read("hikvision/b", untimed, position=number)) for number in (1, 2))
    assert first.dedup_key != second.dedup_key
    assert first.told_at == second.told_at == first.received_at


@pytest.mark.parametrize(
    ("state", "count", "expected"),
    [
        ("inactive", 0, ("heartbeat", "pulse")),
        ("inactive", "", ("heartbeat", "pulse")),
        ("Inactive", "0", ("heartbeat", "pulse")),
        ("inactive", 1, ("video_loss", "end")),
        ("active", 0, ("video_loss", "start")),
        ("active", 2, ("video_loss", "update")),
        ("perhaps", 2, ("video_loss", "pulse")),
    ],
)
def test_what_a_video_loss_is(read: Read, state: str, count: Any, expected: tuple[str, str]) -> None:
    event = one(read("hikvision/b", alert("videoloss", state, count)))
    assert (event.kind, event.phase) == expected


@pytest.mark.parametrize(
    ("fields", "device"),
    [
        ({}, "a0:12:34:56:78:9a/1"),
        ({"macAddress": "A0-12-34-56-78-9A"}, "a0:12:34:56:78:9a/1"),
        ({"macAddress": "a0123456789a"}, "a0:12:34:56:78:9a/1"),
        ({"dynChannelID": 7}, "a0:12:34:56:78:9a/7"),
        ({"channelID": 0}, "a0:12:34:56:78:9a"),
        ({"channelID": ""}, "a0:12:34:56:78:9a"),
        ({"macAddress": "00:00:00:00:00:00"}, "b/gate/1"),
        ({"macAddress": ""}, "b/gate/1"),
        ({"macAddress": "", "serialNumber": "DS-1/2#3"}, "DS-1-2-3/1"),
        ({"macAddress": "\u200ba0:12:34:56:78:9a"}, "a0:12:34:56:78:9a/1"),
    ],
)
def test_who_an_alert_is_from(read: Read, fields: dict[str, Any], device: str) -> None:
    assert one(read("hikvision/b/gate", alert("VMD", **fields))).device == device


def test_an_image_beyond_half_a_megabyte_stays_in_the_message_log(read: Read) -> None:
    def body(image: bytes) -> bytes:
        head = b"--b\r\nContent-Type: application/xml\r\n\r\n" + alert("VMD").encode()
        return head + b"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + image + b"\r\n--b--\r\n"

    image = b"\xff\xd8\xff" + b"\r\n\x00" * 100
    event = one(read("hikvision/b", body(image)))
    assert base64.b64decode(event.attributes["_snapshot"]) == image
    kept, warning = read("hikvision/b", body(b"\xff\xd8\xff" + b"\x00" * LARGEST_SNAPSHOT))
    assert isinstance(kept, Event)
    assert "_snapshot" not in kept.attributes
    assert isinstance(warning, Rejected)
    assert (warning.reason, warning.place) == ("too_large", "image")


@pytest.mark.parametrize(
    ("payload", "bodies"),
    [
        (b"--b\r\nContent-Type: x/y\r\n\r\nabc\r\n--b--\r\n", [b"abc"]),
        (b"--b\nContent-Type: x/y\n\nabc\n--b\n", [b"abc"]),
        (b"\r\n--b\r\nContent-Type: x/y\r\n\r\nabc\r\n\r\n--b\r\n\r\n--b--", [b"abc\r\n"]),
        (b"--b\r\n<a>no headers</a>\r\n--b--", [b"<a>no headers</a>"]),
        (b"--b", []),
        (b"--", []),
        (b"no boundary", []),
        (b"text before --b\r\n", []),
    ],
)
def test_parts_of_a_body_without_its_header(payload: bytes, bodies: list[bytes]) -> None:
    assert [part.body for part in parts_of(payload)] == bodies


# --- Dahua. -------------------------------------------------------------------------------------------------


def test_copies_for_several_listeners_are_one_event(read: Read) -> None:
    def line(**data: Any) -> Event:
        return one(
            read("dahua/n/event", f"Code=CrossLineDetection;action=Start;index=0;data={json.dumps(data)}")
        )

    first = line(EventID=7, EventSeq=1, UTC=1795446602, PTS=1.0)
    copy = line(EventID=7, EventSeq=2, UTC=1795446602, PTS=2.0)
    assert (first.dedup_key, first.told_at) == (copy.dedup_key, copy.told_at)
    other = line(EventID=8, EventSeq=3, UTC=1795446602)
    assert first.dedup_key != other.dedup_key
    assert line(GroupID=0, Name="a").dedup_key != line(GroupID=0, Name="b").dedup_key


def test_start_and_stop_are_joined_by_the_firmwares_number_only(read: Read) -> None:
    def identity(action: str, data: str) -> str | None:
        return one(read("dahua/n/event", f"Code=VideoMotion;action={action};index=0;data={data}")).event_id

    assert identity("Start", '{"EventID":9}') == identity("Stop", '{"EventID":9}') == "VideoMotion|9"
    assert identity("Start", '{"GroupID":1}') is None
    assert identity("Pulse", '{"EventID":9}') is None


@pytest.mark.parametrize("hours", [0, 8])
def test_a_wall_clock_written_as_utc_is_told_from_one_that_is(read: Read, received: Any, hours: int) -> None:
    seconds = int(received.timestamp()) - 3 + hours * 3600
    event = one(read("dahua/n/event", f'Code=VideoBlind;action=Start;index=0;data={{"UTC":{seconds}}}'))
    assert (event.occurred_at, event.clock_suspect) == (received - timedelta(seconds=3), False)
    assert event.source_time == str(seconds)


# --- ONVIF and Axis. ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["true", "True", True, 1, "1", "active", "on"])
def test_every_way_of_saying_yes(read: Read, state: Any) -> None:
    body = {"UtcTime": "2026-11-23T15:10:01Z", "Source": {}, "Data": {"State": state}}
    event = one(read("onvif/c/onvif-ej/VideoSource/MotionAlarm", json.dumps(body)))
    assert (event.phase, event.kind) == ("start", "motion")


@pytest.mark.parametrize("state", ["false", "False", False, 0, "0", "inactive", "off"])
def test_every_way_of_saying_no(read: Read, state: Any) -> None:
    body = {
        "topic": "onvif:Device/axis:IO/Port",
        "message": {"source": {"port": 1}, "data": {"state": state}},
    }
    event = one(read("axis/c/event/x", json.dumps(body)))
    assert (event.phase, event.device) == ("end", "c/io1")


def test_the_brokers_copy_of_a_property_is_the_same_news(read: Read) -> None:
    body = '{"UtcTime":"2026-11-23T15:10:01Z","Source":{"VideoSource":"1"},"Data":{"State":true}}'
    live, copy = (
        one(read("onvif/c/onvif-ej/VideoSource/MotionAlarm/&1", body, retained=r)) for r in (False, True)
    )
    assert (live.phase, copy.phase) == ("start", "state")
    assert (live.dedup_key, live.told_at) == (copy.dedup_key, copy.told_at)


def test_utc_is_utc_in_every_school(read: Read, received: Any) -> None:
    body = '{"UtcTime":"2026-11-23T15:10:01","Source":{},"Data":{"State":true}}'
    event = one(read("onvif/c/onvif-ej/VideoSource/MotionAlarm", body))
    assert (event.occurred_at, event.clock_suspect) == (received - timedelta(seconds=4), False)


def test_a_line_for_one_scenario_goes_before_its_application(read: Read) -> None:
    known = profile("axis").look_up("CameraApplicationPlatform/ObjectAnalytics")
    assert known.kind == "motion"
    assert not profile("axis").look_up("CameraApplicationPlatform/ObjectAnalytics/Device1Scenario9").known
    body = {
        "topic": "axis:CameraApplicationPlatform/FenceGuard/Camera1Profile7",
        "message": {"data": {"active": "1"}},
    }
    assert one(read("axis/c/event/x", json.dumps(body))).kind == "line_crossing"


def test_an_input_that_is_mapped_to_a_panic_button_stays_the_same_device(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the device pages advise; the profile of an operator's own."""
    panic = Mapped("panic_button", "critical")
    for name, code in (("dahua", "AlarmLocal"), ("axis", "Device/IO/Port"), ("onvif", "Device/Trigger")):
        own = msgspec.structs.replace(profile(name), codes={code: panic}, folded={})
        monkeypatch.setitem(PROFILES, name, own)
    port = {"topic": "onvif:Device/axis:IO/Port", "message": {"source": {"port": 1}, "data": {"state": "1"}}}
    token = {"Source": {"InputToken": "3"}, "Data": {"LogicalState": "true"}}
    found = (
        one(read("dahua/n/event", "Code=AlarmLocal;action=Start;index=1")),
        one(read("axis/c/event/x", json.dumps(port))),
        one(read("onvif/c/onvif-ej/Device/Trigger/DigitalInput/&3", json.dumps(token))),
    )
    assert [event.device for event in found] == ["n/io2", "c/io1", "c/io3"]
    assert {(event.kind, event.severity_hint) for event in found} == {("panic_button", "critical")}


# --- All of them. -------------------------------------------------------------------------------------------

LONG = 300_000


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("axis/c/event/x", b'{"topic":"' + b"a:/" * LONG + b'"}'),
        ("onvif/c/onvif-ej/x", b'{"a":"b" ' + b'"a" ' * LONG),
        ("onvif/c/onvif-ej/" + "a/" * 20_000, b'{"Data":{"State":1}}'),
        ("hikvision/b", b"<a>" * LONG),
        ("hikvision/b", b"<a>" + b"&" * LONG),
        ("hikvision/b", b"--a\r\n" * (LONG // 5)),
        ("hikvision/b", b"</EventNotificationAlert>" * (LONG // 20)),
        ("dahua/c/event", b"Code=a;" + b"b" * LONG),
        ("dahua/c/event", b"Code=a;data={" + b"\n--" * LONG),
        ("dahua/c/event", b"Code=a;data={\n--" + b"\n" * LONG + b"x"),
        ("dahua/c/event", b"Events[0]." + b"a." * LONG + b"=b"),
    ],
)
def test_no_payload_keeps_a_decoder_busy(read: Read, rest: str, payload: bytes) -> None:
    began = time.process_time()
    read(rest, payload)
    assert time.process_time() - began < 5
