"""Dahua's event lines with their data in JSON, as a bridge passes them on for each camera."""

from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
_CODES = {
    "person": "SmartMotionHuman",
    "vehicle": "SmartMotionVehicle",
    "plate_recognized": "TrafficJunction",
    "motion": "VideoMotion",
    "line_crossing": "CrossLineDetection",
    "intrusion": "CrossRegionDetection",
    "climbing": "ClimbDetection",
    "loitering": "WanderDetection",
    "crowd": "CrowdDetection",
    "illegal_parking": "ParkingDetection",
    "tamper": "VideoBlind",
    "fire": "FireWarning",
    "smoke": "SmokeDetection",
    "panic_button": "UrgencyAlarm",
}
_ACTIONS = {"start": "Start", "end": "Stop", "pulse": "Pulse"}


def write(_pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One line for a beginning, an end, a moment; that something goes on is not told."""
    return [_line(each, now) for each in happenings if each.phase in _ACTIONS]


def link(school: str, pen: Pen) -> Link:
    """The word of the bridge."""
    return Link(f"campus/v1/{school}/dahua/{pen.gateway}/status", b"online", b"offline")


def _line(happening: Happening, now: datetime) -> WireMessage:
    device = happening.device
    milliseconds = int(now.timestamp() * 1000)
    data: dict[str, Any] = {
        "Class": "Normal",
        "EventID": _number(happening.story),
        "Name": device.zone.code,
        "PTS": float(milliseconds),
        "UTC": milliseconds // 1000,
        "UTCMS": milliseconds % 1000,
    }
    if plate := happening.attributes.get("plate"):
        data["TrafficCar"] = {"PlateNumber": plate}
    head = f"Code={_CODES[happening.kind]};action={_ACTIONS[happening.phase]};index=0;data="
    topic = f"campus/v1/{device.school}/dahua/{device.code}/event"
    return WireMessage(device.school, "dahua", topic, head.encode() + _encode(data) + b"\n")


def _number(story: str) -> int:
    """The firmware's number of the event, the same for its start and its stop."""
    return 10_000 + int.from_bytes(blake2b(story.encode(), digest_size=4).digest(), "big")


DAHUA = Format(write, link, frozenset(_CODES), frozenset({"camera", "flame_camera", "fence", "panic_button"}))
