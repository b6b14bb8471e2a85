"""GB/T 28181, GA/T 1400 and AI boxes: what the simulator writes, the service's decoders read."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from device_simulator.formats import FORMATS
from device_simulator.formats.wire import Pen, WireMessage
from device_simulator.happenings import Happening, Moment
from device_simulator.scenarios import SCENARIOS
from device_simulator.script import write
from device_simulator.speaking import speaking
from safety_service.domain.decoding import decode
from safety_service.domain.types import Event, Message
from tests.device_simulator import stage

CHINESE = ("gb28181", "viid", "aibox")
ZONE = ZoneInfo("Asia/Shanghai")
HORIZON = 400.0


def read(message: WireMessage) -> Event:
    received = stage.BEGAN + timedelta(seconds=HORIZON / 2)
    (event,) = decode(Message(topic=message.topic, payload=message.payload, received_at=received), ZONE)
    assert isinstance(event, Event), event
    return event


@pytest.mark.parametrize("format", CHINESE)
@pytest.mark.parametrize("scenario", ["school_day", "intruder_at_night"])
def test_a_scenario_runs_through_any_of_them(scenario: str, format: str) -> None:
    played = msgspec.structs.replace(stage.setting(), county=speaking(stage.setting().county, format))
    pen = Pen(run="r1", gateway=SCENARIOS[scenario].gateway)
    told = []
    for moment in SCENARIOS[scenario].moments(played):
        if moment.offset > HORIZON:
            break
        for happening in moment.happenings:
            now = stage.BEGAN + timedelta(seconds=moment.offset)
            for message in write(pen, Moment(moment.offset, (happening,)), now):
                if message.format == format:
                    event = read(message)
                    told.append((event.school, event.device, event.dedup_key))
                    assert event.device == happening.device.code
                    assert event.kind == happening.kind
                    assert event.phase == "pulse"
                    assert event.attributes.get("plate") == happening.attributes.get("plate")
    assert told
    assert len(told) == len(set(told))


@pytest.mark.parametrize("format", CHINESE)
def test_every_word_of_a_format_is_understood(format: str) -> None:
    played = msgspec.structs.replace(stage.setting(), county=speaking(stage.setting().county, format))
    camera = played.county.schools[0].having("camera")[0]
    pen = Pen(run="r1", gateway="gw-1")
    for kind in sorted(FORMATS[format].kinds or ()):
        attributes = {"plate": "鲁H12345"} if kind == "plate_recognized" else {}
        begins = Happening(device=camera, kind=kind, phase="start", story=kind, attributes=attributes)
        (message,) = write(pen, Moment(0, (begins,)), stage.BEGAN + timedelta(seconds=HORIZON / 2))
        event = read(message)
        assert (event.kind, event.device, event.clock_suspect) == (kind, camera.code, False)
        ends = msgspec.structs.replace(begins, phase="end")
        assert write(pen, Moment(1, (ends,)), stage.BEGAN) == []


@pytest.mark.parametrize("format", CHINESE)
def test_the_word_of_a_link_is_an_outage_and_its_end(format: str) -> None:
    link = FORMATS[format].link("370828-001", Pen(run="r1", gateway="gw-1"))
    assert link is not None
    events = [
        read(WireMessage("370828-001", format, link.topic, word)) for word in (link.offline, link.online)
    ]
    assert [(e.device, e.kind, e.phase) for e in events] == [
        ("gw-1", "device_offline", "start"),
        ("gw-1", "device_offline", "end"),
    ]
