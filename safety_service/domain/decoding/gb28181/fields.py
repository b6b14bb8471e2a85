"""The fields of a MANSCDP message by lower-case names, whether they came as XML or as a platform's JSON."""

from datetime import tzinfo
from typing import Any, NamedTuple

from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.telling import scalar_text
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Message, Rejected

Fields = dict[str, Any]
DEEPEST = 8


class Source(NamedTuple):
    """What an event takes from its message and not from its own text."""

    message: Message
    topic: Topic
    zone: tzinfo
    bridge: str | None


def lowered(value: Any, depth: int = 0) -> Any:
    """The same with the names of all its fields in lower case, as bridges write them in every case."""
    if isinstance(value, dict) and depth < DEEPEST:
        return {name.lower(): lowered(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list) and depth < DEEPEST:
        return [lowered(inner, depth + 1) for inner in value]
    return value


def text(fields: Fields, *names: str) -> str:
    """The first of these fields that holds a text or a number."""
    for name in names:
        if found := scalar_text(fields.get(name)):
            return found
    return ""


def device_of(fields: Fields, *names: str) -> str | Rejected:
    """The device's 20 digits, or why there are none."""
    name = clean_name(text(fields, *names))
    if not name:
        return refused("missing_field", "DeviceID", "The field DeviceID is required and missing.")
    if len(name) > LONGEST_NAME:
        return refused("bad_value", "DeviceID", f"A device has at most {LONGEST_NAME} characters.")
    return name


def parts(fields: Fields, name: str) -> list[Fields]:
    """A part that may be there never, once or often."""
    value = fields.get(name)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
