"""Shelly, second generation and later: RPC notifications on `events/rpc`, `online`, and `status/COMPONENT`.

The device is what its topic prefix says. Component 0 of a sort speaks for the device itself; `input:1` and
`temperature:100` are parts of it with names of their own.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.liveness import liveness, read_word
from safety_service.domain.decoding.readings import MOST_EVENTS, Telling, device_of, mark_of, read_object
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

ONLINE = {"true": b"online", "false": b"offline"}
NO_PRESS = frozenset({"btn_up"})
SILENT = frozenset({"ble", "bthome", "cloud", "mqtt", "script", "sys", "wifi", "ws", "ota"})
TEST_CAUSE = "alarm_test"
Component = Callable[[Telling, str, str, dict[str, Any]], None]


def decode_shelly(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one device. Answers to calls and debug logs carry no news: an empty list."""
    rest = topic.rest
    if len(rest) > 1 and rest[-1] == "online":
        return _online(message, topic, device_of(rest[:-1]))
    if len(rest) > 2 and rest[-2:] == ("events", "rpc"):
        return _notification(message, topic, device_of(rest[:-2]), zone)
    if len(rest) > 2 and rest[-2] == "status":
        return _component_status(message, topic, device_of(rest[:-2]), zone)
    return []


def _online(message: Message, topic: Topic, device: str | Rejected) -> list[Event | Rejected]:
    if isinstance(device, Rejected):
        return [device]
    word = read_word(message.payload)
    if message.payload and word not in ONLINE:
        return [refused("bad_value", "payload", f"online is true or false, not {word!r}.")]
    told = msgspec.structs.replace(message, payload=ONLINE.get(word, b""))
    return liveness(told, topic, device=device, gateway=device)


def _notification(
    message: Message, topic: Topic, device: str | Rejected, zone: tzinfo
) -> list[Event | Rejected]:
    if isinstance(device, Rejected):
        return [device]
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    parameters = content.get("params")
    if not isinstance(parameters, dict):
        return [refused("missing_field", "params", "The field params is required and is an object.")]
    method = content.get("method")
    telling = _telling(message, topic, device, parameters.get("ts"), zone)
    if method in ("NotifyStatus", "NotifyFullStatus"):
        cause = _wakeup_cause(parameters.get("sys"))
        # A sensor that sleeps tells everything each time it wakes, and an alarm in no other way.
        telling.cached = method == "NotifyFullStatus" and cause is None
        telling.is_test = cause == TEST_CAUSE
        for name, status in parameters.items():
            if isinstance(status, dict):
                _status(telling, name, status)
    elif method == "NotifyEvent":
        return _events(telling, parameters.get("events"), zone)
    return telling.close()


def _component_status(
    message: Message, topic: Topic, device: str | Rejected, zone: tzinfo
) -> list[Event | Rejected]:
    if isinstance(device, Rejected):
        return [device]
    if not message.payload or topic.rest[-1].partition(":")[0] in SILENT:
        return []
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    telling = _telling(message, topic, device, None, zone)
    _status(telling, topic.rest[-1], content)
    return telling.close()


def _telling(message: Message, topic: Topic, device: str, ts: Any, zone: tzinfo) -> Telling:
    time = read_time(ts, message.received_at, zone)
    # Hundredths of a second: no two presses of one button share one.
    return Telling(
        message, topic, device, device, time, mark_of(message, time), is_fine=time.told_at is not None
    )


def _wakeup_cause(system: Any) -> str | None:
    """Why a device that sleeps woke; None for one that does not sleep."""
    reason = system.get("wakeup_reason") if isinstance(system, dict) else None
    return str(reason.get("cause")) if isinstance(reason, dict) else None


def _status(telling: Telling, name: str, status: dict[str, Any]) -> None:
    sort, _, instance = name.partition(":")
    reader = COMPONENTS.get(sort)
    if reader is not None:
        reader(telling, name, name if instance not in ("", "0") else "", status)


def _alarm(kind: str) -> Component:
    def read(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
        telling.flag(kind, f"{name}.alarm", status.get("alarm"), channel)

    return read


def _input(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    telling.flag("alarm_input", f"{name}.state", status.get("state"), channel)


def _measures(*fields: tuple[str, str]) -> Component:
    def read(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
        for field, kind in fields:
            telling.measure(kind, f"{name}.{field}", status.get(field), channel)

    return read


def _battery(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    battery = status.get("battery")
    if isinstance(battery, dict):
        telling.measure("battery", f"{name}.battery.percent", battery.get("percent"), channel)
        telling.measure("voltage", f"{name}.battery.V", battery.get("V"), channel)


def _switch(telling: Telling, name: str, channel: str, status: dict[str, Any]) -> None:
    if isinstance(status.get("output"), bool):
        telling.say("other", f"{name}.output", status["output"], channel)
    _LOAD(telling, name, channel, status)
    errors = status.get("errors")
    if isinstance(errors, list):
        telling.say("overheating", f"{name}.overtemp", "overtemp" in errors, channel)


_LOAD = _measures(("apower", "power"), ("voltage", "voltage"))
COMPONENTS: dict[str, Component] = {
    "smoke": _alarm("smoke"),
    "flood": _alarm("water_leak"),
    "input": _input,
    "temperature": _measures(("tC", "temperature")),
    "humidity": _measures(("rh", "humidity")),
    "illuminance": _measures(("lux", "illuminance")),
    "devicepower": _battery,
    "em": _measures(("total_act_power", "power")),
    "em1": _measures(("act_power", "power"), ("voltage", "voltage")),
    "pm1": _LOAD,
    "switch": _switch,
    "cover": _LOAD,
    "light": _LOAD,
}


def _events(telling: Telling, events: Any, zone: tzinfo) -> list[Event | Rejected]:
    """Each item of the list by itself, with its own time."""
    if not isinstance(events, list):
        return [refused("missing_field", "params.events", "The field events is required and is a list.")]
    found: list[Event | Rejected] = []
    for place, item in enumerate(events[:MOST_EVENTS]):
        if not isinstance(item, dict) or not isinstance(item.get("event"), str):
            detail = "An event is an object with the fields component and event."
            found.append(refused("bad_value", f"params.events[{place}]", detail))
            continue
        one = _telling(telling.message, telling.topic, telling.device, item.get("ts"), zone)
        if one.time.told_at is None and one.time.error is None:
            one.time, one.is_fine = telling.time, telling.is_fine
            one.mark = telling.mark
        _happened(one, item, place)
        found += one.close()
    return found


def _happened(telling: Telling, item: dict[str, Any], place: int) -> None:
    name, word = str(item.get("component"))[:64].replace("\x00", ""), item["event"][:64].replace("\x00", "")
    sort, _, instance = name.partition(":")
    channel = name if instance not in ("", "0") else ""
    if sort == "input":
        if word.startswith("config_"):
            return
        if word not in NO_PRESS:
            telling.press("button", f"{name}|{place}", word, channel)
    elif word == "config_changed":
        telling.event(f"{name}|{word}|{place}", channel).kind = "config_changed"
    elif sort not in SILENT:
        event = telling.event(f"{name}|{word}|{place}", channel)
        event.attributes["vendor_code"] = clean_value(f"{sort}.{word}")
