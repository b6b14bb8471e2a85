"""Dahua and its kin: `Code=…;action=…` text, JSON, and the words and topics of the bridges that pass them on.

The device is what the topic names; the channels of a recorder are `nvr-1/2`, `nvr-1/3` …, its first (and a
camera's only one) is the device itself, and its alarm inputs are `nvr-1/io1` ….
"""

from collections.abc import Callable
from datetime import tzinfo

from safety_service.domain.decoding.cameras import event_of, lasting, named, truth
from safety_service.domain.decoding.dahua.events import decode_happening
from safety_service.domain.decoding.dahua.forms import Happening, read_happenings
from safety_service.domain.decoding.lenient import read_lenient
from safety_service.domain.decoding.liveness import liveness, read_word
from safety_service.domain.decoding.multipart import Part, parts_of, with_snapshot, without_headers
from safety_service.domain.decoding.profiles import profile
from safety_service.domain.decoding.refusal import refused
from safety_service.domain.decoding.times import Reading
from safety_service.domain.decoding.topic import Topic
from safety_service.domain.types import Event, Message, Rejected

TopicDecoder = Callable[[Message, Topic, tzinfo], list[Event | Rejected]]

# What bridges publish beside the events themselves, all of it retained.
WORDS = {"motion": "VideoMotion", "human": "SmartMotionHuman", "doorbell": "RingBell"}
SILENT = frozenset({"config", "version", "storage", "host", "serial_number", "attributes"})


def decode_dahua(message: Message, topic: Topic, zone: tzinfo) -> list[Event | Rejected]:
    """Every event of a body, in its order; one that cannot be read costs no other."""
    last = topic.rest[-1].lower() if topic.rest else ""
    if not message.payload.strip(b"\x00 \r\n\t") or last in SILENT:
        return []
    if len(topic.rest) > 1 and last in ("status", "availability"):
        device = "/".join(topic.rest[:-1])
        return liveness(message, topic, device=device, gateway=device)
    if len(topic.rest) > 1 and last in WORDS:
        return _word(message, topic, WORDS[last])
    segments, code = topic.rest, None
    if last in ("event", "events"):
        segments = topic.rest[:-1]
        # A door station's bridge says `{device}/{CODE}/Event`, and its payload does not repeat the code.
        if topic.rest[-1] == "Event" and segments:
            segments, code = segments[:-1], segments[-1]
    return _body(message, topic, zone, segments, code)


def _body(
    message: Message, topic: Topic, zone: tzinfo, segments: tuple[str, ...], code: str | None
) -> list[Event | Rejected]:
    payload = without_headers(message.payload.strip(b"\x00 \r\n\t"))
    parts = parts_of(payload) if payload.startswith(b"--") else [Part("", payload)]
    found: list[Event | Rejected] = []
    current: list[Event | Rejected] = []
    images: list[Part] = []
    for part in parts:
        if part.is_image:
            images.append(part)
            continue
        if current:
            found += with_snapshot(current, images)
            images = []
        current = []
        for happening in read_happenings(part.body, code):
            # Where the payload has a code of its own, the segment before `Event` named the device.
            own = isinstance(happening, Happening) and code is not None and happening.code != code
            named_by = (*segments, code) if own and code is not None else segments
            current += _decode(message, topic, zone, named_by, happening)
    return [*found, *with_snapshot(current, images)]


def _decode(
    message: Message, topic: Topic, zone: tzinfo, segments: tuple[str, ...], item: Happening | Rejected
) -> list[Event | Rejected]:
    if isinstance(item, Rejected):
        return [item]
    device = named("/".join(segments) or item.name or "dahua")
    if isinstance(device, Rejected):
        return [device]
    return decode_happening(message, topic, zone, device, item)


def _word(message: Message, topic: Topic, code: str) -> list[Event | Rejected]:
    """`on` and `off`, kept by the broker: a copy of it repeats a state."""
    device = named("/".join(topic.rest[:-1]))
    if isinstance(device, Rejected):
        return [device]
    word = _said(message.payload)
    state = truth(word)
    if state is None:
        return [refused("bad_value", "payload", f"It is on or off, not {word!r}.")]
    mapped = profile("dahua").look_up(code)
    if mapped.kind == "button" and not state:
        return []
    return event_of(
        message,
        topic,
        Reading(message.received_at, False, None, None),
        device=device,
        mapped=mapped,
        phase="pulse" if mapped.kind == "button" else lasting(state, message.retained),
        key=f"{code}|{word}",
        attributes={"code": code, "status": word},
    )


def _said(payload: bytes) -> str:
    """The word of a bridge; a later one puts it into an object, with the region beside it."""
    if payload.lstrip()[:1] == b"{":
        body = read_lenient(payload)
        return str(body.get("state")).lower() if isinstance(body, dict) else ""
    return read_word(payload)
