"""GA/T 1400 as a view library passes it on: notifications of captured objects, images with an event code."""

from datetime import datetime
from typing import Any

import msgspec

from device_simulator.formats.digits import code_of
from device_simulator.formats.gb28181 import BEIJING
from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
_OBJECTS = {"person": "Person", "vehicle": "MotorVehicle", "plate_recognized": "MotorVehicle"}
_EVENTS = {
    "fight": "03",
    "line_crossing": "05",
    "intrusion": "06",
    "loitering": "08",
    "crowd": "11",
    "phone_use": "604",
    "no_chef_hat": "605",
    "no_mask": "606",
    "smoking": "607",
    "no_gloves": "608",
    "no_uniform": "609",
    "standing_water": "611",
    "bin_uncovered": "612",
    "rodent": "614",
    "off_post": "618",
    "fire": "619",
}


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """One message for each beginning: an object is captured, and that is all there is to it."""
    return [_message(pen, each, now) for each in happenings if each.phase in ("start", "pulse")]


def link(school: str, pen: Pen) -> Link:
    """The word of the bridge."""
    return Link(f"campus/v1/{school}/viid/{pen.gateway}/status", b"online", b"offline")


def _message(pen: Pen, happening: Happening, now: datetime) -> WireMessage:
    device, school = happening.device, happening.device.school
    pen.posts[school] = number = pen.posts.get(school, 0) + 1
    time = now.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
    # Device, what it is, time, a number: the standard's own ids.
    identity = f"{device.code}02{time}{number % 100_000:05d}"
    if happening.kind in _OBJECTS:
        path, body = "SubscribeNotifications", _notification(happening, identity, time)
    else:
        path, body = "Images", _image(happening, identity, time)
    topic = f"campus/v1/{school}/viid/{pen.gateway}/{path}"
    return WireMessage(school, "viid", topic, _encode(body))


def _notification(happening: Happening, identity: str, time: str) -> dict[str, Any]:
    name = _OBJECTS[happening.kind]
    seen: dict[str, Any] = {
        f"{name}ID": f"{identity}0100001",
        "InfoKind": 1,
        "SourceID": identity,
        "DeviceID": happening.device.code,
        "PassTime" if name == "MotorVehicle" else "LocationMarkTime": time,
        "LeftTopX": "",
    }
    if plate := happening.attributes.get("plate"):
        seen |= {"HasPlate": "1", "PlateNo": plate}
    notice = {
        "NotificationID": f"{identity[:12]}04{time}{identity[-5:]}",
        "SubscribeID": f"{identity[:12]}0300000000000000001",
        "Title": "subscription",
        "TriggerTime": time,
        "InfoIDs": seen[f"{name}ID"],
        f"{name}ObjectList": {f"{name}Object": [seen]},
    }
    return {"SubscribeNotificationListObject": {"SubscribeNotificationObject": [notice]}}


def _image(happening: Happening, identity: str, time: str) -> dict[str, Any]:
    about = {
        "ImageID": identity,
        "InfoKind": 1,
        "DeviceID": happening.device.code,
        "ShotTime": time,
        "EventSort": _EVENTS[happening.kind],
        "FileFormat": "Jpeg",
    }
    return {"ImageListObject": {"Image": [{"ImageInfo": about}]}}


VIID = Format(
    write,
    link,
    frozenset({*_OBJECTS, *_EVENTS}),
    frozenset({"camera", "flame_camera", "fence", "kitchen_ai"}),
    code_of,
)
