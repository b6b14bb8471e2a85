"""What the sensor formats share: keys that tell presses apart, parts of a device, values in any notation."""

import json
import zlib
from datetime import timedelta
from typing import Any

import pytest

from safety_service.domain.decoding.readings import channel_of, number, truth
from safety_service.domain.decoding.vendornames import meant
from safety_service.domain.types import Event
from tests.domain.decoding.conftest import RECEIVED

AT = 1795446600  # 15:10:00Z
PUSH = {"component": "input:0", "id": 0, "event": "single_push"}


def pushed(ts: float | None) -> str:
    parameters = {"ts": ts, "events": [{**PUSH, "ts": ts}]}
    return json.dumps({"src": "x", "method": "NotifyEvent", "params": parameters})


def keys(found: list[Any]) -> list[str]:
    return [item.dedup_key for item in found if isinstance(item, Event)]


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("zigbee2mqtt/button", {"action": "single", "last_seen": AT * 1000 + 250}),
        ("zigbee2mqtt/smoke", {"smoke": True, "battery": 90, "last_seen": AT * 1000}),
        ("tasmota/tele/panic/SENSOR", {"Time": "2026-11-23T23:10:00", "Switch1": "ON"}),
        ("shelly/panel/events/rpc", json.loads(pushed(AT + 0.25))),
        ("sparkplug/G/DDATA/n/d", {"timestamp": AT * 1000, "metrics": [{"name": "Smoke", "value": True}]}),
        ("thingsboard/d/v1/devices/me/telemetry", {"ts": AT * 1000, "values": {"smoke": True, "sos": True}}),
    ],
)
def test_the_same_bytes_later_are_the_same_news(read: Any, rest: str, payload: Any) -> None:
    first = read(rest, json.dumps(payload))
    again = read(rest, json.dumps(payload), received_at=RECEIVED + timedelta(hours=2), position=9)
    assert keys(first) == keys(again) != []
    assert [item.told_at for item in first] == [item.told_at for item in again]


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("zigbee2mqtt/button", '{"action":"single"}'),
        ("zigbee2mqtt/button", f'{{"action":"single","last_seen":{AT}}}'),
        ("zigbee2mqtt/button", '{"action":"emergency","last_seen":"2026-11-23T23:10:00+08:00"}'),
        ("tasmota/stat/button/RESULT", '{"Button1":{"Action":"SINGLE"}}'),
        ("shelly/panel/events/rpc", pushed(None)),
        ("shelly/panel/events/rpc", pushed(3.25)),
        ("thingsboard/d/v1/devices/me/telemetry", '{"sos":true}'),
        ("sparkplug/G/DDATA/n/d", '{"metrics":[{"name":"Panic Button","value":true}]}'),
        ("sparkplug/G/NDEATH/n", '{"metrics":[{"name":"bdSeq","value":3}]}'),
    ],
)
def test_without_a_fine_time_every_receipt_is_a_press(read: Any, rest: str, payload: str) -> None:
    told = {keys(read(rest, payload, position=position))[0] for position in (1, 2, 3)}
    assert len(told) == 3


def test_a_sleeper_whose_clock_is_not_set_yet_alarms_each_time_it_wakes(read: Any) -> None:
    def woke(cause: str | None) -> Event:
        system = {} if cause is None else {"wakeup_reason": {"boot": "deepsleep_wake", "cause": cause}}
        parameters = {"ts": 2.46, "smoke:0": {"id": 0, "alarm": True}, "sys": {"unixtime": None, **system}}
        (event,) = read(
            "shelly/s/events/rpc", json.dumps({"method": "NotifyFullStatus", "params": parameters})
        )
        assert isinstance(event, Event)
        assert (event.clock_suspect, event.occurred_at) == (True, RECEIVED)
        return event

    assert [woke(cause).phase for cause in ("alarm", "periodic", "button", None)] == [*["start"] * 3, "state"]
    assert woke("alarm_test").kind == "other"


def test_a_button_may_be_told_in_telemetry(read: Any) -> None:
    payload = '{"Time":"2026-11-23T23:10:00","Button2":{"Action":"DOUBLE"},"Button1":{"Action":"CLEAR"}}'
    (event,) = read("tasmota/tele/panel/SENSOR", payload)
    assert (event.device, event.kind, event.attributes["action"]) == ("panel/Button2", "button", "DOUBLE")


def test_presses_a_tenth_of_a_second_apart_are_two(read: Any) -> None:
    assert keys(read("shelly/panel/events/rpc", pushed(AT + 0.1))) != keys(
        read("shelly/panel/events/rpc", pushed(AT + 0.2))
    )
    twice = json.loads(pushed(AT + 0.1))
    twice["params"]["events"] *= 2
    first, second = keys(read("shelly/panel/events/rpc", json.dumps(twice)))
    assert first != second


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("zigbee2mqtt/" + "x" * 129, "{}"),
        ("zigbee2mqtt/\u200b", "{}"),
        ("tasmota/tele/" + "x" * 129 + "/SENSOR", '{"Switch1":"ON"}'),
        ("shelly/" + "x" * 129 + "/online", "true"),
        ("sparkplug/" + "x" * 100 + "/NDATA/" + "y" * 40, '{"seq":1}'),
        ("thingsboard/v1/gateway/telemetry", json.dumps({"x" * 129: [{"temperature": 1}]})),
    ],
)
def test_a_device_has_a_name_of_bounded_length(read: Any, rest: str, payload: str) -> None:
    (found,) = read(rest, payload)
    assert found.reason in {"bad_topic", "bad_value"}


@pytest.mark.parametrize("format", ["zigbee2mqtt", "tasmota", "shelly", "sparkplug", "thingsboard"])
@pytest.mark.parametrize("rest", ["", "/x", "/x/y/z/some/thing/else"])
def test_a_topic_of_nobody_says_nothing(read: Any, format: str, rest: str) -> None:
    assert read(f"{format}{rest}", "") == []


def test_a_part_is_a_device_of_its_own() -> None:
    assert channel_of("d", "input:1") == "d/input:1"
    assert channel_of("d", "a/b+c#d") == "d/a b c d"
    assert channel_of("d", "\u200b") == "d"
    assert len(channel_of("d" * 128, "x" * 300)) == 128


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("Temperature", "temperature", ""),
        ("temperature2", "temperature", "2"),
        ("Outside Temp", "temperature", "Outside"),
        ("coldStoreTemperature", "temperature", "cold Store"),
        ("PM2.5", "pm25", ""),
        ("pm2_5", "pm25", ""),
        ("roomCO2", "co2", "room"),
        ("waterLeak", "water_leak", ""),
        ("WATER-LEAK", "water_leak", ""),
        ("Panic button 3", "panic_button", "3"),
        ("door_status", "door_open", ""),
        ("TempC_DS", "temperature", "DS"),
        ("gasAlarmState", "gas_leak", ""),
        ("Battery Status", "other", ""),
        ("status", "other", ""),
        ("Temperature Setpoint", "other", ""),
        ("水浸", "other", ""),
        ("", "other", ""),
        ("___", "other", ""),
    ],
)
@pytest.mark.parametrize("vendor", ["sparkplug", "thingsboard"])
def test_names_end_with_what_they_tell(vendor: str, name: str, kind: str, part: str) -> None:
    mapped, of = meant(vendor, name)
    assert (mapped.kind, of) == (kind, part)


@pytest.mark.parametrize(
    ("raw", "value", "is_so"),
    [
        (1, 1.0, True),
        (0, 0.0, False),
        (2, 2.0, None),
        ("80.00", 80.0, None),
        (" ON ", None, True),
        ("closed", None, False),
        ("Uninstalled", None, True),
        ("vacant", None, False),
        (True, None, True),
        ("nan", None, None),
        ("1" * 65, None, None),
        (float("inf"), None, None),
        (10**400, None, None),
        (None, None, None),
        ([], None, None),
        ("perhaps", None, None),
    ],
)
def test_values_in_any_notation(raw: Any, value: float | None, is_so: bool | None) -> None:
    assert number(raw) == value
    assert truth(raw) is is_so


def test_a_message_without_end_is_cut(read: Any) -> None:
    found = read("thingsboard/d/v1/devices/me/telemetry", json.dumps({f"k{n}": n for n in range(2000)}))
    assert len(found) == 513
    assert found[-1].reason == "too_large"
    metrics = [{"name": f"m{n}", "value": n} for n in range(2000)]
    found = read("sparkplug/G/DDATA/n/d", json.dumps({"metrics": metrics}))
    assert len(found) == 1025
    assert found[-1].reason == "too_large"


def packed(body: bytes) -> bytes:
    length = len(body)
    return b"\x22\x12SPBV1.0_COMPRESSED\x2a" + bytes([length & 127 | 128, length >> 7]) + body


@pytest.mark.parametrize(
    ("body", "reason", "place"),
    [
        (b"nothing packed", "bad_value", "body"),
        (zlib.compress(b"\x18\x02")[:-2], "bad_value", "body"),
        (zlib.compress(bytes(2 << 20)), "too_large", "body"),
        (zlib.compress(b"\xff"), "not_protobuf", "payload"),
    ],
)
def test_what_is_packed_badly_is_refused(read: Any, body: bytes, reason: str, place: str) -> None:
    (found,) = read("sparkplug/G/NDATA/n", packed(body))
    assert (found.reason, found.place) == (reason, place)


@pytest.mark.parametrize(
    ("rest", "device"),
    [
        ("tele/hall/SENSOR", "hall"),
        ("hall/tele/SENSOR", "hall"),
        ("building/stat/hall/STATUS10", "building/hall"),
        ("building/hall/SENSOR", "building/hall"),
        ("tele/tasmota_ble/ATCf71e3d", "tasmota_ble/ATCf71e3d"),
        ("tele/SENSOR", None),
        ("cmnd/hall/SENSOR", None),
        ("hall/SOMETHING", None),
    ],
)
def test_a_prefix_stands_anywhere(read: Any, rest: str, device: str | None) -> None:
    found = read(f"tasmota/{rest}", '{"Temperature":21.5}')
    assert [item.device for item in found] == ([] if device is None else [device])


@pytest.mark.parametrize(
    ("raw", "phase"), [(True, "end"), ("open", "start"), ("closed", "end"), (0, "start")]
)
@pytest.mark.parametrize("rest", ["zigbee2mqtt/door", "thingsboard/door/v2/t"])
def test_a_contact_is_open_in_any_notation(read: Any, rest: str, raw: Any, phase: str) -> None:
    (event,) = read(rest, json.dumps({"contact": raw}))
    assert (event.kind, event.phase) == ("door_open", phase)
