"""What a run is to be: how many events and harms, how fast, and what a fault needs around it."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from tests.faults.scene import Scene

MARGIN = 1.3
"""How much longer the load lasts than the harms are expected to: a further leg of the load is not so even."""

Link = Literal["broker", "database"]
ALL_IN_ONE = ("api,pipeline",)
APART = ("api", "pipeline")
TWO_OF_EACH = ("api", "api", "pipeline", "pipeline")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """`harm` does one harm and, where it is for the bench to do so, ends it. The rest is the scene it needs.

    `serves`: the roles of each service process. `proxied`: connections that go through a proxy. `spool`: the
    publisher keeps everything until the service's receipt. `small_disk`: the database stands on a small file
    system of its own. `false_clock`: the service's clock can be set. `lasts`: seconds of one harm with its
    recovery, roughly, in the long form; `short`: harms in the short form.
    """

    harm: Callable[["Scene"], None]
    pairs: tuple[str, ...] = ("sqlite", "postgresql")
    serves: tuple[str, ...] = ALL_IN_ONE
    proxied: tuple[Link, ...] = ()
    spool: bool = False
    small_disk: bool = False
    false_clock: bool = False
    lasts: float = 2.0
    short: int = 1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run's size. `pause`: seconds before a harm, at least and at most. `long`: the form of the bench."""

    events: int
    harms: int
    rate: float
    devices: int
    pause: tuple[float, float]
    seed: int
    long: bool

    def chance(self, fault: str) -> Random:
        """The same for the same seed and fault, whichever other faults run before it."""
        return Random(f"{self.seed} {fault}")


SHORT_EVENTS, SHORT_RATE = 3_000, 1_500.0
LONG_PAUSE = (0.5, 3.0)
SLOWEST, FASTEST = 1_500.0, 8_000.0


def short(fault: Fault, seed: int = 1) -> Plan:
    """For CI: a few seconds."""
    return Plan(
        events=SHORT_EVENTS,
        harms=fault.short,
        rate=SHORT_RATE,
        devices=60,
        pause=(0.2, 0.8),
        seed=seed,
        long=False,
    )


def long(fault: Fault, events: int, harms: int, seed: int, rate: float | None = None) -> Plan:
    """At least `events` events, so fast that the load lasts as long as the harms, and no slower than SLOWEST.

    Harms that last long get more events than asked for instead of a trickle.
    """
    seconds = harms * (sum(LONG_PAUSE) / 2 + fault.lasts) * MARGIN
    fitting = rate or min(max(events / seconds, SLOWEST), FASTEST)
    return Plan(
        events=max(events, int(fitting * seconds)),
        harms=harms,
        rate=fitting,
        devices=2_000,
        pause=LONG_PAUSE,
        seed=seed,
        long=True,
    )
