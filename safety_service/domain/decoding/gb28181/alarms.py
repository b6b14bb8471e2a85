"""Alarm notifications: what was meant is AlarmMethod with AlarmType, and the type in `Info` goes first."""

from typing import Any

from safety_service.domain.decoding.cleaning import clean_value
from safety_service.domain.decoding.details import digest
from safety_service.domain.decoding.gb28181.fields import Fields, Source, device_of, parts, text
from safety_service.domain.decoding.profiles import Mapped, code_text, profile
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.telling import PRESSES, compact, receipt_key, timed
from safety_service.domain.decoding.times import read_time
from safety_service.domain.decoding.words import meaning_of
from safety_service.domain.types import SEVERITIES, Event, Rejected

SAID = ("alarmdescription", "description", "alarmtypename", "alarmtypedescription", "alarmtype")
"""Where a device or a platform may say in words what it has no number for."""
MARKS = ("alarmmethod", "alarmtype", "alarmpriority", "alarmtime", "alarmsn")
PRIORITIES = {
    written: severity
    for number, chinese, severity in zip("1234", "一二三四", SEVERITIES, strict=True)
    for written in (number, f"{chinese}级警情", f"{chinese}级")
}
PLACES = ("longitude", "latitude")


def looks_like_alarm(fields: Fields) -> bool:
    """Bridges leave CmdType out."""
    return any(name in fields for name in MARKS)


def read_alarm(fields: Fields, source: Source) -> list[Event | Rejected]:
    """One moment: a GB/T 28181 alarm has no end. The serial number is no id: it begins anew at each start."""
    device = device_of(fields, "channelid", "gbid", "deviceid")
    if isinstance(device, Rejected):
        return [device]
    code = _code(fields)
    if not code:
        detail = "An alarm has an AlarmMethod or an AlarmType."
        return [refused("missing_field", "AlarmMethod", detail)]
    meaning = _meaning(code, fields)
    message = source.message
    time = read_time(text(fields, "alarmtime", "time"), message.received_at, source.zone)
    number = text(fields, "sn", "alarmsn")
    event = Event(
        school=source.topic.school,
        device=device,
        kind=meaning.kind,
        phase="pulse",
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=source.topic.format,
        dedup_key="",
        severity_hint=_severity(fields) or meaning.severity,
        attributes=_attributes(fields, code),
        retained=message.retained,
        gateway=source.bridge,
    )
    found = timed(event, time, "AlarmTime")
    if event.told_at is not None and (number or event.kind not in PRESSES):
        # The same SIP message sent again is the same in time and number; without a number in every field.
        event.dedup_key = f"alarm|{code}|{event.source_time}|{number[:40] or digest(compact(fields))}"
    else:
        event.dedup_key = f"alarm|{code}|{receipt_key(message)}"
        event.told_at = event.told_at or message.received_at
    return found


def _code(fields: Fields) -> str:
    """`5/2`; one part alone where the other is missing, words where both are."""
    kind = next(filter(None, (text(info, "alarmtype") for info in parts(fields, "info"))), "")
    kind = kind or text(fields, "alarmtype")
    method = text(fields, "alarmmethod")
    if kind in ("", "0"):
        return code_text(method or text(fields, *SAID))
    return code_text(f"{method}/{kind}")


def _meaning(code: str, fields: Fields) -> Mapped:
    """By the numbers; where they are unknown or the type is missing, by the words beside them, if known."""
    meaning = profile("gb28181").look_up(code)
    if meaning.known and "/" in code:
        return meaning
    said = (meaning_of(words) for name in SAID if (words := text(fields, name)))
    return next((one for one in said if one.known), meaning)


def _severity(fields: Fields) -> str | None:
    """1, the highest, to 4; 0 stands for all of them and says nothing."""
    return PRIORITIES.get(text(fields, "alarmpriority", "alarmpriorit"))


def _attributes(fields: Fields, code: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {"code": code}
    for name, given in (
        ("description", text(fields, "alarmdescription", "description")),
        ("sn", text(fields, "sn", "alarmsn")),
        ("platform_device", text(fields, "deviceid") if text(fields, "channelid") else ""),
        *((place, text(fields, place)) for place in PLACES),
    ):
        if given:
            attributes[name] = clean_value(given)
    for holder in (fields, *parts(fields, "info")):
        for parameters in (*parts(holder, "alarmtypeparam"), holder):
            # Of an intrusion: 1 into the area, 2 out of it.
            if event_type := text(parameters, "eventtype"):
                attributes["event_type"] = clean_value(event_type)
    return attributes
