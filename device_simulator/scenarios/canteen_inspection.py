"""A canteen passes an inspection; a few seconds later a worse one of the same canteen lowers its grade."""

from collections.abc import Iterator

from device_simulator.checklist import inspection, some_failures
from device_simulator.happenings import Happening, Moment, moment
from device_simulator.model import School
from device_simulator.scenarios.setting import Scenario, Setting, one

_GOOD_AT = 1.0
_WORSE_AT = 7.0
_FAILED_GENERAL = 8
"""With one key item these cost 20 to 25 of 90 points: a grade or two lower, yet still a grade."""


def moments(setting: Setting) -> Iterator[Moment]:
    """Two inspections, six real seconds apart."""
    school = _school(setting)
    random = setting.random("canteen_inspection")
    terminal = one(school.having("kitchen_ai"), "kitchen terminal")
    worse = some_failures(random, _FAILED_GENERAL, key=True)
    for at, failed in ((_GOOD_AT, ()), (_WORSE_AT, worse)):
        form = inspection(school.cafeteria, failed, random)
        yield moment(
            setting.real(at), Happening(device=terminal, kind="inspection_submitted", attributes=form)
        )


def _school(setting: Setting) -> School:
    return setting.school_with("a canteen", lambda school: bool(school.having("kitchen_ai")))


CANTEEN_INSPECTION = Scenario(
    sentence="A good canteen inspection, then a worse one of the same canteen, so that its grade falls.",
    cast=lambda setting: (_school(setting),),
    moments=moments,
    gateway="gw-inspection",
)
