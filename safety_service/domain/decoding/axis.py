"""The MQTT event bridge of Axis cameras: JSON with a topic, milliseconds, and a text for every value.

The device is the serial number, from the payload where the camera puts it there, else what the topic has left
of `event`; ports are devices of their own below it.
"""

from collections.abc import Mapping
from datetime import tzinfo
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
    number,
    text,
    truth,
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
from safety_service.domain.decoding.liveness import liveness, word_event
from safety_service.domain.decoding.profiles import Mapped, profile
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

EVENT = "event"
WILLS = frozenset({"status", "connection", "connect", "lwt", "availability"})
HUMAN = frozenset({"human", "person", "face"})
VEHICLES = frozenset(
    {"vehicle", "car", "truck", "bus", "bike", "motorcycle_bicycle", "motorcycle/bicycle", "vehicle_other"}
)
# What an application sees is told by the class of the object, and that by the payload.
BY_CLASS = "CameraApplicationPlatform/ObjectAnalytics"
UNITS = {"temperature": "°C", "humidity": "%", "co2": "ppm", "pm25": "µg/m³"}
# They are inputs, whatever a bureau maps them to.
INPUT_TOPICS = ("Device/IO/", "Device/Trigger/DigitalInput")
# An air quality sensor tells all that it measures at once, each under a name of its own.
AIR = "AirQualityMonitor"


def decode_axis(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """The one event of a message; an empty one has deleted a retained property and says nothing."""
    if not message.payload.strip(b"\x00 \r\n\t"):
        return []
    prefix, path = _place(topic.rest)
    if path is None and topic.rest and topic.rest[-1].lower() in WILLS:
        return _will(message, topic, "/".join(topic.rest[:-1]))
    body = read_lenient(message.payload)
    if isinstance(body, Rejected):
        return [body]
    if not isinstance(body, Mapping):
        return [refused("bad_value", "payload", "An Axis event is an object with topic and message.")]
    told = body.get("topic")
    path = _plain(told[:LONGEST_CODE]) if isinstance(told, str) and told else path
    if not path:
        return [refused("missing_field", "topic", "The field topic is required and missing.")]
    serial = text(body.get("serial"))
    device = named(serial.upper() if serial else prefix)
    if isinstance(device, Rejected):
        return [device]
    return _event(message, topic, zone, device, path, body)


@lru_cache(maxsize=8192)
def _place(rest: tuple[str, ...]) -> tuple[str, str | None]:
    """What names the device, and the event's topic; namespaces and source values are left out."""
    if EVENT not in rest:
        return "/".join(rest), None
    at = rest.index(EVENT)
    path: list[str] = []
    for segment in rest[at + 1 :]:
        if segment == "$source":
            break
        if not segment.startswith("tns"):
            path.append(segment)
    return "/".join(rest[:at]), "/".join(path)[:LONGEST_CODE] or None


@lru_cache(maxsize=1024)
def _plain(told: str) -> str:
    """`onvif:Device/axis:IO/Port` without its aliases."""
    return "/".join(segment.rpartition(":")[2] for segment in told.split("/") if segment)


def _will(message: Message, topic: Topic, raw_device: str) -> list[Event | Rejected]:
    """The messages of the camera's own MQTT client: a word, or an object that says `connected`."""
    device = named(raw_device)
    if isinstance(device, Rejected):
        return [device]
    if message.payload.lstrip()[:1] != b"{":
        return liveness(message, topic, device=device, gateway=device)
    body = read_lenient(message.payload)
    if isinstance(body, Rejected):
        return [body]
    connected = truth(body.get("connected"))
    if connected is None:
        return []
    phase: Phase = "end" if connected else "start"
    word = "online" if connected else "offline"
    return [word_event(message, topic, device, device, "device_offline", phase, word)]


def _event(
    message: Message, topic: Topic, zone: tzinfo, device: str, path: str, body: Mapping[str, Any]
) -> list[Event | Rejected]:
    inner = body.get("message")
    if not isinstance(inner, Mapping):
        inner = {}
    source, data = items_of(inner.get("source")), items_of(inner.get("data"))
    data |= {name: value for name, value in items_of(inner.get("key")).items() if name not in data}
    time = read_time(body.get("timestamp", data.get("triggertime")), message.received_at, zone)
    if path.startswith(AIR):
        return _air(message, topic, time, device, path, data)
    mapped = _meaning(path, data)
    value = _value(mapped.kind, data)
    phase = "measure" if value is not None else _phase(mapped.kind, data, message.retained)
    port = source.get("port", source.get("inputtoken"))
    if mapped.kind == "alarm_input" or path.startswith(INPUT_TOPICS):
        device = input_of(device, port)
    return event_of(
        message,
        topic,
        time,
        device=device,
        mapped=mapped,
        phase=phase,
        key=f"{path[:120]}|{phase if phase != 'state' else 'start'}|{digest([source, data])}",
        attributes=_attributes(path, source, data),
        place="timestamp",
        event_id=object_of(data) if phase == "pulse" else None,
        value=value,
        unit=UNITS.get(mapped.kind) if value is not None else None,
    )


def _air(
    message: Message, topic: Topic, time: Reading, device: str, path: str, data: Items
) -> list[Event | Rejected]:
    """A measurement for each value that the vendor table knows, and an event for what else it found."""
    found: list[Event | Rejected] = []
    for name, raw in data.items():
        mapped = profile("axis").look_up(f"{AIR}/{name}")
        value = number(raw) if mapped.kind in MEASUREMENTS else None
        if not mapped.known or (value is None and not truth(raw)):
            continue
        # The time is told of all of them: that it cannot be read is said once.
        found += event_of(
            message,
            topic,
            time._replace(error=None) if found else time,
            device=device,
            mapped=mapped,
            phase="pulse" if value is None else "measure",
            key=f"{path[:120]}|{name[:40]}|{str(raw)[:40]}",
            attributes={"code": path, "name": name},
            place="timestamp",
            value=value,
            unit=UNITS.get(mapped.kind) if value is not None else None,
        )
    return found


def _meaning(path: str, data: Items) -> Mapped:
    # What is over is told by its topic alone: a word is about what began.
    word = word_of(data) if state_of(data) is not False else None
    mapped = look_up_path(profile("axis"), path if word is None else f"{path}/{word}")
    if mapped.kind != "motion" or not path.startswith(BY_CLASS):
        return mapped
    counts = "total" in data or "totalhuman" in data
    classes = (text(data.get("reason")) if counts else class_of(data)) or ""
    seen = set(classes.lower().replace(",", " ").split())
    if counts and not seen & VEHICLES:
        return Mapped("people_count", mapped.severity)
    kind = "person" if seen & HUMAN else "vehicle" if seen & VEHICLES else mapped.kind
    return Mapped(kind, mapped.severity)


def _value(kind: str, data: Items) -> float | None:
    """The number of a measurement; of all that a scenario counts, the people."""
    if kind not in MEASUREMENTS:
        return None
    people = number(data.get("totalhuman")) if kind == "people_count" else None
    return number_of(data) if people is None else people


def _phase(kind: str, data: Items, retained: bool) -> Phase:
    state = None if kind in MOMENTS else state_of(data)
    return "pulse" if state is None else lasting(state, retained)


def _attributes(path: str, source: Items, data: Items) -> dict[str, Any]:
    told = {
        "code": path,
        "channel": text(source.get("videosourceconfigurationtoken")) or text(source.get("channel")),
        "input": text(source.get("port", source.get("inputtoken"))),
        "sensor": text(source.get("sensor")),
        "disk": text(source.get("disk_id")),
        "object": class_of(data),
        "object_id": object_of(data),
        "plate": plate_of(data),
        "trigger_time": text(data.get("triggertime")),
    }
    return {name: value for name, value in told.items() if value is not None}
