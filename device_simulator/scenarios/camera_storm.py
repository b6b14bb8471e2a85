"""One camera gone mad: hundreds of motion events a second, while a panic button must still be heard."""

from collections.abc import Iterator

from device_simulator.formats import can_say
from device_simulator.happenings import Happening, Moment, in_order, lasting, moment
from device_simulator.model import Device, School
from device_simulator.scenarios.setting import Scenario, Setting, one

EVENTS_PER_SECOND = 400
STORM_SECONDS = 30.0
_PRESS_AT = 12.0


def moments(setting: Setting) -> Iterator[Moment]:
    """Half a real minute at 400 events a second, start and end in turn; one real press in the middle."""
    school = _school(setting)
    camera = one(_cameras(school), "camera that tells of motion")
    button = one(school.having("panic_button"), "panic button")
    story = f"{setting.county.seed}/{school.code}/storm"
    press = Happening(
        device=button, kind="panic_button", story=f"{story}/press", attributes={"mode": "alarm"}
    )
    storm = [[each] for each in _storm(setting, Happening(device=camera, kind="motion", story=story))]
    stories = [*storm, lasting(setting.real(_PRESS_AT), setting.real(10.0), press)]
    return in_order(sorted(stories, key=lambda each: each[0].offset))


def _storm(setting: Setting, motion: Happening) -> Iterator[Moment]:
    for number in range(int(EVENTS_PER_SECOND * STORM_SECONDS)):
        phase = "start" if number % 2 == 0 else "end"
        each = Happening(
            device=motion.device, kind=motion.kind, phase=phase, story=f"{motion.story}/{number // 2}"
        )
        yield moment(setting.real(1.0 + number / EVENTS_PER_SECOND), each)


def _school(setting: Setting) -> School:
    return setting.school_with("a camera that tells of motion", lambda school: bool(_cameras(school)))


def _cameras(school: School) -> tuple[Device, ...]:
    return tuple(camera for camera in school.having("camera") if can_say(camera, "motion"))


CAMERA_STORM = Scenario(
    sentence="One camera floods 400 motion events a second for 30 s; a panic button must still be heard.",
    cast=lambda setting: (_school(setting),),
    moments=moments,
    gateway="gw-storm",
)
