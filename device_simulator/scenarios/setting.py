"""What a scenario is told, and what it is: a pure generator of moments."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

import msgspec

from device_simulator.errors import WrongUsageError
from device_simulator.happenings import Moment
from device_simulator.model import County, Device, School


class Setting(msgspec.Struct, frozen=True):
    """The stage of one run.

    `speed` is virtual seconds for each real one, `start` the virtual second of the day at offset 0,
    `chosen` the school named on the command line, if one was.
    """

    county: County
    speed: float = 1.0
    start: float = 8 * 3600.0
    chosen: School | None = None

    def real(self, seconds: float) -> float:
        """Real seconds as virtual ones: for what people or rules experience in their own time."""
        return seconds * self.speed

    def random(self, *names: object) -> Random:
        """A random source of its own for each name, so that one stream's draws never move another's."""
        return Random("/".join(str(name) for name in (self.county.seed, *names)))

    def schools(self) -> tuple[School, ...]:
        """The school chosen, or all of them."""
        return self.county.schools if self.chosen is None else (self.chosen,)

    def school_with(self, what: str, suits: Callable[[School], bool]) -> School:
        """One school that suits, the same for the same seed. Raises WrongUsageError if there is none."""
        suiting = [school for school in self.schools() if suits(school)]
        if not suiting:
            where = f"school {self.chosen.code}" if self.chosen else f"a county of {len(self.county.schools)}"
            raise WrongUsageError(
                f"{where} has no school with {what}: ask for more --schools or another --school"
            )
        return self.random("school", what).choice(suiting)


class Scenario(NamedTuple):
    """`sentence` tells a person what will be seen; `cast` are the schools whose gateways take part."""

    sentence: str
    cast: Callable[[Setting], tuple[School, ...]]
    moments: Callable[[Setting], Iterator[Moment]]
    gateway: str


def one(devices: tuple[Device, ...], what: str) -> Device:
    """The first of the devices. Raises WrongUsageError if there is none."""
    if not devices:
        raise WrongUsageError(f"the school has no {what}")
    return devices[0]
