"""Time in which nothing could be heard: it never counts as a device's silence."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

INTERVALS_KEPT = 50


class Deaf(msgspec.Struct, frozen=True, array_like=True):
    """The service was down (`restart`) or its broker was out of reach, from `start` to `end`."""

    start: datetime
    end: datetime
    restart: bool


def remember(intervals: Sequence[Deaf], latest: Deaf) -> list[Deaf]:
    """The list with one more; a loss of the link that goes on is one interval, not many."""
    kept = list(intervals)
    if kept and not latest.restart and not kept[-1].restart and kept[-1].end == latest.start:
        kept[-1] = Deaf(kept[-1].start, latest.end, False)
    else:
        kept.append(latest)
    return kept[-INTERVALS_KEPT:]


def heard_at(last_seen: datetime, intervals: Sequence[Deaf], tolerance: timedelta) -> datetime:
    """The instant from which a device's silence counts.

    Each deaf interval since it was last seen moves the instant by its length; a downtime beyond the
    tolerance starts the count afresh at its end (alerting rule 7).
    """
    instant = last_seen
    for deaf in intervals:
        if deaf.end <= last_seen:
            continue
        length = deaf.end - max(deaf.start, last_seen)
        instant = deaf.end if deaf.restart and length > tolerance else instant + length
    return instant
