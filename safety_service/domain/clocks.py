"""By how much a device's clock is wrong, learned from what it writes, and taken off again.

What counts is what most of the latest sightings agree on: one late delivery or one odd time moves nothing,
and a clock that was set right is believed after five of them.
"""

from collections.abc import Sequence
from datetime import timedelta
from statistics import median

import msgspec

from safety_service.domain.decoding.times import LARGEST_SKEW
from safety_service.domain.types import Event

KEPT = 7
AGREEING = 5
"""So many of the latest sightings have to be of one mind."""
CLOSE_SECONDS = 30.0
"""Polling, batching and a camera that writes when it began to look make times differ by as much."""
STEADY_SECONDS = 2.0
"""A known offset stays as it is until the latest sightings differ from it by more: times keep their order."""
WRONG_SECONDS = 60.0
"""A clock that is farther off than this is said to be wrong."""
OLDEST_KEPT = timedelta(days=7)
"""What a broker kept for longer tells how things are and not when they became so."""

UNREADABLE = float("inf")


class Clock(msgspec.Struct, frozen=True):
    """`offset`: seconds by which the clock is ahead, None while the sightings do not agree. `wrong`: told to
    people. `seen`: the latest sightings, the newest last; `UNREADABLE` for a time that could not be read."""

    offset: float | None = None
    wrong: bool = False
    seen: tuple[float, ...] = ()


def sighting(event: Event) -> float | None:
    """How far ahead the time of a live event was; None where the device wrote none."""
    if event.source_time is None or event.retained:
        return None
    if event.told_at is None:
        return UNREADABLE
    return (event.told_at - event.received_at).total_seconds()


def remembered(offset: float | None) -> Clock:
    """The clock as the registry keeps it: its latest sightings are forgotten."""
    return Clock(offset, offset is not None and abs(offset) > WRONG_SECONDS)


def learned(clock: Clock, ahead: float) -> Clock:
    """The clock after one more sighting; of one that says nothing new nothing is kept."""
    if clock.offset is not None and len(clock.seen) == KEPT:
        lowest, highest = min(clock.seen), max(clock.seen)
        if lowest <= ahead <= highest <= lowest + STEADY_SECONDS:
            return clock
    seen = (*clock.seen, ahead)[-KEPT:]
    offset = _agreed(seen) if len(seen) >= AGREEING else clock.offset
    if offset is not None and clock.offset is not None and abs(offset - clock.offset) <= STEADY_SECONDS:
        offset = clock.offset
    return Clock(offset, _is_wrong(offset, seen), seen)


def _agreed(seen: Sequence[float]) -> float | None:
    """The middle of what at least five of the sightings agree on."""
    middle = median(seen)
    close = [ahead for ahead in seen if abs(ahead - middle) <= CLOSE_SECONDS]
    return round(median(close), 1) if len(close) >= AGREEING else None


def _is_wrong(offset: float | None, seen: Sequence[float]) -> bool:
    """An agreed offset that is too large; or times that mostly cannot be, unreadable or of a time to come.

    Times of the past that do not agree tell of late deliveries, and nothing of the clock.
    """
    if offset is not None:
        return abs(offset) > WRONG_SECONDS
    impossible = sum(ahead > LARGEST_SKEW.total_seconds() for ahead in seen)
    return impossible >= AGREEING


def corrected(event: Event, offset: float | None) -> Event:
    """The event with the time that its device's clock would have shown were it right; changed in place.

    The same bound as for a right clock: what then still differs by more than five minutes from the receipt
    is not believed. What a broker had kept is older by nature, so that only its clock can make it doubtful.
    """
    if not event.clock_suspect or event.told_at is None:
        return event
    moment = event.told_at - timedelta(seconds=offset or 0.0)
    before = OLDEST_KEPT if event.retained else LARGEST_SKEW
    if not -before <= moment - event.received_at <= LARGEST_SKEW:
        return event
    if offset is not None:
        event.attributes["clock_offset_seconds"] = offset
    event.occurred_at = min(moment, event.received_at)
    # A broker's copy is as old as it is: there its age was the only doubt.
    event.clock_suspect = not event.retained
    return event
