"""Frigate's own messages: a review segment and a tracked object for each sighting, plates, availability."""

from datetime import datetime
from random import Random
from typing import Any

import msgspec

from device_simulator.formats.wire import Format, Link, Pen, WireMessage
from device_simulator.happenings import Happening

_encode = msgspec.json.Encoder().encode
_LABELS = {"person": "person", "vehicle": "car"}
_TYPES = {"start": "new", "update": "update", "end": "end"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def write(pen: Pen, happenings: tuple[Happening, ...], now: datetime) -> list[WireMessage]:
    """`events` and `reviews` for each phase of a sighting, `tracked_object_update` for a plate."""
    return [message for each in happenings for message in _write_one(pen, each, now.timestamp())]


def link(school: str, _pen: Pen) -> Link:
    """Frigate's retained availability; `offline` is what its last will says."""
    return Link(f"campus/v1/{school}/frigate/available", b"online", b"offline")


def _write_one(pen: Pen, happening: Happening, now: float) -> list[WireMessage]:
    began = pen.began.setdefault(happening.story, now)
    if happening.kind == "plate_recognized":
        return [_message(happening, "tracked_object_update", _plate(happening, began, now))]
    messages = [_message(happening, "events", _change(_event, happening, began, now))]
    # a review tells of an update only where something changed in it; an object is seen anew all the time
    if happening.phase != "update" or happening.story not in pen.raised:
        messages.append(_message(happening, "reviews", _change(_review, happening, began, now)))
    if happening.phase == "update":
        pen.raised.add(happening.story)
    elif happening.phase == "end":
        del pen.began[happening.story]
        pen.raised.discard(happening.story)
    return messages


def _message(happening: Happening, rest: str, body: dict[str, Any]) -> WireMessage:
    school = happening.device.school
    return WireMessage(school, "frigate", f"campus/v1/{school}/frigate/{rest}", _encode(body))


def _change(shape: Any, happening: Happening, began: float, now: float) -> dict[str, Any]:
    """Before and after; they are equal in a `new` message, as Frigate sends them."""
    after = shape(happening, happening.phase, began, now)
    before = after if happening.phase == "start" else shape(happening, "start", began, began)
    return {"type": _TYPES[happening.phase], "before": before, "after": after}


def _event(happening: Happening, phase: str, began: float, now: float) -> dict[str, Any]:
    zone = happening.device.zone.code
    score = 0.78 if phase == "start" else 0.91
    return {
        "id": _object_id(happening, began),
        "camera": happening.device.code,
        "frame_time": now,
        "label": _LABELS[happening.kind],
        "sub_label": None,
        "top_score": score,
        "false_positive": False,
        "start_time": began,
        "end_time": now if phase == "end" else None,
        "score": score,
        "current_zones": [] if phase == "end" else [zone],
        "entered_zones": [zone],
        "thumbnail": None,
        "has_snapshot": phase != "start",
        "has_clip": phase == "end",
        "stationary": False,
    }


def _review(happening: Happening, phase: str, began: float, now: float) -> dict[str, Any]:
    camera = happening.device.code
    review = _name(began, f"{happening.story}/review")
    alert = happening.severity is not None and phase != "start"
    return {
        "id": review,
        "camera": camera,
        "start_time": began,
        "end_time": now if phase == "end" else None,
        # a segment starts as a detection and is raised once the object is seen in a zone that matters
        "severity": "alert" if alert else "detection",
        "thumb_path": f"/media/frigate/clips/review/thumb-{camera}-{review}.webp",
        "data": {
            "detections": [_object_id(happening, began)],
            "objects": [_LABELS[happening.kind]],
            "sub_labels": [],
            "zones": [happening.device.zone.code],
            "audio": [],
        },
    }


def _plate(happening: Happening, began: float, now: float) -> dict[str, Any]:
    return {
        "type": "lpr",
        "id": _object_id(happening, began),
        "name": None,
        "plate": happening.attributes["plate"],
        "score": 0.94,
        "camera": happening.device.code,
        "timestamp": now,
        "plate_box": [917, 487, 1029, 529],
    }


def _object_id(happening: Happening, began: float) -> str:
    return _name(began, f"{happening.story}/object")


def _name(began: float, seed: str) -> str:
    """Frigate's ids: the start time with microseconds, and six letters against equal times."""
    random = Random(seed)
    return f"{began:.6f}-{''.join(random.choices(_LETTERS, k=6))}"


FRIGATE = Format(write, link, frozenset({*_LABELS, "plate_recognized"}))
