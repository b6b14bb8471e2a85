"""AI boxes whose JSON is nobody's standard: read as their vendor's profile says (`data/vendors/*.yaml`).

Topic: `…/aibox/{profile}/{device}`. The profile `auto` takes the first whose `match` holds. A device named in
the topic goes before the one in the payload, which is then kept as `vendor_device`; the channel of a box that
serves several cameras stands behind it: `kitchen-box/3`.
"""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from safety_service.domain.decoding.aibox.alarms import GENERIC, Box, read_alarm
from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.paths import every, first
from safety_service.domain.decoding.profiles import PROFILES, Profile, plain_text
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.texts import read_text
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

AUTO = "auto"
MOST_EVENTS = 200
MOST_FORM_FIELDS = 100
_FORM = re.compile(r"[\w.%+~-]+=[^\s]*")


def decode_aibox(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """One event for each that the profile finds in the payload."""
    name = topic.rest[0].lower() if topic.rest else ""
    device = clean_name("/".join(topic.rest[1:]))
    if len(topic.rest) > 2 and topic.rest[-1] == "status":
        box = clean_name("/".join(topic.rest[1:-1]))[:LONGEST_NAME]
        return liveness(message, topic, device=box, gateway=box)
    if not message.payload.strip():
        return []
    root = _read(message.payload)
    if isinstance(root, Rejected):
        return [root]
    profile = _find(name, root)
    if isinstance(profile, Rejected):
        return [profile]
    found: list[Event | Rejected] = []
    for part, place in _parts(profile, root):
        found += read_alarm(part, place, Box(message, topic, zone, profile, device, root))
    return found


def matches(profile: Profile, root: Any) -> bool:
    """Whether a payload is this vendor's, as far as its profile can tell."""
    for condition in profile.match:
        value = first(condition.path, root, root)
        if value is None or (condition.values is not None and plain_text(value) not in condition.values):
            return False
    return True


def _read(payload: bytes) -> Any:
    """JSON, or the fields of a form or an address: `eid=cam-1&event=1123`."""
    document = read_lenient(payload)
    if not isinstance(document, Rejected):
        return document
    text = read_text(payload).strip()
    if _FORM.fullmatch(text) is None:
        return document
    try:
        return {name: _inner(value) for name, value in parse_qsl(text, max_num_fields=MOST_FORM_FIELDS)}
    except ValueError:
        return refused("bad_value", "payload", f"A form has at most {MOST_FORM_FIELDS} fields.")


def _inner(value: str) -> Any:
    """A field of a form often holds the JSON that would not fit into an address."""
    if not value.startswith(("{", "[")):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _find(name: str, root: Any) -> Profile | Rejected:
    if name == AUTO:
        known = (one for one in PROFILES.values() if one.match and one.fields)
        found = next((one for one in known if matches(one, root)), PROFILES.get(GENERIC))
    else:
        found = PROFILES.get(name)
    if found is None or not found.fields:
        having = ", ".join(sorted(one.id for one in PROFILES.values() if one.fields))
        detail = f"There is no profile {name[:40]!r}; there are {having}."
        return refused("unknown_profile", "topic", detail)
    if not matches(found, root):
        detail = f"The payload is not what the profile {found.id} matches."
        return refused("bad_value", "payload", detail)
    return found


def _parts(profile: Profile, root: Any) -> Iterator[tuple[Any, str]]:
    if profile.events is None:
        elements = root if isinstance(root, list) else [root]
        for number, element in enumerate(elements[:MOST_EVENTS]):
            yield element, f"[{number}]." if isinstance(root, list) else ""
        return
    found = every(profile.events, root, root)
    if len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    for number, element in enumerate(found[:MOST_EVENTS]):
        yield element, f"{profile.events.text}[{number}]."
