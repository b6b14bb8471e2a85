"""A cold store's compressor stops: the temperature climbs past 8 and 12 °C, stays, and is brought back."""

from collections.abc import Iterator

from device_simulator.happenings import Happening, Moment, in_order, lasting, moment
from device_simulator.model import Device, School
from device_simulator.scenarios.background import READING_SECONDS, compressor, reading
from device_simulator.scenarios.setting import Scenario, Setting, one

_NORMAL_READINGS = 5
_CLIMB_PER_READING = 0.25
_FALL_PER_READING = 0.5
_WARMEST = 14.0
_COLD = 4.0
_HOLD_VIRTUAL_SECONDS = 900.0
_HOLD_REAL_SECONDS = 660.0
"""Rules wait for minutes of real time, so the failure lasts eleven of them at any speed."""


def moments(setting: Setting) -> Iterator[Moment]:
    """A reading each virtual minute: five normal ones, 40 minutes of climbing, the hold, the way back."""
    school = _school(setting)
    thermometer = one(school.having("thermometer", "cold_store"), "cold-store thermometer")
    readings = [[each] for each in _readings(setting, thermometer)]
    door = one(school.having("door_contact", "cold_store"), "cold-store door contact")
    left_open = Happening(
        device=door,
        kind="door_open",
        story=f"{setting.county.seed}/{school.code}/cold-door",
        severity="warning",
    )
    open_from = (_NORMAL_READINGS - 1) * READING_SECONDS
    return in_order(
        sorted([*readings, lasting(open_from, 900.0, left_open)], key=lambda each: each[0].offset)
    )


def _readings(setting: Setting, thermometer: Device) -> Iterator[Moment]:
    random = setting.random("cold_store_failure")
    offset = 1.0
    for celsius in _curve(setting):
        yield moment(offset, reading(thermometer, celsius + random.gauss(0, 0.05)))
        offset += READING_SECONDS


def _curve(setting: Setting) -> Iterator[float]:
    for number in range(_NORMAL_READINGS):
        yield compressor(number * READING_SECONDS, 1350)
    celsius = _COLD
    while celsius < _WARMEST:
        celsius += _CLIMB_PER_READING
        yield celsius
    hold = max(_HOLD_VIRTUAL_SECONDS, setting.real(_HOLD_REAL_SECONDS))
    for _ in range(round(hold / READING_SECONDS)):
        yield _WARMEST
    while celsius > _COLD:
        celsius -= _FALL_PER_READING
        yield celsius
    for number in range(2 * _NORMAL_READINGS):
        yield compressor(number * READING_SECONDS, 1350)


def _school(setting: Setting) -> School:
    return setting.school_with(
        "a cold store", lambda school: bool(school.having("thermometer", "cold_store"))
    )


COLD_STORE_FAILURE = Scenario(
    sentence="A cold store warms past 8 and 12 °C, stays so for eleven real minutes, recovers.",
    cast=lambda setting: (_school(setting),),
    moments=moments,
    gateway="gw-cold-store",
)
