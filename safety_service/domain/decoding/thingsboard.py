"""ThingsBoard's device API: telemetry of a device and of a gateway, and who connects to a gateway.

On ThingsBoard's own topics a device is the user name of its connection, which no message carries: the device
has to stand in the topic before `v1`. On a gateway it is the key in the payload.
"""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.liveness import word_event
from safety_service.domain.decoding.readings import (
    MOST_EVENTS,
    Telling,
    device_of,
    mark_of,
    read_object,
)
from safety_service.domain.decoding.refusal import read_any, refused
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.vendornames import as_told, meant
from safety_service.domain.types import Event, Message, Phase, Rejected

PROFILE = "thingsboard"
GATEWAY = "thingsboard"
LINKS: dict[str, Phase] = {"connect": "end", "disconnect": "start"}
SHORT = (("v2", "t"), ("v2", "t", "j"))
"""The short topics; `j` says that it is JSON."""


def decode_thingsboard(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Events of one message. Attributes, calls and claims carry no news: an empty list."""
    rest = topic.rest
    if len(rest) >= 3 and rest[-3:-1] == ("v1", "gateway"):
        gateway = device_of(rest[:-3]) if len(rest) > 3 else GATEWAY
        if isinstance(gateway, Rejected):
            return [gateway]
        if rest[-1] == "telemetry":
            return _gateway(message, topic, gateway, zone)
        return _link(message, topic, gateway, rest[-1]) if rest[-1] in LINKS else []
    if len(rest) >= 4 and rest[-4:-2] == ("v1", "devices") and rest[-1] == "telemetry":
        return _device(message, topic, rest[:-4] or rest[-2:-1], zone)
    for short in SHORT:
        if rest[-len(short) :] == short:
            return _device(message, topic, rest[: -len(short)], zone)
    return []


def _device(
    message: Message, topic: Topic, segments: tuple[str, ...], zone: tzinfo
) -> list[Event | Rejected]:
    if segments in ((), ("me",)):
        detail = "No message tells its user name: put the device before v1, …/DEVICE/v1/devices/me/telemetry."
        return [refused("bad_topic", "topic", detail)]
    device = device_of(segments)
    if isinstance(device, Rejected):
        return [device]
    content = read_any(message.payload)
    if isinstance(content, Rejected):
        return [content]
    return _bounded(_records(message, topic, device, None, content, "", zone))


def _gateway(message: Message, topic: Topic, gateway: str, zone: tzinfo) -> list[Event | Rejected]:
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]

    def every() -> Iterator[Event | Rejected]:
        for name, told in content.items():
            device = device_of((name,))
            if isinstance(device, Rejected):
                yield refused("bad_value", "payload", "A device's name has 1 to 128 visible characters.")
            else:
                yield from _records(message, topic, device, gateway, told, f"{device}.", zone)

    return _bounded(every())


def _bounded(found: Iterator[Event | Rejected]) -> list[Event | Rejected]:
    kept: list[Event | Rejected] = []
    for item in found:
        if len(kept) == MOST_EVENTS:
            detail = f"A message has at most {MOST_EVENTS} values; the rest was left out."
            return [*kept, refused("too_large", "payload", detail)]
        kept.append(item)
    return kept


def _records(
    message: Message, topic: Topic, device: str, gateway: str | None, told: Any, place: str, zone: tzinfo
) -> Iterator[Event | Rejected]:
    """A flat object, `{ts, values}`, or a list of either."""
    records = told if isinstance(told, list) else [told]
    for index, record in enumerate(records):
        where = f"{place.rstrip('.')}[{index}]" if isinstance(told, list) else place.rstrip(".") or "payload"
        if not isinstance(record, dict):
            detail = f"A record is an object, not {type(record).__name__}."
            yield refused("bad_value", where.replace("\x00", ""), detail)
            continue
        values, stamp = record.get("values"), record.get("ts")
        if not isinstance(values, dict):
            values = {key: value for key, value in record.items() if key != "ts"}
        time = read_time(stamp, message.received_at, zone)
        telling = Telling(message, topic, device, gateway, time, mark_of(message, time))
        yield from _values(telling, values, index)


def _values(telling: Telling, values: dict[str, Any], index: int) -> Iterator[Event | Rejected]:
    told_at = telling.time.told_at
    for key, raw in values.items():
        name = clean_value(key[:128])
        code, part = meant(PROFILE, name)
        event = telling.event(f"{index}|{name}", part)
        if told_at is not None:
            # The same key at the same time overwrites there; the same value is no second news here.
            event.dedup_key = f"{name}|{told_at.isoformat()}|{str(raw)[:64]}".replace("\x00", "")
        event.severity_hint = code.severity
        if as_told(event, code.kind, name, raw, cached=False):
            yield event
        telling.found.pop()
    if telling.time.error is not None:
        detail = f"The time {telling.time.source_time!r}: {telling.time.error}."
        yield refused("bad_time", "ts", detail)


def _link(message: Message, topic: Topic, gateway: str, word: str) -> list[Event | Rejected]:
    """A device that comes to the gateway, or leaves it."""
    content = read_object(message.payload)
    if isinstance(content, Rejected):
        return [content]
    name = content.get("device")
    if not isinstance(name, str):
        return [refused("missing_field", "device", "The field device is required and is a text.")]
    device = device_of((name,))
    if isinstance(device, Rejected):
        return [refused("bad_value", "device", device.detail)]
    event = word_event(message, topic, device, gateway, "device_offline", LINKS[word], word)
    if isinstance(content.get("type"), str):
        event.attributes["model"] = clean_value(content["type"][:128])
    return [event]
