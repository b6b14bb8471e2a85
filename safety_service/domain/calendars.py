"""When a rule applies: daily windows on some weekdays, in a school's own time zone."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec

from safety_service.domain.errors import Refused

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ONE_DAY = timedelta(days=1)
_WEEK_AND_MORE = 9
"""Days to look ahead: a window of one weekday comes back within eight."""


class Window(msgspec.Struct, frozen=True):
    """From `start` up to and not including `end`, by the wall clock; past midnight where end <= start."""

    start: time
    end: time


class Calendar(msgspec.Struct, frozen=True):
    """Windows and the days of the week (0 is Monday) on which they start."""

    windows: tuple[Window, ...]
    weekdays: frozenset[int] = frozenset(range(7))


def is_active(calendar: Calendar, at: datetime, zone: tzinfo) -> bool:
    """Whether the aware instant `at` lies in a window of the calendar."""
    local = at.astimezone(zone)
    clock, day = local.time(), local.weekday()
    for window in calendar.windows:
        if window.start < window.end:
            if window.start <= clock < window.end and day in calendar.weekdays:
                return True
        elif (clock >= window.start and day in calendar.weekdays) or (
            clock < window.end and (day - 1) % 7 in calendar.weekdays
        ):
            return True
    return False


def next_change(calendar: Calendar, after: datetime, zone: tzinfo) -> datetime | None:
    """The first instant after `after` at which the calendar opens or closes; None if it never does."""
    local = after.astimezone(zone)
    now_active = is_active(calendar, after, zone)
    edges = sorted(
        _instant(local.date() + offset * _ONE_DAY, clock, zone)
        for offset in range(-1, _WEEK_AND_MORE)
        for window in calendar.windows
        for clock in (window.start, window.end)
    )
    for edge in edges:
        if edge > after and is_active(calendar, edge, zone) != now_active:
            return edge.astimezone(after.tzinfo)
    return None


def _instant(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, zone)


def read_window(text: Any) -> Window:
    """`22:00-06:00`; raises ValueError."""
    parts = text.split("-") if isinstance(text, str) else []
    if len(parts) != 2:
        raise ValueError(f"{text!r} is no window; write it as 22:00-06:00")
    start, end = (_clock(part.strip()) for part in parts)
    if start == end and start != time(0):
        raise ValueError(f"{text!r} is empty; a whole day is 00:00-24:00")
    return Window(start, end)


def _clock(text: str) -> time:
    hours, _, minutes = text.partition(":")
    if not (
        hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit() and len(minutes) == 2
    ):
        raise ValueError(f"{text!r} is no time of day; write it as 07:30")
    if int(hours) == 24 and int(minutes) == 0:
        return time(0)
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(f"{text!r} is no time of day")
    return time(int(hours), int(minutes))


def read_calendar(value: Any, place: str) -> Calendar:
    """`{windows: [22:00-06:00], weekdays: [mon, tue]}`; raises Refused with every problem."""
    problems: list[tuple[str, str]] = []
    if not isinstance(value, Mapping):
        raise Refused("a calendar has windows and, where needed, weekdays", place=place)
    for name in value:
        if name not in ("windows", "weekdays"):
            problems.append((f"{place}.{name}", "unknown field; a calendar has windows and weekdays"))
    texts = value.get("windows")
    windows = []
    if not isinstance(texts, list) or not texts:
        problems.append((place, "needs windows, such as [22:00-06:00]"))
    else:
        for text in texts:
            try:
                windows.append(read_window(text))
            except ValueError as error:
                problems.append((f"{place}.windows", str(error)))
    days = value.get("weekdays", list(WEEKDAYS))
    if not isinstance(days, list) or not days or any(day not in WEEKDAYS for day in days):
        problems.append((f"{place}.weekdays", f"is a list out of {', '.join(WEEKDAYS)}"))
        days = []
    if problems:
        raise Refused("the calendar cannot be read", place=place, problems=problems)
    return Calendar(tuple(windows), frozenset(WEEKDAYS.index(day) for day in days))


_WORKDAYS = frozenset(range(5))
BUILT_IN: dict[str, Calendar] = {
    "night": Calendar((Window(time(22), time(6)),)),
    "school_hours": Calendar((Window(time(8), time(18)),), _WORKDAYS),
    "arrival": Calendar((Window(time(6, 40), time(8)),), _WORKDAYS),
    "dismissal": Calendar((Window(time(16), time(18)),), _WORKDAYS),
}
"""Known without a file; a rule file may give one of these names windows of its own."""
