"""The events of a load: native, cheap to make, with ids that a test can foretell."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from device_simulator.model import County
from device_simulator.packets import text
from device_simulator.pipe import Outgoing

MIX: tuple[tuple[str, int], ...] = (
    ("temperature", 400),
    ("motion", 200),
    ("person", 150),
    ("vehicle", 100),
    ("humidity", 66),
    ("line_crossing", 50),
    ("occupancy", 20),
    ("door_open", 10),
    ("panic_button", 1),
)
"""Events of each kind in 997: a prime, so no device has one kind only; one button, so that alerts rise."""

_UNITS = {"temperature": "°C", "humidity": "%"}


class LoadEvents:
    """Event number i (from 0) of a run has id `load-{run}-{i}`, its device is i modulo the number of devices.

    Devices are dealt out to the schools in turn. Each school's gateway `load-{run}` numbers its messages.
    """

    def __init__(self, county: County, run: str, devices: int) -> None:
        self.run = run
        schools = [school.code for school in county.schools]
        self._devices = [
            (schools[number % len(schools)], f"load-{number + 1:05d}") for number in range(devices)
        ]
        self._topics = {school.code: text(self.topic(school.code)) for school in county.schools}
        self._numbers = dict.fromkeys(self._topics, 0)
        self._kinds = [kind for kind, weight in MIX for _ in range(weight)]
        Random(county.seed).shuffle(self._kinds)
        self._encode = msgspec.json.Encoder().encode

    def identity(self, number: int) -> str:
        """The id of event `number`."""
        return f"load-{self.run}-{number}"

    @property
    def gateway(self) -> str:
        """The name of every school's gateway."""
        return f"load-{self.run}"

    @property
    def schools(self) -> list[str]:
        """Every school of the load."""
        return list(self._topics)

    def topic(self, school: str) -> str:
        """Where the school's gateway publishes."""
        return f"campus/v1/{school}/native/{self.gateway}/events"

    def some(self, first: int, amount: int) -> list[Outgoing]:
        """`amount` events from `first` on, stamped with this instant."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        return [self._one(number, time) for number in range(first, first + amount)]

    def _one(self, number: int, time: str) -> Outgoing:
        school, device = self._devices[number % len(self._devices)]
        self._numbers[school] = sequence = self._numbers[school] + 1
        kind = self._kinds[number % len(self._kinds)]
        payload = self._encode(
            {
                "specversion": "1.0",
                "id": f"load-{self.run}-{number}",
                "source": device,
                "type": kind,
                "time": time,
                "sequence": str(sequence),
                "data": _said(kind, number),
            }
        )
        return number, self._topics[school], payload, school, sequence


def _said(kind: str, number: int) -> dict[str, Any]:
    unit = _UNITS.get(kind)
    if unit is None:
        return {"phase": "pulse"}
    value = (30 + number % 21) / 10 if unit == "°C" else 40 + number % 30
    return {"phase": "measure", "value": value, "unit": unit}


LOAD_FORMATS: dict[str, Callable[[County, str, int], LoadEvents]] = {
    "native": LoadEvents,
}
"""What a load can be written in: (county, run, devices) to its events."""
