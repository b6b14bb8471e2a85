"""`frigate/events` (tracked objects) and `frigate/tracked_object_update` (plates, faces).

An object is in a review as well. Its events carry no severity hint and `source_topic: events`, so that a rule
can keep to reviews and nobody is alarmed twice.
"""

from datetime import tzinfo
from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import clean_name, clean_value
from safety_service.domain.decoding.frigate.labels import kind_of, recognition
from safety_service.domain.decoding.frigate.recorder import Recorder
from safety_service.domain.decoding.frigate.steps import (
    LONGEST_ID,
    PHASES,
    read_after,
    read_step,
    step_key,
    step_time,
    with_time,
)
from safety_service.domain.decoding.refusal import read_json, refused
from safety_service.domain.decoding.times import read_time
from safety_service.domain.types import Event, Message, Rejected


class Tracked(msgspec.Struct):
    """The state of a tracked object after the step."""

    id: str
    camera: str
    label: str | None = None
    sub_label: Any = None
    score: float | None = None
    top_score: float | None = None
    false_positive: bool | None = None
    start_time: Any = None
    end_time: Any = None
    current_zones: list[str] | None = None
    entered_zones: list[str] | None = None
    stationary: bool | None = None
    has_snapshot: bool | None = None
    has_clip: bool | None = None


class Recognition(msgspec.Struct):
    """What Frigate found out about a tracked object later."""

    type: str
    id: str | None = None
    camera: str | None = None
    name: str | None = None
    plate: str | None = None
    score: float | None = None
    timestamp: Any = None


TRACKED = msgspec.json.Decoder(Tracked)
RECOGNITION = msgspec.json.Decoder(Recognition)
KEPT = ("label", "score", "top_score", "stationary", "has_snapshot", "has_clip")
RECOGNITION_KINDS = {"lpr": "plate_recognized", "face": "face_recognized"}


def decode_object(message: Message, recorder: Recorder, zone: tzinfo) -> list[Event | Rejected]:
    """One event for each step of a tracked object; what Frigate itself calls a false positive is none."""
    step = read_step(message.payload)
    if step is None or isinstance(step, Rejected):
        return [] if step is None else [step]
    after = read_after(step, TRACKED)
    if isinstance(after, Rejected):
        return [after]
    camera = recorder.camera(after.camera, "after.camera")
    if isinstance(camera, Rejected):
        return [camera]
    if after.false_positive:
        return []
    labels = [after.label] if after.label else []
    kind, unknown = kind_of(labels, labels)
    zones = [*(after.current_zones or ()), *(after.entered_zones or ())]
    event = Event(
        school=recorder.topic.school,
        device=camera,
        kind=kind,
        phase=PHASES[step.type],
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=recorder.topic.format,
        dedup_key=step_key(step, after.id),
        event_id=after.id,
        zone=next((name for name in map(clean_name, zones) if name), None),
        attributes=_attributes(after, unknown),
        retained=message.retained,
        gateway=recorder.name,
    )
    return with_time(event, step_time(step, after.start_time, after.end_time, message, zone))


def _attributes(after: Tracked, unknown: str | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {"source_topic": "events"}
    if unknown is not None:
        attributes["vendor_code"] = unknown
    for name in KEPT:
        if (value := getattr(after, name)) is not None:
            attributes[name] = clean_value(value)
    known, score = recognition(after.sub_label)
    if known is not None:
        attributes["sub_label"] = known
        attributes["sub_label_score"] = score
    return attributes


def decode_object_update(message: Message, recorder: Recorder, zone: tzinfo) -> list[Event | Rejected]:
    """A plate or a face as a moment of its own; descriptions and classifications are no news.

    Of a face only known or unknown is kept, never the name; of a known vehicle its plate, never its owner.
    """
    found = read_json(message.payload, RECOGNITION)
    if isinstance(found, Rejected):
        return [found]
    kind = RECOGNITION_KINDS.get(found.type)
    if kind is None:
        return []
    refusal = _lacking(found)
    if refusal is not None:
        return [refusal]
    camera = recorder.camera(found.camera or "", "camera")
    if isinstance(camera, Rejected):
        return [camera]
    known = recognition(found.name)[0] or "unknown"
    attributes: dict[str, Any] = {"source_topic": "tracked_object_update", "sub_label": known}
    if found.score is not None:
        attributes["score"] = found.score
    if found.type == "lpr":
        attributes["plate"] = clean_name(found.plate or "")
    event = Event(
        school=recorder.topic.school,
        device=camera,
        kind=kind,
        phase="pulse",
        occurred_at=message.received_at,
        received_at=message.received_at,
        format=recorder.topic.format,
        dedup_key=f"{found.id}|{found.type}|{str(found.timestamp)[:40]}|{attributes.get('plate', known)}",
        event_id=found.id,
        attributes=attributes,
        retained=message.retained,
        gateway=recorder.name,
    )
    return with_time(event, read_time(found.timestamp, message.received_at, zone))


def _lacking(found: Recognition) -> Rejected | None:
    needed = ("id", "camera", "plate") if found.type == "lpr" else ("id", "camera")
    for name in needed:
        text = getattr(found, name)
        if text is None:
            return refused("missing_field", name, f"The field {name} is required and missing.")
        if not clean_name(text) or len(text) > LONGEST_ID or not text.isprintable():
            return refused("bad_value", name, f"The field {name} has 1 to {LONGEST_ID} visible characters.")
    return None
