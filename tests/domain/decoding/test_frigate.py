"""Frigate: which topics carry news, when a step happened, and what of a recognised person is left behind."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from safety_service.domain.types import Event, Rejected

SAMPLES = Path(__file__).parent / "samples" / "frigate"


def sample(name: str, step: str | None = None, **after: Any) -> str:
    content = json.loads((SAMPLES / f"{name}.json").read_text())
    content["type"] = step or content["type"]
    content["after"].update(after)
    return json.dumps(content)


def test_long_review_is_no_sign_of_a_wrong_clock(read: Any, received: Any) -> None:
    old = received.timestamp() - 3600
    (update,) = read("frigate/reviews", sample("reviews_update", start_time=old))
    (end,) = read("frigate/reviews", sample("reviews_end", start_time=old, end_time=received.timestamp() - 9))
    (open_end,) = read("frigate/reviews", sample("reviews_end", start_time=old, end_time=None))
    (new,) = read("frigate/reviews", sample("reviews_new", start_time=old))
    assert [event.clock_suspect for event in (update, end, open_end, new)] == [False, False, False, True]
    assert end.occurred_at == received - timedelta(seconds=9)
    assert update.occurred_at == open_end.occurred_at == new.occurred_at == received


def test_unreadable_time_is_reported_beside_the_event(read: Any) -> None:
    event, warning = read("frigate/reviews", sample("reviews_new", start_time="soon"))
    assert (event.phase, event.clock_suspect) == ("start", True)
    assert (warning.reason, warning.place) == ("bad_time", "after.start_time")
    assert "soon" in event.attributes["time_error"]


def test_two_updates_are_two_pieces_of_news_and_a_repeat_is_none(read: Any) -> None:
    def key(**after: Any) -> str:
        (event,) = read("frigate/reviews", sample("reviews_update", **after))
        return str(event.dedup_key)

    assert key() == key()
    assert key() != key(severity="detection")
    turned = json.loads(sample("reviews_update"))
    turned["after"] = dict(reversed(turned["after"].items()))
    assert read("frigate/reviews", json.dumps(turned))[0].dedup_key == key()


@pytest.mark.parametrize(
    ("objects", "audio", "kind", "code"),
    [
        (["car"], [], "vehicle", None),
        (["bicycle", "person"], [], "person", None),
        (["person-verified"], [], "person", None),
        (["dog"], [], "other", "dog"),
        ([], ["fire_alarm"], "fire", None),
        (["person"], ["smoke_detector"], "smoke", None),
        (["smoke", "person"], [], "smoke", None),
        (["fire"], [], "fire", None),
        ([], ["scream"], "other", "scream"),
        ([], [], "other", None),
        (None, None, "other", None),
    ],
)
def test_kind_of_a_review(read: Any, objects: Any, audio: Any, kind: str, code: str | None) -> None:
    data = {"objects": objects, "audio": audio, "zones": None, "sub_labels": None}
    (event,) = read("frigate/reviews", sample("reviews_new", data=data))
    assert (event.kind, event.attributes.get("vendor_code"), event.zone) == (kind, code, None)


@pytest.mark.parametrize("data", [None, {}])
def test_review_without_data_is_still_a_review(read: Any, data: Any) -> None:
    (event,) = read("frigate/reviews", sample("reviews_new", data=data))
    assert (event.kind, event.device) == ("other", "north_gate_cam")


def test_movement_in_which_nothing_was_recognised(read: Any) -> None:
    data: dict[str, list[str]] = {"objects": [], "audio": [], "zones": [], "sub_labels": []}
    (event,) = read("frigate/reviews", sample("reviews_new", severity="significant_motion", data=data))
    assert (event.kind, event.severity_hint) == ("motion", None)


def test_snapshot_is_an_address_or_none(read: Any) -> None:
    (with_path,) = read("frigate/reviews", sample("reviews_new"))
    (with_address,) = read("frigate/reviews", sample("reviews_new", thumb_path="https://nvr.test/t.webp"))
    assert with_path.snapshot_url is None
    assert with_path.attributes["thumb_path"].startswith("/media/")
    assert with_address.snapshot_url == "https://nvr.test/t.webp"


@pytest.mark.parametrize(
    ("sub_label", "kept"),
    [
        (None, None),
        ("", None),
        ("Somebody", "known"),
        (["Somebody", 0.8], "known"),
        (["Somebody"], "known"),
        ("unknown", "unknown"),
        ([], None),
        (5, None),
        ([None, None], None),
    ],
)
def test_sub_label_is_kept_without_the_name(read: Any, sub_label: Any, kept: str | None) -> None:
    (event,) = read("frigate/events", sample("events_new", sub_label=sub_label))
    assert event.attributes.get("sub_label") == kept


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_no_recognised_name_leaves_the_decoder(read: Any, path: Path) -> None:
    topic = next(
        name for name in ("reviews", "events", "tracked_object_update") if path.name.startswith(name)
    )
    kept = msgspec.json.encode(read(f"frigate/{topic}", path.read_bytes()))
    assert b"omebody" not in kept


def test_unknown_face_is_told_apart(read: Any) -> None:
    face = json.loads((SAMPLES / "tracked_object_update_face.json").read_text())
    for name in (None, "unknown"):
        (event,) = read("frigate/tracked_object_update", json.dumps({**face, "name": name}))
        assert event.attributes["sub_label"] == "unknown"


def test_object_events_are_not_a_second_alarm(read: Any) -> None:
    (event,) = read(
        "frigate/events", sample("events_new", label=None, current_zones=None, entered_zones=None)
    )
    assert (event.kind, event.severity_hint, event.zone) == ("other", None, None)
    assert event.attributes["source_topic"] == "events"


@pytest.mark.parametrize(
    ("rest", "payload", "expected"),
    [
        ("available", b"offline", ("frigate", "device_offline", "start")),
        ("available", b"stopped", ("frigate", "device_offline", "start")),
        ("available", b"online", ("frigate", "device_offline", "end")),
        ("nvr2/available", b"offline", ("nvr2", "device_offline", "start")),
        ("gate/status/detect", b"offline", ("gate", "device_offline", "start")),
        ("gate/status/detect", b"disabled", ("gate", "device_offline", "start")),
        ("gate/status/detect", b"online", ("gate", "device_offline", "end")),
        ("nvr2/gate/status/detect", b"offline", ("nvr2:gate", "device_offline", "start")),
        ("gate/status/record", b"offline", ("gate", "recording_gap", "start")),
        ("gate/motion", b"ON", ("gate", "motion", "start")),
        ("gate/motion", b"OFF", ("gate", "motion", "end")),
        ("nvr2/gate/motion", b"ON", ("nvr2:gate", "motion", "start")),
    ],
)
def test_words(read: Any, rest: str, payload: bytes, expected: tuple[str, str, str]) -> None:
    (event,) = read(f"frigate/{rest}", payload, retained=True)
    assert (event.device, event.kind, event.phase) == expected
    assert event.retained is True


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("stats", b'{"uptime":5}'),
        ("gate/review_status", b"ALERT"),
        ("gate/status/audio", b"offline"),
        ("gate/person", b"2"),
        ("gate/person/snapshot", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ("gate/motion/state", b"ON"),
        ("gate/audio/scream", b"ON"),
        ("motion", b"ON"),
        ("available", b""),
        ("reviews", b'{"type":"genai","after":{}}'),
    ],
)
def test_what_carries_no_news(read: Any, rest: str, payload: bytes) -> None:
    assert read(f"frigate/{rest}", payload) == []


def test_second_recorder_keeps_its_cameras_apart(read: Any) -> None:
    (first,) = read("frigate/reviews", sample("reviews_new"))
    (second,) = read("frigate/nvr2/reviews", sample("reviews_new"))
    assert (first.device, second.device) == ("north_gate_cam", "nvr2:north_gate_cam")
    assert (first.gateway, second.gateway) == ("frigate", "nvr2")


@pytest.mark.parametrize(
    ("rest", "payload", "expected"),
    [
        ("reviews", "{", ("not_json", "byte 1")),
        ("reviews", "[]", ("bad_value", "payload")),
        ("reviews", "{}", ("missing_field", "type")),
        ("reviews", '{"type":"new"}', ("missing_field", "after")),
        ("reviews", '{"type":"newer","after":{}}', ("bad_value", "type")),
        ("reviews", '{"type":"new","after":null}', ("bad_value", "after")),
        ("reviews", '{"type":"new","after":{}}', ("missing_field", "after.id")),
        ("reviews", '{"type":"new","after":{"id":"1"}}', ("missing_field", "after.camera")),
        ("reviews", '{"type":"new","after":{"id":"","camera":"c"}}', ("bad_value", "after.id")),
        ("reviews", '{"type":"new","after":{"id":"1","camera":" "}}', ("bad_value", "after.camera")),
        (
            "reviews",
            '{"type":"new","after":{"id":"1","camera":"c","data":{"objects":[7]}}}',
            ("bad_value", "after.data.objects[0]"),
        ),
        ("events", '{"type":"new","after":{"id":"1","camera":5}}', ("bad_value", "after.camera")),
        ("tracked_object_update", '{"type":"lpr","id":"1","camera":"c"}', ("missing_field", "plate")),
        ("tracked_object_update", '{"type":"face","id":"1"}', ("missing_field", "camera")),
        ("available", "perhaps", ("bad_value", "payload")),
        ("gate/motion", "", ("bad_value", "payload")),
    ],
)
def test_refusals_name_their_place(read: Any, rest: str, payload: str, expected: tuple[str, str]) -> None:
    (found,) = read(f"frigate/{rest}", payload)
    assert isinstance(found, Rejected)
    assert (found.reason, found.place) == expected


def test_camera_name_without_invisible_characters(read: Any) -> None:
    (event,) = read("frigate/reviews", sample("reviews_new", camera="north\u200b_gate_cam\u2060"))
    assert isinstance(event, Event)
    assert event.device == "north_gate_cam"
