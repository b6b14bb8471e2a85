"""The ONVIF event broker (Profile M): a property's state on its own topic, line crossings as moments."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode


class _Topic(NamedTuple):
    """Where a kind is told; `state` names the item that is true while it lasts, None for a moment."""

    path: str
    state: str | None


_TOPICS = {
    "person": _Topic("RuleEngine/MyRuleDetector/PeopleDetect", "State"),
    "vehicle": _Topic("RuleEngine/MyRuleDetector/VehicleDetect", "State"),
    "motion": _Topic("VideoSource/MotionAlarm", "State"),
    "line_crossing": _Topic("RuleEngine/LineDetector/Crossed", None),
    "intrusion": _Topic("RuleEngine/FieldDetector/ObjectsInside", "IsInside"),
    "loitering": _Topic("RuleEngine/LoiteringDetector/ObjectIsLoitering", "State"),
    "crowd": _Topic("RuleEngine/CrowdDetector/Crowded", "State"),
    "tamper": _Topic("VideoSource/GlobalSceneChange/AnalyticsService", "State"),
    "fire": _Topic("RuleEngine/FlameDetector", "State"),
    "smoke": _Topic("RuleEngine/SmokeDetector", "State"),
    "plate_recognized": _Topic("RuleEngine/Recognition/LicensePlate", None),
}


def write(_pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for a beginning and one for an end; that something goes on is not told."""
    return [message for each in happenings for message in _write_one(each, now)]


def link(school: str, pen: Pen) -> Link:
    """The word of the MQTT client."""
    return Link(f"campus/v1/{school}/onvif/{pen.gateway}/status", b"online", b"offline")


def _write_one(happening: Happening, now: datetime) -> list[WireMessage]:
    topic = _TOPICS[happening.kind]
    if topic.state is None:
        data = {"ObjectId": _object(happening.story)}
        if plate := happening.attributes.get("plate"):
            data["PlateNumber"] = str(plate)
        return [_message(happening, topic.path, data, now)]
    states = {"start": ("true",), "end": ("false",), "pulse": ("true", "false")}.get(happening.phase, ())
    return [_message(happening, topic.path, {topic.state: state}, now) for state in states]


def _message(happening: Happening, path: str, data: dict[str, str], now: datetime) -> WireMessage:
    device = happening.device
    body = {
        "UtcTime": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "Source": {"VideoSource": "1", "Rule": device.zone.code},
        "Data": data,
    }
    topic = f"campus/v1/{device.school}/onvif/{device.code}/onvif-ej/{path}/&1/{device.zone.code}"
    return WireMessage(device.school, "onvif", topic, _encode(body))


def _object(story: str) -> str:
    """The tracker's number of what crosses a line."""
    return str(int.from_bytes(blake2b(story.encode(), digest_size=2).digest(), "big"))


ONVIF = Format(write, link, frozenset(_TOPICS), frozenset({"camera", "flame_camera"}))
