"""The MQTT event bridge of an Axis camera: every value a text, the time in milliseconds, a serial number."""

from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening
from device_simulator.model import Device

_encode = msgspec.json.Encoder().encode


class _Topic(NamedTuple):
    """Where a kind is told, and the class of the object where one application tells several kinds."""

    path: str
    seen: str | None = None


_APPLICATION = "axis:CameraApplicationPlatform"
_TOPICS = {
    "person": _Topic(f"{_APPLICATION}/ObjectAnalytics/Device1Scenario1", "human"),
    "vehicle": _Topic(f"{_APPLICATION}/ObjectAnalytics/Device1Scenario2", "car"),
    "motion": _Topic(f"{_APPLICATION}/VMD/Camera1ProfileANY"),
    "line_crossing": _Topic(f"{_APPLICATION}/FenceGuard/Camera1Profile1"),
    "intrusion": _Topic(f"{_APPLICATION}/PerimeterDefender/Camera1Profile1"),
    "loitering": _Topic(f"{_APPLICATION}/LoiteringGuard/Camera1Profile1"),
    "tamper": _Topic("onvif:Device/axis:Casing/Open"),
    "smoke": _Topic(f"{_APPLICATION}/SmokeAndFireDetector/Camera1Profile1"),
}
_STATES = {"start": ("1",), "end": ("0",), "pulse": ("1", "0")}


def write(_pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for a beginning and one for an end; that something goes on is not told."""
    return [_message(each, state, now) for each in happenings for state in _STATES.get(each.phase, ())]


def link(school: str, pen: Pen) -> Link:
    """The word of the MQTT client."""
    return Link(f"campus/v1/{school}/axis/{pen.gateway}/status", b"online", b"offline")


def serial(device: Device) -> str:
    """The serial number of an Axis camera is its MAC address."""
    digest = blake2b(f"{device.school}/{device.code}".encode(), digest_size=3).hexdigest()
    return f"ACCC8E{digest}".upper()


def _message(happening: Happening, state: str, now: datetime) -> WireMessage:
    device, topic = happening.device, _TOPICS[happening.kind]
    data: dict[str, Any] = {"active": state} if "Casing" not in topic.path else {"open": state}
    if topic.seen is not None:
        offset = now.strftime("%z")
        trigger = now.isoformat(timespec="milliseconds")[:23] + offset
        data |= {"triggerTime": trigger, "objectId": "4240", "classTypes": topic.seen}
    body = {
        "topic": topic.path,
        "timestamp": int(now.timestamp() * 1000),
        "serial": device.code,
        "message": {"source": {}, "key": {}, "data": data},
    }
    path = "/".join(
        f"tns:{alias}/{name}" if alias else name
        for alias, _, name in (part.rpartition(":") for part in topic.path.split("/"))
    )
    where = f"campus/v1/{device.school}/axis/{device.code}/event/{path}"
    return WireMessage(device.school, "axis", where, _encode(body))


AXIS = Format(write, link, frozenset(_TOPICS), frozenset({"camera"}), serial)
