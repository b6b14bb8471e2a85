"""What the camera formats share: yes and no in any notation, channels and inputs, the frame of an event."""

from typing import Any

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name, clean_value
from safety_service.domain.decoding.lenient import yes_or_no
from safety_service.domain.decoding.profiles import Mapped, Profile
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import Reading, microseconds
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected

YES = frozenset({"1", "true", "active", "on", "yes", "open", "opened"})
NO = frozenset({"0", "false", "inactive", "off", "no", "closed", "close"})
# They happen and are over: a plate that was read does not last, whatever the device calls the state of it.
MOMENTS = frozenset(
    {"plate_recognized", "face_recognized", "heartbeat", "button", "config_changed", "device_announce"}
)
LONGEST_NUMBER = 18
LONGEST_CODE = 240
"""Of an event's topic; what is longer than any vendor's is cut off before it is looked up."""


def truth(raw: Any) -> bool | None:
    """Yes or no, as a boolean, a number or a word in quotes; None for anything else."""
    return yes_or_no(raw, YES, NO)


def number(raw: Any) -> float | None:
    """A finite number, in quotes or not."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    try:
        found = float(raw)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < float("inf") else None


def whole(raw: Any) -> int | None:
    """A whole number from 0, in quotes or not."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw if 0 <= raw < 10**LONGEST_NUMBER else None
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= LONGEST_NUMBER:
        return int(raw)
    return None


def text(raw: Any) -> str | None:
    """A name or a number as visible text, None when there is nothing to see."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        return None
    return clean_name(str(raw)[:LONGEST_NAME]) or None


def lasting(state: bool, retained: bool) -> Phase:
    """The phase of a property that is now so. A broker's copy repeats a state and begins nothing."""
    if not state:
        return "end"
    return "state" if retained else "start"


def part_of(device: str, *parts: str) -> str:
    """A channel or an input of a device as a device of its own: it hangs in a place of its own."""
    return "/".join((device, *parts))[:LONGEST_NAME]


def input_of(device: str, port: Any) -> str:
    """The device behind an alarm input: one-key alarm buttons of one recorder are in different buildings."""
    name = text(port)
    if name is None:
        return device
    return part_of(device, f"io{name}" if name.isdigit() else name.replace("/", "-"))


def look_up_path(profile: Profile, path: str) -> Mapped:
    """The meaning of a code with slashes: of itself, else of the nearest beginning that has one."""
    mapped = profile.look_up(path)
    while not mapped.known and "/" in path:
        path = path.rpartition("/")[0]
        mapped = profile.look_up(path)
    return mapped


def named(device: str | None) -> str | Rejected:
    """A device name that the registry could hold as well."""
    name = clean_name(device or "").replace("#", "-").replace("+", "-").strip("/")
    if not name:
        return refused("bad_topic", "topic", "Neither topic nor payload names a device.")
    if len(name) > LONGEST_NAME:
        return refused("bad_topic", "topic", f"A device's name has at most {LONGEST_NAME} characters.")
    return name


def event_of(
    message: Message,
    topic: Topic,
    time: Reading,
    *,
    device: str,
    mapped: Mapped,
    phase: Phase,
    key: str,
    attributes: dict[str, Any],
    place: str = "payload",
    **more: Any,
) -> list[Event | Rejected]:
    """The event, and the time beside it where it could not be read.

    `key` tells two pieces of news of one instant apart. Without a time every receipt is news: better a press
    twice than a second one lost.
    """
    told_at = time.told_at
    if told_at is None:
        key = f"{key}|{microseconds(message.received_at)}|{message.position}"
        told_at = message.received_at
    event = Event(
        school=topic.school,
        device=device,
        kind=mapped.kind,
        phase=phase,
        occurred_at=time.occurred_at,
        received_at=message.received_at,
        format=topic.format,
        dedup_key=key.replace("\x00", ""),
        severity_hint=mapped.severity,
        attributes=clean_value(attributes),
        retained=message.retained,
        clock_suspect=time.clock_suspect,
        source_time=time.source_time,
        told_at=told_at,
        **more,
    )
    return [event] if time.error is None else _with_error(event, time, place)


def _with_error(event: Event, time: Reading, place: str) -> list[Event | Rejected]:
    """A tampered camera with a broken clock is a tampered camera."""
    event.attributes["time_error"] = f"{place} {time.source_time!r}: {time.error}"
    return [event, refused("bad_time", place, f"The time {time.source_time!r}: {time.error}.")]
