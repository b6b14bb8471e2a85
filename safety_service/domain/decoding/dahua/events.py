"""What a Dahua event means: its phase, its channel, its time that may be local, and what is kept of it."""

from datetime import datetime, tzinfo
from typing import Any

from safety_service.domain.decoding.cameras import (
    MOMENTS,
    event_of,
    input_of,
    lasting,
    number,
    part_of,
    text,
    truth,
)
from safety_service.domain.decoding.dahua.forms import Happening
from safety_service.domain.decoding.details import digest
from safety_service.domain.decoding.kinds import MEASUREMENTS
from safety_service.domain.decoding.profiles import Mapped, profile
from safety_service.domain.decoding.times import EPOCH, LARGEST_SKEW, Reading, read_time
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Phase, Rejected, Severity

ACTIONS: dict[str, Phase] = {"start": "start", "stop": "end", "pulse": "pulse", "state": "state"}
INPUT_KIND = "alarm_input"
# Their index counts the alarm inputs, whatever a bureau maps them to; every other index the video channels.
INPUTS = frozenset({"alarmlocal", "alarmipc", "alarmnet", "alarmextended"})
# Codes that say only with a word of their data what they are: `BackKeyLight/1` in the vendor table.
WORDS = {
    "_dotalkaction_": "Action",
    "backkeylight": "State",
    "profilealarmtransmit": "SenseMethod",
}
PRIORITIES: dict[str, Severity] = {
    "emergency": "critical",
    "high": "major",
    "middle": "minor",
    "medium": "minor",
    "low": "warning",
}
VALUES = ("Temperature", "Temp", "Humidity", "Value", "ManNum", "Number", "EnteredSubtotal", "InsideSubtotal")
# A recorder sends the same event to each of its listeners, and only these differ.
NOT_NEWS = frozenset({"EventSeq", "FrameSequence", "Sequence", "PTS", "CountInGroup", "IndexInGroup"})


def decode_happening(
    message: Message, topic: Topic, zone: tzinfo, device: str, item: Happening
) -> list[Event | Rejected]:
    """The event, and beside it what of it could not be read."""
    mapped = _meaning(item)
    phase = _phase(item, mapped.kind, message.retained)
    value = _value(item.data) if mapped.kind in MEASUREMENTS else None
    lasts = phase in ("start", "end", "state")
    is_input = _is_input(item, mapped.kind)
    found = event_of(
        message,
        topic,
        time_of(item.data, message.received_at, zone),
        device=_placed(device, item, is_input),
        mapped=mapped,
        phase="measure" if value is not None and phase == "pulse" else phase,
        key=_key(item, phase),
        attributes=_attributes(item, "input" if is_input else "channel"),
        place="data.UTC",
        gateway=device,
        event_id=_identity(item) if lasts else None,
        value=value,
    )
    return found if item.problem is None else [*found, item.problem]


def _meaning(item: Happening) -> Mapped:
    table, data = profile("dahua"), item.data
    mapped = table.look_up(item.code)
    word = WORDS.get(item.code.lower())
    if word is not None and (told := text(data.get(word))) is not None:
        exact = table.look_up(f"{item.code}/{told}")
        mapped = exact if exact.known else mapped
    if mapped.kind == "face_recognized" and "Candidates" in data and not data["Candidates"]:
        mapped = Mapped("stranger", mapped.severity)
    # A door station tells its call as a camera does somebody on the telephone, but it sees nobody.
    if mapped.kind == "phone_use" and "LocaleTime" in data and not _seen(data):
        mapped = Mapped("button", mapped.severity)
    priority = PRIORITIES.get(str(data.get("Priority", "")).lower())
    return Mapped(mapped.kind, priority) if priority is not None else mapped


def _is_input(item: Happening, kind: str) -> bool:
    return kind == INPUT_KIND or item.code.lower() in INPUTS


def _phase(item: Happening, kind: str, retained: bool) -> Phase:
    """Start, stop or a moment. A door's contact tells its state in the data and pulses for both."""
    if kind == "door_open":
        told = truth(item.data.get("Status", item.data.get("State")))
        if told is not None:
            return lasting(told, retained)
    phase = ACTIONS.get(item.action.strip().lower(), "pulse")
    if kind in MOMENTS:
        # The end of a ring is no second one.
        return "end" if phase == "end" else "pulse"
    if phase == "state":
        state = truth(item.data.get("State"))
        return "pulse" if state is None else lasting(state, True)
    return "state" if phase == "start" and retained else phase


def _placed(device: str, item: Happening, is_input: bool) -> str:
    """The camera or the input behind an index, which counts from 0."""
    if item.index is None:
        return device
    if is_input:
        return input_of(device, str(item.index + 1))
    return part_of(device, str(item.index + 1)) if item.index > 0 else device


def _key(item: Happening, phase: Phase) -> str:
    """The same for all copies of an event: firmware numbers it, or else all it says must be equal."""
    number_of_it = text(item.data.get("EventID"))
    if number_of_it in (None, "0"):
        number_of_it = digest({name: value for name, value in item.data.items() if name not in NOT_NEWS})
    told = "start" if phase == "state" else phase
    return f"{item.code[:80]}|{told}|{item.index}|{number_of_it}"[:300]


def _identity(item: Happening) -> str | None:
    """What joins a start to its stop. A GroupID will not do: half of the firmware leaves it at 0 or 1."""
    told = text(item.data.get("EventID"))
    return f"{item.code[:80]}|{told}" if told not in (None, "0") else None


def time_of(data: dict[str, Any], received_at: datetime, zone: tzinfo) -> Reading:
    """The time an event tells, by the reading nearest to its receipt.

    `UTC` is often the wall clock of the device, written as if it were UTC; newer firmware adds a `RealUTC`
    that is one. What is told does not depend on which of them is believed.
    """
    seconds = data.get("RealUTC") or data.get("UTC") or data.get("CreateTime")
    if number(seconds) is None:
        return read_time(data.get("LocaleTime", seconds), received_at, zone)
    milliseconds = number(data.get("UTCMS")) or 0.0
    exact = number(seconds) or 0.0
    if 0 <= milliseconds < 1000 and exact < 1e11 and exact == int(exact):
        exact += milliseconds / 1000
    reading = read_time(exact, received_at, zone)
    reading = reading._replace(source_time=str(seconds)[:64])
    if not reading.clock_suspect or reading.told_at is None:
        return reading
    local = _as_wall_clock(reading.told_at, zone)
    if local is not None and abs(local - received_at) <= LARGEST_SKEW:
        return reading._replace(occurred_at=local, clock_suspect=False)
    return reading


def _as_wall_clock(told: datetime, zone: tzinfo) -> datetime | None:
    """The instant at which clocks of the zone showed what `told` shows in UTC."""
    try:
        return told.replace(tzinfo=zone).astimezone(EPOCH.tzinfo)
    except (OverflowError, ValueError):
        return None


def _value(data: dict[str, Any]) -> float | None:
    return next((found for name in VALUES if (found := number(data.get(name))) is not None), None)


def _attributes(item: Happening, counted: str) -> dict[str, Any]:
    """Not the whole of the data: outlines and tracks are for a player, names of people for nobody."""
    data = item.data
    seen = _seen(data)
    names = data.get("RegionName")
    region = text(names[0]) if isinstance(names, list) and names else None
    told: dict[str, Any] = {
        "code": item.code,
        "action": item.action or None,
        counted: None if item.index is None else item.index + 1,
        "rule": text(data.get("Name")) or region,
        "direction": text(data.get("Direction")),
        "target": text(seen.get("ObjectType")) or text(data.get("ObjectType")),
        "object_id": text(seen.get("ObjectID")),
        "plate": _plate(data, seen),
        "group": text(data.get("GroupID")),
        "priority": text(data.get("Priority")),
        "state": text(data.get("State")),
        "status": text(data.get("Status")),
        "method": text(data.get("Method")),
        "sense": text(data.get("SenseMethod")),
    }
    return {name: value for name, value in told.items() if value is not None}


def _plate(data: dict[str, Any], seen: dict[str, Any]) -> str | None:
    car = data.get("TrafficCar")
    for holder in (car if isinstance(car, dict) else {}, data):
        if (found := text(holder.get("PlateNumber"))) is not None:
            return found
    return text(seen.get("Text")) if text(seen.get("ObjectType")) == "Plate" else None


def _seen(data: dict[str, Any]) -> dict[str, Any]:
    """The object of an event, or the first of several."""
    for name in ("Object", "Objects", "object"):
        held = data.get(name)
        first = held[0] if isinstance(held, list) and held else held
        if isinstance(first, dict):
            return first
    return {}
