"""Plays scenarios without a broker."""

from datetime import datetime
from itertools import takewhile
from zoneinfo import ZoneInfo

from device_simulator.county import build_county
from device_simulator.formats.wire import Pen, WireMessage
from device_simulator.happenings import Happening
from device_simulator.scenarios import SCENARIOS
from device_simulator.scenarios.setting import Setting
from device_simulator.script import script

BEGAN = datetime(2026, 11, 24, 7, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
STORIES = [name for name in SCENARIOS if name != "school_day"]


def setting(schools: int = 24, seed: int = 1, speed: float = 1.0, hour: float = 7.5) -> Setting:
    return Setting(build_county(schools, seed), speed=speed, start=hour * 3600)


def happenings(scenario: str, stage: Setting, until: float = 1e9) -> list[tuple[float, Happening]]:
    """(virtual offset, happening) up to an offset."""
    moments = takewhile(lambda each: each.offset <= until, SCENARIOS[scenario].moments(stage))
    return [(each.offset, happening) for each in moments for happening in each.happenings]


def messages(
    scenario: str, stage: Setting, until: float = 1e9, run: str = "r1"
) -> list[tuple[float, WireMessage]]:
    """(virtual offset, message) up to an offset."""
    pen = Pen(run=run, gateway=SCENARIOS[scenario].gateway)
    return list(takewhile(lambda each: each[0] <= until, script(SCENARIOS[scenario], stage, pen, BEGAN)))
