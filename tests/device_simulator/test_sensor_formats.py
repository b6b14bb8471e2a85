"""Any scenario through any sensor format: what the decoders read out of it is what happened."""

from collections import Counter
from datetime import UTC, timedelta

import pytest

from device_simulator.county import build_county
from device_simulator.formats import FORMATS
from device_simulator.formats.wire import Pen
from device_simulator.happenings import Happening
from device_simulator.scenarios import SCENARIOS
from device_simulator.scenarios.setting import Setting
from device_simulator.script import script, write
from device_simulator.speaking import speaking
from safety_service.domain.decoding import Recall, decode
from safety_service.domain.types import Event, Message
from tests.device_simulator import stage

SENSOR_FORMATS = ["zigbee2mqtt", "tasmota", "shelly", "sparkplug", "thingsboard"]
HORIZON = 1200.0
WIRED = {"tasmota": {"panic_button": "alarm_input"}, "shelly": {"panic_button": "button"}}
"""What only its wiring says."""
PRESSES = {"panic_button", "button"}
ABOUT_ITSELF = {"device_offline", "device_announce", "sequence_gap", "battery", "voltage", "heartbeat"}


def setting(format: str) -> Setting:
    return Setting(speaking(build_county(24, 1), format), speed=1.0, start=7.5 * 3600)


def heard(format: str, scenario: str) -> Counter[tuple[str, str, str]]:
    """(device, kind, phase) of everything decoded, without what a format says of itself."""
    pen, recall = Pen(run="r1", gateway="gw-1"), Recall()
    found: Counter[tuple[str, str, str]] = Counter()
    for position, (offset, message) in enumerate(
        script(SCENARIOS[scenario], setting(format), pen, stage.BEGAN), 1
    ):
        if offset > HORIZON:
            break
        if message.format != format:
            continue
        received = (stage.BEGAN + timedelta(seconds=offset)).astimezone(UTC)
        told = Message(topic=message.topic, payload=message.payload, received_at=received, position=position)
        for item in recall.complete(told, decode(told, stage.BEGAN.tzinfo or UTC)):
            assert isinstance(item, Event), item
            assert not item.clock_suspect
            if item.kind not in ABOUT_ITSELF:
                found[item.device.rpartition("/")[2], item.kind, item.phase] += 1
    return found


def happened(format: str, scenario: str) -> Counter[tuple[str, str, str]]:
    """The same of what the scenario tells of; a press has no end, and a birth says that all is quiet."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for _, each in stage.happenings(scenario, setting(format), HORIZON):
        if each.device.format != format:
            continue
        kind = WIRED.get(format, {}).get(each.kind, each.kind)
        if kind in PRESSES:
            if each.phase in ("start", "pulse"):
                expected[each.device.code, kind, "pulse"] += 1
        elif not (kind == "alarm_input" and each.phase == "update"):
            expected[each.device.code, kind, each.phase] += 1
    return expected


@pytest.mark.parametrize("format", SENSOR_FORMATS)
@pytest.mark.parametrize("scenario", ["fire_in_dormitory", "cold_store_failure"])
def test_a_scenario_comes_through(format: str, scenario: str) -> None:
    told, expected = heard(format, scenario), happened(format, scenario)
    assert expected
    for what in expected:
        if format == "sparkplug" and what[2] in ("end", "measure"):
            assert told[what] > expected[what]  # the birth tells of it too
        elif format == "shelly" and what[1] == "button":
            assert told[what] == 2 * expected[what]  # down, and what push it was
        else:
            assert told[what] == expected[what], what
    assert set(told) - set(expected) <= {(device, kind, "end") for device, kind, _ in expected}


@pytest.mark.parametrize("format", SENSOR_FORMATS)
def test_every_word_of_a_format_is_understood(format: str) -> None:
    device = next(each for each in setting(format).county.schools[0].devices if each.format == format)
    kinds = FORMATS[format].kinds
    assert kinds
    for number, kind in enumerate(sorted(kinds)):
        pen, recall = Pen(run="r1", gateway="gw-1"), Recall()
        happening = Happening(device=device, kind=kind, phase="start", value=4.5)
        events = []
        for message in FORMATS[format].write(pen, (happening,), stage.BEGAN):
            told = Message(
                topic=message.topic,
                payload=message.payload,
                received_at=stage.BEGAN.astimezone(UTC),
                position=number + 1,
            )
            events += recall.complete(told, decode(told, stage.BEGAN.tzinfo or UTC))
        wanted = WIRED.get(format, {}).get(kind, kind)
        assert wanted in {item.kind for item in events if isinstance(item, Event)}, kind
        assert all(isinstance(item, Event) for item in events)


@pytest.mark.parametrize("format", SENSOR_FORMATS)
def test_links_are_read_as_online_and_offline(format: str) -> None:
    link = FORMATS[format].link("370828-001", Pen(run="r", gateway="gw-1"))
    if link is None:
        assert format == "thingsboard"
        return
    phases = []
    for payload in (link.online, link.offline):
        told = Message(topic=link.topic, payload=payload, received_at=stage.BEGAN, retained=True)
        phases += [(item.kind, item.phase) for item in decode(told, UTC) if isinstance(item, Event)]
    assert phases[-1] == ("device_offline", "start")
    assert phases[:-1] == ([] if format == "sparkplug" else [("device_offline", "end")])


def test_what_a_format_cannot_say_stays_as_it_was() -> None:
    county = speaking(build_county(3, 1), "tasmota")
    formats = {(device.role, device.format) for school in county.schools for device in school.devices}
    assert {("thermometer", "tasmota"), ("panic_button", "tasmota"), ("smoke_detector", "native")} <= formats
    assert ("smoke_detector", "tasmota") not in formats


def test_a_moment_of_several_formats_is_told_in_each() -> None:
    stage_now = setting("thingsboard")
    pen = Pen(run="r1", gateway="gw-1")
    moments = SCENARIOS["school_day"].moments(stage_now)
    messages = [
        message
        for _, told in zip(range(400), moments, strict=False)
        for message in write(pen, told, stage.BEGAN)
    ]
    assert {message.format for message in messages} >= {"native", "thingsboard"}
