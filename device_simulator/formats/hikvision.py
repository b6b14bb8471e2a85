"""Hikvision's alerts in XML: active posted again and again with a counter, inactive once at the end."""

from datetime import datetime
from hashlib import blake2b
from xml.sax.saxutils import escape

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening
from device_simulator.model import Device

_TYPES = {
    "person": "facedetection",
    "vehicle": "vehicledetection",
    "plate_recognized": "ANPR",
    "motion": "VMD",
    "line_crossing": "linedetection",
    "intrusion": "fielddetection",
    "climbing": "advReachHeight",
    "loitering": "loitering",
    "crowd": "group",
    "illegal_parking": "parking",
    "tamper": "shelteralarm",
    "fire": "fireDetection",
    "smoke": "smokeDetection",
    "panic_button": "emergencyCallHelp",
}
_ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<ipAddress>10.1.7.21</ipAddress>
<portNo>80</portNo>
<protocol>HTTP</protocol>
<macAddress>{mac}</macAddress>
<channelID>{channel}</channelID>
<dateTime>{time}</dateTime>
<activePostCount>{count}</activePostCount>
<eventType>{type}</eventType>
<eventState>{state}</eventState>
<eventDescription>{type} alarm</eventDescription>
<channelName>{name}</channelName>
{more}</EventNotificationAlert>
"""


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One alert for each happening."""
    return [_alert(pen, each, now) for each in happenings]


def link(school: str, pen: Pen) -> Link:
    """The word of the bridge that takes the alerts from the cameras."""
    return Link(f"campus/v1/{school}/hikvision/{pen.gateway}/status", b"online", b"offline")


def address(device: Device) -> str:
    """A camera is known by its MAC address and channel."""
    digits = blake2b(f"{device.school}/{device.code}".encode(), digest_size=5).hexdigest()
    mac = ":".join(digits[at : at + 2] for at in range(0, 10, 2))
    return f"a0:{mac}/1"


def _alert(pen: Pen, happening: Happening, now: datetime) -> WireMessage:
    device = happening.device
    mac, _, channel = device.code.rpartition("/")
    more = ""
    if plate := happening.attributes.get("plate"):
        more = f"<ANPR>\n<licensePlate>{escape(str(plate))}</licensePlate>\n</ANPR>\n"
    payload = _ALERT.format(
        mac=mac,
        channel=channel,
        time=now.isoformat(timespec="seconds"),
        count=_count(pen, happening),
        type=_TYPES[happening.kind],
        state="inactive" if happening.phase == "end" else "active",
        name=escape(device.name),
        more=more,
    )
    topic = f"campus/v1/{device.school}/hikvision/{pen.gateway}"
    return WireMessage(device.school, "hikvision", topic, payload.encode())


def _count(pen: Pen, happening: Happening) -> int:
    """How often it was posted as active, this time included; 0 once it is over."""
    if happening.phase == "end":
        pen.posts.pop(happening.story, None)
        return 0
    if happening.phase not in ("start", "update"):
        return 1
    pen.posts[happening.story] = count = pen.posts.get(happening.story, 0) + 1
    return count


HIKVISION = Format(
    write, link, frozenset(_TYPES), frozenset({"camera", "flame_camera", "fence", "panic_button"}), address
)
