"""One alarm of an AI box: its parts, found where the profile says and kept as far as they make sense."""

from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name, clean_value
from safety_service.domain.decoding.details import digest
from safety_service.domain.decoding.paths import all_of, every, first
from safety_service.domain.decoding.profiles import (
    EPOCH_UNITS,
    UNKNOWN,
    Mapped,
    Profile,
    code_text,
    plain_text,
)
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.snapshots import keep_snapshot, web_address
from safety_service.domain.decoding.telling import PRESSES, compact, receipt_key, scalar_text, timed
from safety_service.domain.decoding.times import Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.words import GENERIC, meaning_of
from safety_service.domain.types import Event, Message, Phase, Rejected, Severity

NONE = "-1"
"""What platforms write for a channel or an id that there is not."""

LONGEST_SAID = 40
"""Characters: a longer description is prose, in which a word means anything."""


class Box(NamedTuple):
    """One payload with all that reading an event of it needs."""

    message: Message
    topic: Topic
    zone: tzinfo
    profile: Profile
    named: str
    root: Any


def read_alarm(
    part: Any, place: str, box: Box, told: tuple[str, Mapped] | None = None
) -> list[Event | Rejected]:
    """One alarm; `told` where its code was looked up before."""
    if not isinstance(part, dict):
        return [refused("bad_value", place.rstrip(".") or "payload", "An event is an object.")]
    code, meaning = told or meaning_in(part, box.profile, box.root)
    if not code:
        return [refused("missing_field", f"{place}code", "No code of an event stands where it should.")]
    own, channel = (clean_name(_text(name, part, box)) for name in ("device", "channel"))
    device = _device(own, channel, box)
    if not 0 < len(device) <= LONGEST_NAME:
        detail = f"A device is named in the topic or the payload, with at most {LONGEST_NAME} characters."
        return [refused("missing_field", f"{place}device", detail)]
    message = box.message
    identity = _text("event_id", part, box)[:128].replace("\x00", "")
    value = _number(_value("value", part, box))
    phase: Phase = _phase(part, box) or ("pulse" if value is None else "measure")
    event = Event(
        school=box.topic.school,
        device=device,
        kind=meaning.kind,
        phase=phase,
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=box.topic.format,
        dedup_key="",
        event_id=identity or None,
        value=value,
        unit=_text("unit", part, box)[:32].replace("\x00", "") or None,
        severity_hint=_severity(part, box) or meaning.severity,
        zone=clean_name(_text("zone", part, box))[:LONGEST_NAME] or None,
        attributes=_attributes(code, own, channel, part, box),
        retained=message.retained,
        gateway=box.named or None,
    )
    found = timed(event, _time(part, box), f"{place}time")
    event.dedup_key = _key(code, part, place, event, box)
    warning = _picture(event, part, place, box)
    return [*found, warning] if warning is not None else found


def meaning_in(part: Any, profile: Profile, root: Any) -> tuple[str, Mapped]:
    """The first code that is known, however many ways the payload says it; else the first.

    What no code tells may stand in the description, in words that anybody understands.
    """
    unknown = ""
    for raw in all_of(profile.fields["code"], part, root):
        code = "" if isinstance(raw, (dict, list)) else code_text(plain_text(raw))
        if not code:
            continue
        meaning = profile.look_up(code)
        if not meaning.known:
            meaning = meaning_of(code)
        if meaning.known:
            return code, meaning
        unknown = unknown or code
    if not unknown:
        return "", UNKNOWN
    description = profile.fields.get("description")
    said = scalar_text(first(description, part, root)) if description is not None else ""
    return unknown, meaning_of(said) if 0 < len(said) <= LONGEST_SAID else UNKNOWN


def _device(own: str, channel: str, box: Box) -> str:
    device = box.named or own or channel
    return f"{device}/{channel}" if device and channel and channel not in (device, own) else device


def _attributes(code: str, own: str, channel: str, part: Any, box: Box) -> dict[str, Any]:
    attributes: dict[str, Any] = {"code": code, "profile": box.profile.id}
    if channel:
        attributes["channel"] = channel
    if own and box.named and own != box.named:
        attributes["vendor_device"] = own
    if description := _text("description", part, box):
        attributes["description"] = description
    for name, path in box.profile.attributes.items():
        if (value := first(path, part, box.root)) is not None:
            attributes[name] = value
    cleaned: dict[str, Any] = clean_value(attributes)
    return cleaned


def _time(part: Any, box: Box) -> Reading:
    raw = _value("time", part, box)
    how = box.profile.time_format
    if how in EPOCH_UNITS and (number := _number(raw)) is not None:
        raw = number / EPOCH_UNITS[how]
    elif how is not None and isinstance(raw, str):
        # What the profile's format does not fit may still be a time; if not, it is reported.
        with suppress(ValueError, OverflowError):
            raw = datetime.strptime(raw, how).replace(tzinfo=box.zone).isoformat()
    return read_time(raw, box.message.received_at, box.zone)


def _key(code: str, part: Any, place: str, event: Event, box: Box) -> str:
    """By the vendor's id and time; else by all that is said at that time; else every receipt is news.

    What the generic profile takes for an id may be the box's own number, so that it counts with a time only.
    """
    mark = f"{event.event_id or ''}|{code}|{event.phase}|{event.source_time or ''}"
    if event.event_id and event.phase != "update":
        if event.told_at is not None or box.profile.id != GENERIC:
            return mark
    elif event.told_at is not None and event.kind not in PRESSES:
        return f"{mark}|{digest(compact(part))}"
    event.told_at = event.told_at or box.message.received_at
    return f"{code}|{receipt_key(box.message)}|{place}"


def _picture(event: Event, part: Any, place: str, box: Box) -> Rejected | None:
    link = box.profile.fields.get("snapshot_url")
    for raw in every(link, part, box.root) if link is not None else ():
        event.snapshot_url = event.snapshot_url or web_address(raw)
    raw = _value("snapshot_base64", part, box)
    if web_address(raw) is not None:
        event.snapshot_url = event.snapshot_url or raw
        return None
    return keep_snapshot(event.attributes, raw, f"{place}image")


def _phase(part: Any, box: Box) -> Phase | None:
    return box.profile.phases.get(_word("phase", part, box))


def _severity(part: Any, box: Box) -> Severity | None:
    return box.profile.severities.get(_word("severity", part, box))


def _word(name: str, part: Any, box: Box) -> str:
    value = _value(name, part, box)
    return plain_text(value).strip().lower() if isinstance(value, (str, int, float)) else ""


def _value(name: str, part: Any, box: Box) -> Any:
    path = box.profile.fields.get(name)
    return first(path, part, box.root) if path is not None else None


def _text(name: str, part: Any, box: Box) -> str:
    said = scalar_text(_value(name, part, box))
    return "" if said == NONE else said


def _number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e300 else None
