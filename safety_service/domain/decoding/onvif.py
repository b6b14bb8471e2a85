"""The event broker of ONVIF (Profile M): JSON below `{device}/onvif-ej/`, properties as retained messages.

The device is what its TopicPrefix says, left of `onvif-ej`; digital inputs are devices of their own below it.
A property that is deleted (an empty message) says nothing: it neither ends an alarm nor begins one.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from safety_service.domain.decoding.cameras import (
    LONGEST_CODE,
    MOMENTS,
    event_of,
    input_of,
    lasting,
    look_up_path,
    named,
    text,
)
from safety_service.domain.decoding.details import digest
from safety_service.domain.decoding.items import (
    Items,
    class_of,
    items_of,
    number_of,
    object_of,
    plate_of,
    state_of,
    word_of,
)
from safety_service.domain.decoding.kinds import MEASUREMENTS
from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.profiles import Mapped, profile
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import EPOCH, Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

BROKER = "onvif-ej"
NAMESPACE = re.compile(r"^(?:tns\w*|onvif|axis):")
CHANNELS = (
    "videosource", "videosourcetoken", "videosourceconfigurationtoken", "videosourceconfiguration", "source",
    "audiosource", "audiosourceconfigurationtoken",
)  # fmt: skip
INPUTS = ("inputtoken", "input", "port", "token", "alarmintoken")
# They are inputs, whatever a bureau maps them to.
INPUT_TOPICS = ("Device/Trigger/DigitalInput", "Device/Trigger/AlarmIn", "Device/IO/DigitalInput")
UNITS = {"temperature": "°C", "humidity": "%", "battery": "%"}
# The standard says Kelvin, its own example is in Celsius, and no sensor in a school reads 150 °C.
COLDEST_KELVIN, KELVIN = 150.0, 273.15
CLASS_KINDS = {
    "human": "person",
    "person": "person",
    "face": "person",
    "vehicle": "vehicle",
    "car": "vehicle",
}
# Some makers tell whom they have seen by the name of the item.
FLAG_KINDS = {"ispeople": "person", "isperson": "person", "isvehicle": "vehicle", "isface": "person"}
FRAME = ("Topic", "UtcTime", "PropertyOperation", "Message", "Source", "Key", "Data")
FRAME_NAMES = {name.lower(): name for name in FRAME}
NEVER_HAPPENED = EPOCH + timedelta(days=1)


def decode_onvif(message: Message, topic: Topic, _zone: tzinfo) -> list[Event | Rejected]:
    """The one event of a message. Times are UTC by the standard, whatever the school's zone."""
    placed = _place(topic.rest)
    if placed is None:
        return _beside_the_broker(message, topic)
    raw_device, path = placed
    device = named(raw_device)
    if isinstance(device, Rejected):
        return [device]
    if not message.payload.strip(b"\x00 \r\n\t"):
        return []
    body = read_lenient(message.payload)
    if isinstance(body, Rejected):
        return [body]
    if not isinstance(body, Mapping):
        return [refused("bad_value", "payload", "An ONVIF event is an object with UtcTime, Source and Data.")]
    return _event(message, topic, device, path, body if "Data" in body else _framed(body))


@lru_cache(maxsize=8192)
def _place(rest: tuple[str, ...]) -> tuple[str, str] | None:
    """The TopicPrefix, and the event's topic without namespaces and source values (from the first `&` on)."""
    if BROKER not in rest:
        return None
    at = rest.index(BROKER)
    return "/".join(rest[:at]), _plain(list(rest[at + 1 :]))


def _beside_the_broker(message: Message, topic: Topic) -> list[Event | Rejected]:
    """A heartbeat and a last will are messages of the device's MQTT client and not of the event broker."""
    last = topic.rest[-1].lower() if topic.rest else ""
    device = named("/".join(topic.rest[:-1]))
    if isinstance(device, str) and last in ("status", "availability"):
        return liveness(message, topic, device=device, gateway=device)
    if isinstance(device, str) and last == "heartbeat":
        now = Reading(message.received_at, False, None, None)
        beat = Mapped("heartbeat")
        return event_of(
            message, topic, now, device=device, mapped=beat, phase="pulse", key=last, attributes={}
        )
    told = _with_topic(message.payload)
    if told is not None and isinstance(device := named("/".join(topic.rest)), str):
        return _event(message, topic, device, _plain(told["Topic"].split("/")), told)
    return [refused("bad_topic", "topic", f"An ONVIF topic is …/onvif/DEVICE/{BROKER}/EVENT.")]


def _with_topic(payload: bytes) -> Mapping[str, Any] | None:
    """What a gateway made of a camera's event: its topic is in the payload."""
    body = read_lenient(payload) if payload.lstrip()[:1] == b"{" else None
    held = _framed(body) if isinstance(body, Mapping) else {}
    told = held.get("Topic")
    return held if isinstance(told, str) and told.strip("/") else None


def _framed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The frame in the standard's spelling: a gateway may fold its case or leave it in its `Message`."""
    held = _spelled(body)
    inner = held.get("Message")
    return held | _spelled(inner) if isinstance(inner, Mapping) else held


def _spelled(section: Mapping[str, Any]) -> dict[str, Any]:
    return {FRAME_NAMES.get(name.lower(), name): value for name, value in section.items()}


def _plain(segments: list[str]) -> str:
    """The topic without namespaces and source values (from the first `&` on)."""
    path = []
    for segment in segments:
        if segment.startswith("&"):
            break
        path.append(NAMESPACE.sub("", segment))
    return "/".join(path)[:LONGEST_CODE]


def _event(
    message: Message, topic: Topic, device: str, path: str, body: Mapping[str, Any]
) -> list[Event | Rejected]:
    operation = str(body.get("PropertyOperation", "")).lower()
    if operation == "deleted":
        return []
    source, data = items_of(body.get("Source")), items_of(body.get("Data"))
    data |= {name: value for name, value in items_of(body.get("Key")).items() if name not in data}
    told = body.get("UtcTime")
    time = read_time(told, message.received_at, UTC)
    stored = message.retained or operation == "initialized"
    if stored and time.told_at is not None and _never(time.told_at):
        return []
    mapped = _meaning(path, data)
    phase, value = _phase(mapped.kind, data, stored)
    attributes = _attributes(path, source, data)
    seen = object_of(data)
    if mapped.kind == "alarm_input" or path.startswith(INPUT_TOPICS):
        device = input_of(device, next((source[name] for name in INPUTS if name in source), None))
    return event_of(
        message,
        topic,
        time,
        device=device,
        mapped=mapped,
        phase=phase,
        key=f"{path[:120]}|{phase if phase != 'state' else 'start'}|{digest([source, data])}",
        attributes=attributes,
        place="UtcTime",
        event_id=seen[:64] if seen is not None and phase == "pulse" else None,
        value=value,
        unit=UNITS.get(mapped.kind) if value is not None else None,
    )


def _never(told_at: datetime) -> bool:
    """A device reports 1970 for a property that was never set since it was made."""
    return told_at < NEVER_HAPPENED


def _meaning(path: str, data: Items) -> Mapped:
    # What is over is told by its topic alone: a word is about what began.
    word = word_of(data) if state_of(data) is not False else None
    mapped = look_up_path(profile("onvif"), path if word is None else f"{path}/{word}")
    if mapped.known:
        return mapped
    for name, kind in FLAG_KINDS.items():
        if name in data:
            return Mapped(kind, mapped.severity)
    if "classtypes" in data:
        classes = (class_of(data) or "").replace(",", " ").split()
        seen = [CLASS_KINDS[name] for name in classes if name in CLASS_KINDS]
        return Mapped(seen[0], mapped.severity) if seen else mapped
    return mapped


def _phase(kind: str, data: Items, stored: bool) -> tuple[Phase, float | None]:
    if kind in MEASUREMENTS:
        value = number_of(data)
        if value is not None:
            if kind == "temperature" and value > COLDEST_KELVIN:
                value = round(value - KELVIN, 2)
            return "measure", value
    state = None if kind in MOMENTS else state_of(data)
    return ("pulse" if state is None else lasting(state, stored)), None


def _attributes(path: str, source: Items, data: Items) -> dict[str, Any]:
    channel = next((text(source[name]) for name in CHANNELS if name in source), None)
    told = {
        "code": path,
        "channel": channel,
        "rule": text(source.get("rule")) or text(source.get("rulename")),
        "object": class_of(data),
        "object_id": object_of(data),
        "plate": plate_of(data),
        "threshold": data.get("threshold"),
        "sensor": text(source.get("sensorid")),
        "input": next((text(source[name]) for name in INPUTS if name in source), None),
    }
    return {name: value for name, value in told.items() if value is not None}
