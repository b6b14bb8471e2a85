"""What decoders of several formats share: an event with its time, and keys for what brings no id."""

from typing import Any

from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import Reading, microseconds
from safety_service.domain.types import Event, Message, Rejected

PRESSES = frozenset({"panic_button", "alarm_input", "button"})
"""Somebody pressed something: two presses may be equal bytes and are never one."""

LONGEST_SAID = 1000
DEEPEST_SAID = 8


def timed(event: Event, time: Reading, place: str) -> list[Event | Rejected]:
    """The event with its time; an unreadable time is reported beside it and costs it nothing else."""
    event.occurred_at = time.occurred_at
    event.clock_suspect = time.clock_suspect
    event.source_time = time.source_time
    event.told_at = time.told_at
    if time.error is None:
        return [event]
    event.attributes["time_error"] = f"{place} {time.source_time!r}: {time.error}"
    return [event, refused("bad_time", place, f"The time {time.source_time!r}: {time.error}.")]


def receipt_key(message: Message) -> str:
    """Tells this receipt from every other: a batch shares its receive time, so the position is part of it."""
    return f"{microseconds(message.received_at)}|{message.position}"


def scalar_text(value: Any) -> str:
    """A text or number as text without blanks around it; `""` for anything else, true and false included."""
    if isinstance(value, str):
        # PostgreSQL stores no NUL character.
        return value.replace("\x00", "").strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def compact(value: Any, depth: int = 0) -> Any:
    """What a payload says, for a digest: without its images, which are most of it and say nothing new."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_SAID else len(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict) and depth < DEEPEST_SAID:
        return {name: compact(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list) and depth < DEEPEST_SAID:
        return [compact(inner, depth + 1) for inner in value]
    return value if isinstance(value, float) else None
