"""An ordinary day in every school, with small incidents and canteen inspections so that a screen moves."""

from collections.abc import Iterator
from itertools import count

from device_simulator.checklist import inspection, some_failures
from device_simulator.happenings import Happening, Moment, merged, moment
from device_simulator.scenarios.background import school_background
from device_simulator.scenarios.incidents import incidents
from device_simulator.scenarios.setting import Scenario, Setting

_FIRST_INSPECTION = 10.0
_INSPECTION_GAP = (35.0, 60.0)
_FAILED_ITEMS = (0, 0, 1, 1, 2, 3, 5, 8)


def moments(setting: Setting) -> Iterator[Moment]:
    """Endless: the background of each school, an incident every half minute or so, inspections in turn."""
    streams = [school_background(setting, school) for school in setting.schools()]
    return merged([*streams, incidents(setting), _inspections(setting)])


def _inspections(setting: Setting) -> Iterator[Moment]:
    random = setting.random("inspections")
    schools = list(setting.schools())
    random.shuffle(schools)
    offset = _FIRST_INSPECTION
    for turn in count():
        school = schools[turn % len(schools)]
        failed = some_failures(random, random.choice(_FAILED_ITEMS))
        form = Happening(
            device=school.having("kitchen_ai")[0],
            kind="inspection_submitted",
            attributes=inspection(school.cafeteria, failed, random),
        )
        yield moment(setting.real(offset), form)
        offset += random.uniform(*_INSPECTION_GAP)


SCHOOL_DAY = Scenario(
    sentence="An ordinary day: arrival, lessons, lunch, dismissal, night; an incident every half minute.",
    cast=lambda setting: setting.schools(),
    moments=moments,
    gateway="gw-1",
)
