"""Every scenario through every camera format: what the simulator writes, the service's decoders read."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from device_simulator.county import build_county
from device_simulator.errors import WrongUsageError
from device_simulator.formats import FORMATS
from device_simulator.formats.wire import Pen, WireMessage
from device_simulator.happenings import Happening, Moment
from device_simulator.scenarios import SCENARIOS
from device_simulator.scenarios.setting import Setting
from device_simulator.script import write
from device_simulator.speaking import speaking
from safety_service.domain.decoding import decode
from safety_service.domain.types import Event, Message
from tests.device_simulator import stage

CAMERA_FORMATS = ("onvif", "axis", "hikvision", "dahua")
ZONE = ZoneInfo("Asia/Shanghai")
# A format without moments tells one as a beginning; a format without repeats is silent while it lasts.
PHASES = {"start": {"start"}, "update": {"update"}, "end": {"end"}, "pulse": {"pulse", "start", "end"}}
HORIZON = 240.0


def setting(format: str) -> Setting:
    return msgspec.structs.replace(stage.setting(), county=speaking(stage.setting().county, format))


def read(message: WireMessage, offset: float) -> list[Event]:
    now = stage.BEGAN + timedelta(seconds=offset)
    found = decode(Message(topic=message.topic, payload=message.payload, received_at=now), ZONE)
    assert all(isinstance(item, Event) for item in found), (message, found)
    return [item for item in found if isinstance(item, Event)]


@pytest.mark.parametrize(
    ("scenario", "format"),
    [
        (scenario, format)
        for scenario in ("school_day", "intruder_at_night", "camera_storm", "fire_in_dormitory")
        for format in CAMERA_FORMATS
        # an Axis camera sees smoke and no fire, and detects neither in this story
        if (scenario, format) != ("fire_in_dormitory", "axis")
    ],
)
def test_a_scenario_runs_through_any_camera(scenario: str, format: str) -> None:
    played = setting(format)
    pen = Pen(run="r1", gateway=SCENARIOS[scenario].gateway)
    told = 0
    for moment in SCENARIOS[scenario].moments(played):
        if moment.offset > HORIZON or told > 400:
            break
        for happening in moment.happenings:
            now = stage.BEGAN + timedelta(seconds=moment.offset)
            for message in write(pen, Moment(moment.offset, (happening,)), now):
                if message.format == format:
                    told += 1
                    for event in read(message, moment.offset):
                        check(event, happening)
    assert told > 0


def check(event: Event, happening: Happening) -> None:
    assert (event.school, event.device) == (happening.device.school, happening.device.code)
    assert event.kind == happening.kind
    assert event.phase in PHASES[happening.phase]
    assert not event.clock_suspect
    assert event.attributes.get("plate") == happening.attributes.get("plate")


@pytest.mark.parametrize("format", CAMERA_FORMATS)
def test_every_word_of_a_format_is_understood(format: str) -> None:
    played = setting(format)
    camera = next(each for school in played.county.schools for each in school.having("camera"))
    pen = Pen(run="r1", gateway="gw-1")
    kinds = FORMATS[format].kinds
    assert kinds is not None
    for kind in sorted(kinds):
        attributes = {"plate": "鲁H·T0001"} if kind == "plate_recognized" else {}
        for phase in ("start", "end"):
            happening = Happening(device=camera, kind=kind, phase=phase, story=kind, attributes=attributes)
            for message in write(pen, Moment(0, (happening,)), stage.BEGAN):
                assert message.format == format
                assert [event.kind for event in read(message, 1.0)] == [kind]


@pytest.mark.parametrize("format", CAMERA_FORMATS)
def test_the_word_of_a_link_is_an_outage_and_its_end(format: str) -> None:
    link = FORMATS[format].link("370828-001", Pen(run="r1", gateway="gw-1"))
    assert link is not None
    phases = []
    for word in (link.offline, link.online):
        message = Message(topic=link.topic, payload=word, received_at=stage.BEGAN)
        (event,) = decode(message, ZONE)
        assert isinstance(event, Event)
        assert event.kind == "device_offline"
        phases.append(event.phase)
    assert phases == ["start", "end"]


def test_repeats_of_a_hikvision_alert_are_counted_and_end() -> None:
    played = setting("hikvision")
    camera = played.county.schools[0].having("camera")[0]
    pen = Pen(run="r1", gateway="gw-1")
    seen = []
    for second, phase in enumerate(["start", "update", "update", "end", "start"]):
        happening = Happening(device=camera, kind="intrusion", phase=phase, story="s")
        now = stage.BEGAN + timedelta(seconds=second)
        (message,) = write(pen, Moment(0, (happening,)), now)
        (event,) = read(message, second)
        seen.append((event.phase, event.attributes["count"]))
    assert seen == [("start", 1), ("update", 2), ("update", 3), ("end", 0), ("start", 1)]


@pytest.mark.parametrize("format", CAMERA_FORMATS)
def test_a_recast_county_keeps_its_schools_and_no_two_devices_share_a_name(format: str) -> None:
    county = build_county(30, 1)
    recast = speaking(county, format)
    assert [school.code for school in recast.schools] == [school.code for school in county.schools]
    for school in recast.schools:
        codes = [device.code for device in school.devices]
        assert len(set(codes)) == len(codes)
        assert {device.format for device in school.having("camera")} == {format}
        assert {device.format for device in school.having("thermometer")} == {"native"}


def test_a_format_that_no_device_speaks() -> None:
    county = build_county(2, 1)
    assert speaking(county, None) is county
    with pytest.raises(WrongUsageError, match="hikvision"):
        speaking(county, "frigate")
