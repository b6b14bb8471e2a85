"""Every payload of every scenario, held against the formats as they are documented."""

from collections import defaultdict
from datetime import datetime, timedelta

import msgspec
import pytest

from device_simulator.formats import FORMATS
from device_simulator.formats.wire import Pen, WireMessage
from device_simulator.scenarios import SCENARIOS
from tests.device_simulator import stage
from tests.device_simulator.wire_schema import KINDS, Plate, ReviewChange, TrackedChange, cloud_events

HORIZON = 900.0


@pytest.fixture(scope="module", params=list(SCENARIOS))
def played(request: pytest.FixtureRequest) -> list[tuple[float, WireMessage]]:
    return stage.messages(request.param, stage.setting(), HORIZON)


def test_topics_name_their_school_and_format(played: list[tuple[float, WireMessage]]) -> None:
    assert played
    for _, message in played:
        assert message.topic.startswith(f"campus/v1/{message.school}/{message.format}/")
        assert message.qos == 1
        assert not message.retain


def test_native_events_follow_the_contract(played: list[tuple[float, WireMessage]]) -> None:
    county = stage.setting().county
    identities: set[tuple[str, str]] = set()
    numbers: dict[str, int] = defaultdict(int)
    for offset, message in played:
        if message.format != "native":
            continue
        assert message.topic.endswith("/events")
        now = stage.BEGAN + timedelta(seconds=offset)
        for event in cloud_events(message.payload):
            numbers[message.school] += 1
            assert event.sequence == str(numbers[message.school])
            assert abs(datetime.fromisoformat(event.time) - now) <= timedelta(milliseconds=1)
            assert event.type in KINDS
            assert (message.school, event.id) not in identities
            identities.add((message.school, event.id))
            school = county.school(message.school)
            assert school is not None
            device = next(each for each in school.devices if each.code == event.source)
            if event.type == "inspection_submitted":
                assert event.inspection().date == "2026-11-24"
            else:
                said = event.said()
                assert said.zone == device.zone.code
                assert (said.phase == "measure") == (said.value is not None)
        assert message.sequence == numbers[message.school]


def test_frigate_messages_have_frigates_shapes(played: list[tuple[float, WireMessage]]) -> None:
    types = {"reviews": ReviewChange, "events": TrackedChange, "tracked_object_update": Plate}
    for _, message in played:
        if message.format == "frigate":
            msgspec.json.decode(message.payload, type=types[message.topic.rsplit("/", 1)[1]])


def test_frigate_reviews_run_from_new_to_end() -> None:
    stories: dict[str, list[ReviewChange]] = defaultdict(list)
    for _, message in stage.messages("intruder_at_night", stage.setting()):
        if message.topic.endswith("/reviews"):
            change = msgspec.json.decode(message.payload, type=ReviewChange)
            stories[change.after.id].append(change)
    assert len(stories) == 2
    for changes in stories.values():
        assert [change.type for change in changes] == ["new", "update", "end"]
        new, update, end = changes
        assert new.before == new.after
        assert new.after.severity == "detection"
        assert (update.before.severity, update.after.severity) == ("detection", "alert")
        assert update.after.end_time is None
        assert end.after.end_time is not None
        assert end.after.end_time > end.after.start_time == new.after.start_time
        assert end.after.data.objects == ["person"]


def test_a_school_day_says_plates_under_the_object_they_belong_to() -> None:
    played = stage.messages("school_day", stage.setting(), HORIZON)
    cars: set[str] = set()
    plates: list[Plate] = []
    for _, message in played:
        if message.topic.endswith("frigate/events"):
            cars.add(msgspec.json.decode(message.payload, type=TrackedChange).after.id)
        elif message.topic.endswith("tracked_object_update"):
            plates.append(msgspec.json.decode(message.payload, type=Plate))
    assert plates
    assert {plate.id for plate in plates} <= cars


def test_heartbeats_are_one_batch_of_all_native_devices() -> None:
    county = stage.setting().county
    batches = [
        message
        for _, message in stage.messages("school_day", stage.setting(), 50)
        if b"heartbeat" in message.payload
    ]
    assert len(batches) == len(county.schools)
    for batch in batches:
        school = county.school(batch.school)
        assert school is not None
        expected = [device.code for device in school.devices if device.format == "native"]
        assert [event.source for event in cloud_events(batch.payload)] == expected


def test_links_say_whether_they_live() -> None:
    pen = Pen(run="r", gateway="gw-1")
    native, frigate = (FORMATS[name].link("370828-001", pen) for name in ("native", "frigate"))
    assert native == ("campus/v1/370828-001/native/gw-1/status", b"online", b"offline")
    assert frigate == ("campus/v1/370828-001/frigate/available", b"online", b"offline")
