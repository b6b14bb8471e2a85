"""What the wire formats must look like, written down apart from the code that makes them."""

from typing import Any, Literal

import msgspec

KINDS = frozenset(
    (
        "person", "intrusion", "line_crossing", "loitering", "climbing", "crowd", "people_count", "fight",
        "fall", "stranger", "face_recognized", "presence", "vehicle", "plate_recognized",
        "illegal_parking", "left_object", "removed_object", "motion", "tamper", "video_loss", "blur",
        "fire", "smoke", "gas_leak", "water_leak", "power_loss", "flame_unattended", "panic_button",
        "alarm_input", "door_open", "door_forced", "vibration", "occupancy", "button", "temperature",
        "humidity", "illuminance", "co2", "pm25", "tvoc", "noise", "battery", "voltage", "power",
        "no_chef_hat", "no_mask", "no_gloves", "no_uniform", "smoking", "phone_use", "rodent", "cockroach",
        "bin_uncovered", "standing_water", "off_post", "radio_signal", "paper_room_entry", "recording_gap",
        "device_online", "device_offline", "device_announce", "config_changed", "disk_full", "disk_error",
        "overheating", "heartbeat", "inspection_submitted",
    )
)  # fmt: skip


class Said(msgspec.Struct, forbid_unknown_fields=True):
    phase: Literal["start", "update", "end", "pulse", "state", "measure"]
    zone: str
    severity: Literal["critical", "major", "minor", "warning"] | None = None
    value: float | None = None
    unit: str | None = None
    attributes: dict[str, Any] = {}


class Item(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    result: Literal["pass", "fail", "absent"]
    note: str | None = None


class Inspection(msgspec.Struct, forbid_unknown_fields=True):
    cafeteria: str
    scheme: Literal["cn.dynamic_2012"]
    inspector: str
    date: str
    items: list[Item]
    note: str | None = None


class CloudEvent(msgspec.Struct, forbid_unknown_fields=True):
    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    sequence: str
    data: msgspec.Raw

    def said(self) -> Said:
        return msgspec.json.decode(self.data, type=Said)

    def inspection(self) -> Inspection:
        return msgspec.json.decode(self.data, type=Inspection)


class ReviewParts(msgspec.Struct, forbid_unknown_fields=True):
    detections: list[str]
    objects: list[str]
    sub_labels: list[str]
    zones: list[str]
    audio: list[str]


class Review(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    camera: str
    start_time: float
    end_time: float | None
    severity: Literal["detection", "alert"]
    thumb_path: str
    data: ReviewParts


class Tracked(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    camera: str
    frame_time: float
    label: Literal["person", "car"]
    sub_label: None
    top_score: float
    false_positive: bool
    start_time: float
    end_time: float | None
    score: float
    current_zones: list[str]
    entered_zones: list[str]
    thumbnail: None
    has_snapshot: bool
    has_clip: bool
    stationary: bool


class ReviewChange(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["new", "update", "end"]
    before: Review
    after: Review


class TrackedChange(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["new", "update", "end"]
    before: Tracked
    after: Tracked


class Plate(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["lpr"]
    id: str
    name: str | None
    plate: str
    score: float
    camera: str
    timestamp: float
    plate_box: list[int]


def cloud_events(payload: bytes) -> list[CloudEvent]:
    """The events of a native payload: an object, or an array of at least two."""
    if payload.startswith(b"["):
        events = msgspec.json.decode(payload, type=list[CloudEvent])
        assert len(events) > 1
        return events
    return [msgspec.json.decode(payload, type=CloudEvent)]
