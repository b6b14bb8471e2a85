"""Smoke creeps from room to room of a dormitory, a camera sees flames, somebody presses the button."""

from collections.abc import Iterator

from device_simulator.happenings import Happening, Moment, in_order, lasting
from device_simulator.model import Device, School
from device_simulator.scenarios.setting import Scenario, Setting, one

_SMOKE_ENDS = 330.0
_SPREAD: tuple[tuple[str, float], ...] = (
    ("201", 1.0),
    ("202", 18.0),
    ("301", 34.0),
    ("302", 47.0),
    ("101", 90.0),
)
"""Which room's detector tells when: the neighbour first, then upwards, downwards last."""
_FLAMES = (40.0, 210.0)
_BUTTON = (55.0, 345.0)


def moments(setting: Setting) -> Iterator[Moment]:
    """Six virtual minutes, from the first smoke to the last detector falling silent."""
    school = _school(setting)
    dormitory = "dormitory"
    story = f"{setting.county.seed}/{school.code}/fire"
    stories: list[list[Moment]] = []
    for place, (room, start) in enumerate(_SPREAD):
        detector = one(
            tuple(
                each
                for each in school.having("smoke_detector", dormitory)
                if each.zone.code == dormitory and each.code.endswith(room)
            ),
            f"smoke detector in room {room}",
        )
        seconds = _SMOKE_ENDS - start - 12.0 * place
        stories.append(_told(detector, "smoke", start, seconds, story, {"room": room}, (60.0, 120.0)))
    flame_camera = one(school.having("flame_camera", dormitory), "flame camera")
    seen: dict[str, object] = {"confidence": 0.96}
    stories.append(_told(flame_camera, "fire", _FLAMES[0], _FLAMES[1], story, seen, (30.0, 90.0)))
    button = one(school.having("panic_button", dormitory), "panic button")
    stories.append(
        _told(button, "panic_button", _BUTTON[0], _BUTTON[1] - _BUTTON[0], story, {"mode": "alarm"}, ())
    )
    return in_order(sorted(stories, key=lambda each: each[0].offset))


def _told(
    device: Device,
    kind: str,
    start: float,
    seconds: float,
    story: str,
    attributes: dict[str, object],
    updates: tuple[float, ...],
) -> list[Moment]:
    happening = Happening(
        device=device, kind=kind, story=f"{story}/{device.code}", severity="critical", attributes=attributes
    )
    return lasting(start, seconds, happening, *updates)


def _school(setting: Setting) -> School:
    return setting.school_with("a dormitory", lambda school: school.boarding)


FIRE_IN_DORMITORY = Scenario(
    sentence="Smoke in neighbouring dormitory rooms, then flames on camera and a panic button.",
    cast=lambda setting: (_school(setting),),
    moments=moments,
    gateway="gw-fire",
)
