"""Captured objects and events in images. What names a person is left behind: most of them are children."""

import re
from typing import Any

from safety_service.domain.decoding.cleaning import clean_name, clean_value
from safety_service.domain.decoding.details import digest
from safety_service.domain.decoding.profiles import Mapped, code_text, profile
from safety_service.domain.decoding.snapshots import keep_snapshot, web_address
from safety_service.domain.decoding.telling import compact, receipt_key, scalar_text, timed
from safety_service.domain.decoding.viid.shapes import (
    Sender,
    device_of,
    first_time,
    objects_in,
    text,
    time_of,
)
from safety_service.domain.decoding.words import meaning_of
from safety_service.domain.types import SEVERITIES, Event, Rejected

EVENT_CODES = ("EventSort", "EventType", "AlarmType", "AlarmRuleType", "BehaviorType", "AnalysisType")
SAY_EVENTS = ("Image", "BehaviorAnalysis")
"""Of other objects an EventSort of one or two digits tells how they were captured."""
TIMES = (
    "PassTime",
    "OccuredTime",
    "OccurredTime",
    "EventTime",
    "AlarmTime",
    "LocationMarkTime",
    "MarkTime",
    "FaceAppearTime",
    "PersonAppearTime",
    "AppearTime",
    "ShotTime",
)
# Of a vehicle, and of how sure the device is. No name, no number of a document, no age, no sex.
KEPT = {
    "PlateColor": "plate_color",
    "PlateClass": "plate_class",
    "VehicleClass": "vehicle_class",
    "VehicleColor": "vehicle_color",
    "VehicleBrand": "vehicle_brand",
    "Speed": "speed",
    "Direction": "direction",
    "LaneNo": "lane",
    "InOut": "in_out",
    "SimilarityDegree": "similarity",
    "Similaritydegree": "similarity",
    "Confidence": "confidence",
}
PLATE = re.compile(r"[A-Za-z0-9]{3}|[\u4e00-\u9fff][A-Za-z]")
UNREAD = ("", "unknown", "none", "null", "noplate")
# A whole scene shows more than the crop of a face.
SCENES = ("14", "01", "100")


def read_object(
    name: str,
    content: dict[str, Any],
    sender: Sender,
    place: str,
    number: int = 0,
    meaning: tuple[str, Mapped] | None = None,
) -> list[Event | Rejected]:
    """One event for one object; `meaning` where a notification around it has said what it is."""
    identity = text(content, f"{name}ID", "ImageID", "ID")
    device = device_of(content, sender, f"{name}ID", "ImageID")
    if isinstance(device, Rejected):
        return [device]
    code, meant = meaning or _meaning(name, content)
    message = sender.message
    attributes = _attributes(name, code, content, sender)
    warning = _pictures(content, attributes, f"{place}.SubImageList")
    raw_time = first_time(content, *TIMES)
    if raw_time is None and sender.notice is not None:
        raw_time = first_time(sender.notice, "TriggerTime")
    event = Event(
        school=sender.topic.school,
        device=device,
        kind=meant.kind,
        phase="pulse",
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=sender.topic.format,
        dedup_key="",
        event_id=identity[:128].replace("\x00", "") or None,
        severity_hint=_severity(content) or meant.severity,
        snapshot_url=_link(content),
        attributes=attributes,
        retained=message.retained,
        gateway=sender.name or None,
    )
    found = timed(event, time_of(raw_time, message.received_at), f"{place}.time")
    event.dedup_key = _key(name, code, identity, content, event, sender, number)
    return [*found, warning] if warning is not None else found


def read_image(
    content: dict[str, Any], sender: Sender, place: str, *, holds_objects: bool = False
) -> list[Event | Rejected]:
    """The event that an image was taken of; an image without an event code is no news by itself.

    Cameras number the kind of what they capture (10 is a face) where events have their codes: an image that
    holds the objects themselves is told by them, unless its code is of three digits and more.
    """
    about = next(iter(objects_in(content.get("ImageInfo"), "ImageInfo")), content)
    code = text(about, *EVENT_CODES)
    if not code or (holds_objects and code.isdigit() and len(code) < 3):
        return []
    if "Data" in content and "Data" not in about:
        about = {**about, "Data": content["Data"]}
    return read_object("Image", about, sender, place)


def _attributes(name: str, code: str, content: dict[str, Any], sender: Sender) -> dict[str, Any]:
    attributes: dict[str, Any] = {"code": code, "object": name}
    for field in content:
        if field in KEPT and (kept := text(content, field)):
            attributes[KEPT[field]] = kept
    if name == "MotorVehicle" and (plate := _plate(content)):
        attributes["plate"] = plate
    if sender.notice is not None and (notification := text(sender.notice, "NotificationID")):
        attributes["notification"] = notification
    cleaned: dict[str, Any] = clean_value(attributes)
    return cleaned


def _meaning(name: str, content: dict[str, Any]) -> tuple[str, Mapped]:
    """By the event's code where one is given, else by what was captured."""
    sort = text(content, "EventSort")
    captured = name not in SAY_EVENTS and sort.isdigit() and len(sort) < 3
    given = code_text(text(content, *EVENT_CODES[captured:]))
    known = profile("viid")
    if given:
        meant = event_meaning(given)
        if meant.known or name in SAY_EVENTS:
            return given, meant
    code = f"{name}/plate" if name == "MotorVehicle" and _plate(content) else name
    return (given or code), known.look_up(code)


def event_meaning(code: str) -> Mapped:
    """What an event's code means, a digit alone as with its zero, or a word in its place."""
    meant = profile("viid").look_up(code if len(code) > 1 or not code.isdigit() else f"0{code}")
    return meant if meant.known else meaning_of(code)


def _plate(content: dict[str, Any]) -> str:
    """The number of a vehicle; cameras write words or dashes where they saw none."""
    plate = clean_name(text(content, "PlateNo"))
    return plate if PLATE.search(plate) and plate.strip("0").lower() not in UNREAD else ""


def _severity(content: dict[str, Any]) -> str | None:
    level = text(content, "AlarmLevel")
    return SEVERITIES[int(level) - 1] if level in ("1", "2", "3", "4") else None


def _key(
    name: str,
    code: str,
    identity: str,
    content: dict[str, Any],
    event: Event,
    sender: Sender,
    number: int,
) -> str:
    """Ids are often no more than the device's own number, so that the time and what was seen go with them."""
    plain = {field: value for field, value in content.items() if not isinstance(value, (dict, list))}
    if event.told_at is None and len(identity) < 33:
        event.told_at = sender.message.received_at
        return f"{name}|{code}|{receipt_key(sender.message)}|{number}"
    return f"{name}|{code}|{identity[:64]}|{event.source_time or ''}|{digest(compact(plain))}".replace(
        "\x00", ""
    )


def _images(content: dict[str, Any]) -> list[dict[str, Any]]:
    wrapped = objects_in(content.get("SubImageList"), "SubImageInfo")
    found = [image for one in wrapped for image in objects_in(one, "SubImageInfo")]
    found.sort(key=lambda image: scalar_text(image.get("Type")) not in SCENES)
    return found


def _link(content: dict[str, Any]) -> str | None:
    for field in ("StorageUrl1", "StorageUrl", "StoragePath", "ImageUrl", "StorageUrl2", "StorageUrl3"):
        if link := web_address(content.get(field)):
            return link
    paths = (image.get(field) for image in _images(content) for field in ("StoragePath", "StorageUrl"))
    return next(filter(None, map(web_address, paths)), None)


def _pictures(content: dict[str, Any], attributes: dict[str, Any], place: str) -> Rejected | None:
    """Keeps the first image that is small enough; says why where there is none."""
    warning = None
    for image in (content, *_images(content)):
        warning = keep_snapshot(attributes, image.get("Data"), place) or warning
        if "_snapshot" in attributes:
            return None
    return warning
