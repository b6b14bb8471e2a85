"""Shelly, second generation and later: RPC notifications on `events/rpc`, `online`, and `status/COMPONENT`.

The device is what its topic prefix says. Component 0 of a sort speaks for the device itself; `input:1` and
`temperature:100` are parts of it with names of their own.
"""

from datetime import tzinfo
from typing import Any

import msgspec

from safety_service.domain.decoding.liveness import liveness, read_word
from safety_service.domain.decoding.readings import MOST_EVENTS, Telling, device_of, mark_of, read_object
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.shelly.components import tell_status
from safety_service.domain.decoding.shelly.events import SILENT, tell_event
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

ONLINE = {"true": b"online", "false": b"offline"}
OWN_STATE = SILENT | {"script"}
TEST_CAUSE = "alarm_test"


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
                tell_status(telling, name, status)
    elif method == "NotifyEvent":
        return _events(telling, parameters.get("events"), zone)
    return telling.close()


def _component_status(
    message: Message, topic: Topic, device: str | Rejected, zone: tzinfo
) -> list[Event | Rejected]:
    if isinstance(device, Rejected):
        return [device]
    if not message.payload or topic.rest[-1].partition(":")[0] in OWN_STATE:
        return []
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    telling = _telling(message, topic, device, None, zone)
    tell_status(telling, topic.rest[-1], content)
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
        tell_event(one, item, place)
        found += one.close()
    return found
