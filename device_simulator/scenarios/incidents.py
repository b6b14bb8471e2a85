"""Incidents that any hour takes seriously, each short and with an end, spread over the schools."""

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from device_simulator.formats import can_say
from device_simulator.happenings import Happening, Moment, in_order, lasting
from device_simulator.model import Device, School
from device_simulator.scenarios.setting import Setting

FIRST_REAL_SECONDS = (3.0, 7.0)
GAP_REAL_SECONDS = (20.0, 40.0)


class Incident(NamedTuple):
    """`seconds` is how long it lasts in real time, so that a person can watch it at any speed."""

    kind: str
    role: str
    zones: tuple[str, ...]
    seconds: tuple[float, float]
    attributes: dict[str, Any]


INCIDENTS: tuple[Incident, ...] = (
    Incident("panic_button", "panic_button", (), (10, 16), {"mode": "test"}),
    Incident("gas_leak", "gas_detector", (), (15, 30), {"percent_lel": 12}),
    Incident("tamper", "camera", (), (12, 25), {"how": "covered"}),
    Incident("smoke", "smoke_detector", ("classroom", "kitchen", "corridor", "laboratory"), (15, 30), {}),
    Incident("climbing", "fence", (), (8, 20), {}),
    Incident("crowd", "camera", ("gate",), (20, 40), {"count": 24}),
    Incident("flame_unattended", "kitchen_ai", (), (15, 30), {}),
)


def incidents(setting: Setting) -> Iterator[Moment]:
    """One incident every 20 to 40 real seconds, endless; the first within seven, a test press."""
    return in_order(_stories(setting))


def _stories(setting: Setting) -> Iterator[list[Moment]]:
    random = setting.random("incidents")
    schools = list(setting.schools())
    random.shuffle(schools)
    offset = random.uniform(*FIRST_REAL_SECONDS)
    for turn in count():
        incident = INCIDENTS[turn % len(INCIDENTS)]
        school, devices = _where(schools, turn, incident)
        if devices:
            happening = Happening(
                device=random.choice(devices),
                kind=incident.kind,
                story=f"{setting.county.seed}/{school.code}/incident/{turn}",
                attributes=incident.attributes,
            )
            yield lasting(setting.real(offset), setting.real(random.uniform(*incident.seconds)), happening)
            offset += random.uniform(*GAP_REAL_SECONDS)


def _where(schools: list[School], turn: int, incident: Incident) -> tuple[School, list[Device]]:
    """The next school in turn that has a device able to tell of it."""
    for step in range(len(schools)):
        school = schools[(turn + step) % len(schools)]
        devices = [
            each for each in school.having(incident.role, *incident.zones) if can_say(each, incident.kind)
        ]
        if devices:
            return school, devices
    return schools[0], []
