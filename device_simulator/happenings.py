"""What happens in the simulated world, told in the vocabulary of event kinds, before any wire format."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from device_simulator.model import Device


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing one device notices.

    `phase` is start, update, end, pulse or measure. `story` joins the phases of one lasting thing and is
    unique in a run. `value` has the unit `unit`; `severity` is the device's own opinion, if it has one.
    """

    device: Device
    kind: str
    phase: str = "pulse"
    story: str = ""
    value: float | None = None
    unit: str | None = None
    severity: str | None = None
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)


class Moment(msgspec.Struct, frozen=True):
    """What one school says at once: several happenings go out as one batch where the format has batches.

    `offset` is in virtual seconds after the start of the run.
    """

    offset: float
    happenings: tuple[Happening, ...]


def moment(offset: float, *happenings: Happening) -> Moment:
    """A Moment of the given happenings."""
    return Moment(offset, happenings)


def lasting(offset: float, seconds: float, first: Happening, *updates: float) -> list[Moment]:
    """Start and end of `first`, with an update at each of the given seconds after the start."""
    return [
        moment(offset, msgspec.structs.replace(first, phase="start")),
        *(moment(offset + after, msgspec.structs.replace(first, phase="update")) for after in updates),
        moment(offset + seconds, msgspec.structs.replace(first, phase="end")),
    ]


def in_order(stories: Iterable[list[Moment]]) -> Iterator[Moment]:
    """Moments by offset, out of stories that come by the offset of their first moment (endless ones too)."""
    waiting: list[tuple[float, int, Moment]] = []
    number = 0
    for story in stories:
        while waiting and waiting[0][0] <= story[0].offset:
            yield heapq.heappop(waiting)[2]
        for each in story:
            number += 1
            heapq.heappush(waiting, (each.offset, number, each))
    while waiting:
        yield heapq.heappop(waiting)[2]


def merged(streams: Iterable[Iterator[Moment]]) -> Iterator[Moment]:
    """Several ordered streams as one; moments of one instant keep the order of their streams."""
    return heapq.merge(*streams, key=lambda each: each.offset)
