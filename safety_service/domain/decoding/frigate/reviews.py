"""`frigate/reviews`: one lasting event for each review, which `after` describes."""

from datetime import tzinfo
from typing import Any

import msgspec

from safety_service.domain.decoding.cleaning import clean_name, clean_value
from safety_service.domain.decoding.details import WEB_ADDRESS
from safety_service.domain.decoding.frigate.labels import kind_of, recognition
from safety_service.domain.decoding.frigate.recorder import Recorder
from safety_service.domain.decoding.frigate.steps import (
    PHASES,
    read_after,
    read_step,
    step_key,
    step_time,
    with_time,
)
from safety_service.domain.types import Event, Message, Rejected


class Seen(msgspec.Struct):
    """What a review has gathered so far; Frigate leaves out or empties what it has not."""

    objects: list[str] | None = None
    sub_labels: list[Any] | None = None
    zones: list[str] | None = None
    audio: list[str] | None = None


class Review(msgspec.Struct):
    """The state of a review after the step."""

    id: str
    camera: str
    start_time: Any = None
    end_time: Any = None
    severity: str | None = None
    thumb_path: str | None = None
    data: Seen | None = None


REVIEW = msgspec.json.Decoder(Review)
HINTS = frozenset({"alert", "detection"})
# What some versions made of movement in which nothing was recognised.
MOTION = "significant_motion"


def decode_review(message: Message, recorder: Recorder, zone: tzinfo) -> list[Event | Rejected]:
    """One event for each step of a review. `end` may never come: who opens an alert on it needs a timeout."""
    step = read_step(message.payload)
    if step is None or isinstance(step, Rejected):
        return [] if step is None else [step]
    after = read_after(step, REVIEW)
    if isinstance(after, Rejected):
        return [after]
    camera = recorder.camera(after.camera, "after.camera")
    if isinstance(camera, Rejected):
        return [camera]
    seen = after.data or Seen()
    zones = [name for name in map(clean_name, seen.zones or ()) if name]
    kind, label = kind_of(seen.objects or (), seen.audio or ())
    if after.severity == MOTION and kind == "other" and label is None:
        kind = "motion"
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
        severity_hint=after.severity if after.severity in HINTS else None,
        zone=zones[0] if zones else None,
        snapshot_url=_web_address(after.thumb_path),
        attributes=_attributes(after, seen, zones, label, step.before),
        retained=message.retained,
        gateway=recorder.name,
    )
    return with_time(event, step_time(step, after.start_time, after.end_time, message, zone))


def _attributes(
    after: Review, seen: Seen, zones: list[str], label: str | None, before: Any
) -> dict[str, Any]:
    attributes: dict[str, Any] = {"source_topic": "reviews", "objects": seen.objects or [], "zones": zones}
    if label is not None:
        attributes["vendor_code"] = label
    if seen.audio:
        attributes["audio"] = seen.audio
    if seen.sub_labels:
        attributes["sub_labels"] = [recognition(name)[0] for name in seen.sub_labels]
    if after.thumb_path:
        attributes["thumb_path"] = after.thumb_path
    if isinstance(before, dict) and isinstance(before.get("severity"), str):
        attributes["severity_before"] = before["severity"]
    cleaned: dict[str, Any] = clean_value(attributes)
    return cleaned


def _web_address(path: str | None) -> str | None:
    """Frigate names a file on the recorder, which no browser can open; only an address is one."""
    return path if path and WEB_ADDRESS.fullmatch(path) else None
