"""Something that holds and has to go on holding: since when, and when it has held long enough."""

from datetime import datetime, timedelta

import msgspec

from safety_service.domain.rules.plan import Deafness


class Pending(msgspec.Struct, array_like=True):
    """`since` is event time; `due_at` is when it has held long enough if nothing more is heard, None once
    it has."""

    since: datetime
    due_at: datetime | None


def hold(pending: Pending | None, occurred_at: datetime, now: datetime, lasting: timedelta) -> Pending:
    """The same after one more reading, taken at `occurred_at` and received at `now`, that still holds.

    Readings are judged by their own times, so a backlog delivered at once raises what it proves and its timer
    waits behind it. A further reading never moves the timer to later than it already was.
    """
    if pending is None:
        pending = Pending(occurred_at, now + lasting)
    if pending.due_at is not None:
        missing = lasting - (occurred_at - pending.since)
        if missing <= timedelta(0):
            pending.due_at = None
        else:
            pending.due_at = min(pending.due_at, now + missing)
    return pending


def move(pending: Pending | None, deaf: Deafness, lasting: timedelta) -> bool:
    """Takes a downtime out of the count, or starts it afresh; says whether anything was pending."""
    if pending is None or pending.due_at is None:
        return False
    pending.due_at = deaf.moved(pending.due_at, lasting)
    pending.since = deaf.end if deaf.afresh else pending.since + (deaf.end - deaf.start)
    return True
