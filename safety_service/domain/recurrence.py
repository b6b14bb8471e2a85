"""Times that come back, by a recurrence rule of RFC 5545, on the wall clock of their own zone."""

from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from dateutil.rrule import rrule, rruleset, rrulestr

from safety_service.domain.errors import Refused

LONGEST = timedelta(days=31)
"""No single occurrence lasts longer: a window that is open for months is a silence nobody looks at."""
_UNKNOWN = ("DTSTART", "RDATE", "EXDATE", "EXRULE")


def check_rule(text: str, starts_at: datetime, place: str) -> None:
    """Raises Refused where the rule cannot be read, or names what is given by itself."""
    upper = text.upper()
    if any(word in upper for word in _UNKNOWN) or "\n" in text:
        raise Refused("is one recurrence rule such as FREQ=WEEKLY;BYDAY=SA, and nothing else", place=place)
    try:
        first = next(iter(_parsed(text, starts_at.replace(tzinfo=None))), None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(
            f"is no recurrence rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=SA: {error}", place=place
        ) from error
    if first is None:
        raise Refused("never comes", place=place)


def occurrence(
    text: str | None, starts_at: datetime, length: timedelta, zone: tzinfo, at: datetime
) -> tuple[datetime, datetime] | None:
    """The occurrence that holds `at` (its end excluded), as aware times; None outside of all.

    Without a rule there is one. A window keeps its wall-clock start across a change of the clocks, and lasts
    as long as ever.
    """
    if text is None:
        return (starts_at, starts_at + length) if starts_at <= at < starts_at + length else None
    local_start, local = _naive(starts_at, zone), _naive(at, zone)
    # An hour more: the clocks may have been changed within.
    began = _parsed(text, local_start).before(local + timedelta(hours=1), inc=True)
    while began is not None and began > local - length - timedelta(hours=1):
        start = began.replace(tzinfo=zone).astimezone(starts_at.tzinfo)
        if start <= at < start + length:
            return start, start + length
        began = _parsed(text, local_start).before(began)
    return None


def next_edge(
    text: str | None, starts_at: datetime, length: timedelta, zone: tzinfo, after: datetime
) -> datetime | None:
    """The next instant after `after` at which an occurrence begins or ends."""
    if text is None:
        return next((edge for edge in (starts_at, starts_at + length) if edge > after), None)
    edges = []
    present = occurrence(text, starts_at, length, zone, after)
    if present is not None:
        edges.append(present[1])
    local = _naive(after, zone) - timedelta(hours=1)
    comes: datetime | None = _parsed(text, _naive(starts_at, zone)).after(local, inc=True)
    while comes is not None:
        start = comes.replace(tzinfo=zone).astimezone(starts_at.tzinfo)
        if start > after:
            edges.append(start)
            break
        comes = _parsed(text, _naive(starts_at, zone)).after(comes)
    return min(edges, default=None)


def occurrences_between(text: str, starts_on: date, first: date, last: date) -> list[date]:
    """The days of the rule from `first` to `last`, both included."""
    begin, end = datetime.combine(first, time(0)), datetime.combine(last, time(0))
    start = datetime.combine(starts_on, time(0))
    return [found.date() for found in rrulestr(text, dtstart=start).between(begin, end, inc=True)]


def _naive(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=512)
def _parsed(text: str, start: datetime) -> rrule | rruleset:
    # Its own cache keeps what was counted out already: a rule of years is not begun anew each second.
    return rrulestr(text, dtstart=start, cache=True)
