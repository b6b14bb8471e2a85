"""Somebody climbs the perimeter fence: the NVR reviews a person, the electronic fence tells of it too."""

from collections.abc import Iterator

import msgspec

from device_simulator.formats import can_say
from device_simulator.happenings import Happening, Moment, in_order, lasting, moment
from device_simulator.model import School
from device_simulator.scenarios.setting import Scenario, Setting, one


def moments(setting: Setting) -> Iterator[Moment]:
    """Two virtual minutes: seen outside, over the fence, across the playground, gone."""
    school = _school(setting)
    story = f"{setting.county.seed}/{school.code}/intruder"
    outside = one(school.having("camera", "perimeter"), "perimeter camera")
    inside = one(school.having("camera", "playground"), "playground camera")
    fence = one(school.having("fence", "perimeter"), "electronic fence")

    def person(camera: str, **more: object) -> Happening:
        device = outside if camera == "outside" else inside
        said = {"device": device, "kind": "person", "story": f"{story}/{camera}", "severity": "major"}
        return Happening(**(said | more))  # type: ignore[arg-type]

    def on_fence(kind: str) -> Happening:
        return Happening(
            device=fence, kind=kind, story=f"{story}/{kind}", severity="major", attributes={"segment": 3}
        )

    stories = [
        lasting(1.0, 55.0, person("outside"), 4.0, 20.0),
        lasting(9.0, 25.0, on_fence("climbing")),
        lasting(16.0, 80.0, on_fence("intrusion"), 30.0),
        lasting(30.0, 70.0, person("inside"), 5.0, 40.0),
    ]
    if can_say(outside, "intrusion"):
        # a camera without an NVR has its own line rule; Frigate has no word for it
        line = msgspec.structs.replace(person("outside"), kind="intrusion", story=f"{story}/line")
        stories.insert(1, [moment(6.0, msgspec.structs.replace(line, phase="pulse"))])
    return in_order(stories)


def _school(setting: Setting) -> School:
    """A school with a Frigate NVR if there is one, so that both formats are seen."""
    if any(_has_nvr(school) for school in setting.schools()):
        return setting.school_with("a Frigate NVR", _has_nvr)
    return setting.school_with(
        "a perimeter camera", lambda school: bool(school.having("camera", "perimeter"))
    )


def _has_nvr(school: School) -> bool:
    return bool(school.having("camera", "perimeter", format="frigate"))


INTRUDER_AT_NIGHT = Scenario(
    sentence="A person at the perimeter on Frigate, climbing and intrusion from the electronic fence.",
    cast=lambda setting: (_school(setting),),
    moments=moments,
    gateway="gw-intruder",
)
