"""AI boxes whose JSON is nobody's standard: read as their vendor's profile says (`data/vendors/*.yaml`).

Topic: `…/aibox/{profile}/{device}`. The profile `auto` takes the first whose `match` holds, and so does
`generic` for what it has no word for. A device named in the topic goes before the one in the payload, which
is then kept as `vendor_device`; the channel of a box that serves several cameras stands behind it:
`kitchen-box/3`.
"""

from collections.abc import Iterator
from datetime import tzinfo
from itertools import islice
from typing import Any

from safety_service.domain.decoding.aibox.alarms import Box, meaning_in, read_alarm
from safety_service.domain.decoding.aibox.bodies import read_body
from safety_service.domain.decoding.aibox.wrapping import unwrapped
from safety_service.domain.decoding.cleaning import LONGEST_NAME, clean_name
from safety_service.domain.decoding.liveness import liveness
from safety_service.domain.decoding.multipart import with_snapshot
from safety_service.domain.decoding.paths import every, first, opened
from safety_service.domain.decoding.profiles import PROFILES, Mapped, Profile, plain_text
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.decoding.words import GENERIC
from safety_service.domain.types import Event, Message, Rejected

Alarm = tuple[Any, str, Box, tuple[str, Mapped] | None]
"""A part of a payload, where it stands, what it belongs to, and its meaning where that is known already."""

AUTO = "auto"
MOST_EVENTS = 200


def decode_aibox(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """One event for each alarm that the profile finds; the first of them has the picture sent along."""
    name = topic.rest[0].lower() if topic.rest else ""
    device = clean_name("/".join(topic.rest[1:]))
    if len(topic.rest) > 2 and topic.rest[-1] == "status":
        named = clean_name("/".join(topic.rest[1:-1]))[:LONGEST_NAME]
        return liveness(message, topic, device=named, gateway=named)
    if not message.payload.strip():
        return []
    root, images = read_body(message.payload)
    if isinstance(root, Rejected):
        return [root]
    profile = _find(name, root)
    if isinstance(profile, Rejected):
        return [profile]
    box = Box(message, topic, zone, profile, device, root)
    alarms = _by_words(box) if profile.id == GENERIC else _of_profile(box)
    found = [item for alarm in islice(alarms, MOST_EVENTS) for item in read_alarm(*alarm)]
    return with_snapshot(found, images) if images else found


def matching(root: Any) -> Profile | None:
    """The first profile that knows a payload for its vendor's."""
    return next((one for one in PROFILES.values() if one.match and one.fields and _matches(one, root)), None)


def _matches(profile: Profile, root: Any) -> bool:
    """Whether a payload is this vendor's, as far as its profile can tell."""
    for condition in profile.match:
        value = first(condition.path, root, root)
        if value is None or (condition.values is not None and plain_text(value) not in condition.values):
            return False
    return True


def _find(name: str, root: Any) -> Profile | Rejected:
    found = PROFILES.get(GENERIC if name == AUTO else name)
    if found is None or not found.fields:
        having = ", ".join(sorted(one.id for one in PROFILES.values() if one.fields))
        detail = f"There is no profile {name[:40]!r}; there are {having}."
        return refused("unknown_profile", "topic", detail)
    if name == AUTO and (vendor := matching(root)) is not None:
        return vendor
    if not _matches(found, root):
        detail = f"The payload is not what the profile {found.id} matches."
        return refused("bad_value", "payload", detail)
    return found


def _by_words(box: Box) -> Iterator[Alarm]:
    """What a payload says by itself, else as a known vendor's, else inside of wrappers."""
    for place, element in _elements(box.root):
        told = meaning_in(element, box.profile, element) if isinstance(element, dict) else None
        if told is None or told[1].known:
            yield element, place, box, told
        elif (vendor := matching(element)) is not None:
            yield from _of_profile(box._replace(profile=vendor, root=element), place)
        else:
            for number, one in enumerate(unwrapped(element)):
                yield one, f"{place}[{number}]." if number else place, box, None


def _of_profile(box: Box, around: str = "") -> Iterator[Alarm]:
    for part, place in _parts(box.profile, box.root):
        yield part, f"{around}{place}", box, None


def _parts(profile: Profile, root: Any) -> Iterator[tuple[Any, str]]:
    if profile.events is None:
        for place, element in _elements(root):
            yield element, place
        return
    found = [opened(one) for one in every(profile.events, root, root)]
    if len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    # Without the list where it should be, the reason is told of the whole.
    for number, element in enumerate(found or [root]):
        yield element, f"{profile.events.text}[{number}]." if found else ""


def _elements(root: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(root, list):
        for number, element in enumerate(root):
            yield f"[{number}].", element
    else:
        yield "", root
