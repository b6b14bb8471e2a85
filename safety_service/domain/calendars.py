"""When a rule applies: daily windows on some days, in a school's own time zone.

A term, its holidays and the days on which school is made up are dates of the calendar; an exam is a calendar
of its own, with dates and no weekday.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import msgspec

from safety_service.domain.errors import Refused

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS = ("windows", "weekdays", "from", "until", "also", "except")
_ONE_DAY = timedelta(days=1)
_WEEK_AND_MORE = 9
"""Days to look ahead: a window of one weekday comes back within eight."""
_YEARS = 800
"""Days to look ahead where dates are named: a term is followed by the next within a year."""

Span = tuple[date, date]


class Window(msgspec.Struct, frozen=True):
    """From `start` up to and not including `end`, by the wall clock; past midnight where end <= start."""

    start: time
    end: time


class Calendar(msgspec.Struct, frozen=True):
    """Windows and the days on which they start: the weekdays (0 is Monday) from `first` to `last`.

    `closed` are spans of days on which none starts, `also` are those on which they do, whatever else is said
    of the day. Both ends of a span belong to it.
    """

    windows: tuple[Window, ...]
    weekdays: frozenset[int] = frozenset(range(7))
    first: date | None = None
    last: date | None = None
    closed: tuple[Span, ...] = ()
    also: tuple[Span, ...] = ()

    @property
    def names_dates(self) -> bool:
        return bool(self.first or self.last or self.closed or self.also)


def opens_on(calendar: Calendar, day: date) -> bool:
    """Whether its windows start on that day."""
    if _within(day, calendar.also):
        return True
    if (calendar.first is not None and day < calendar.first) or (
        calendar.last is not None and day > calendar.last
    ):
        return False
    return day.weekday() in calendar.weekdays and not _within(day, calendar.closed)


def _within(day: date, spans: tuple[Span, ...]) -> bool:
    return any(first <= day <= last for first, last in spans)


def is_active(calendar: Calendar, at: datetime, zone: tzinfo) -> bool:
    """Whether the aware instant `at` lies in a window of the calendar."""
    local = at.astimezone(zone)
    clock, day = local.time(), local.date()
    for window in calendar.windows:
        if window.start < window.end:
            if window.start <= clock < window.end and opens_on(calendar, day):
                return True
        elif (clock >= window.start and opens_on(calendar, day)) or (
            clock < window.end and opens_on(calendar, day - _ONE_DAY)
        ):
            return True
    return False


def next_change(calendar: Calendar, after: datetime, zone: tzinfo) -> datetime | None:
    """The first instant after `after` at which the calendar opens or closes; None if it never does."""
    today = after.astimezone(zone).date()
    now_active = is_active(calendar, after, zone)
    clocks = {clock for window in calendar.windows for clock in (window.start, window.end)}
    for offset in range(-1, _YEARS if calendar.names_dates else _WEEK_AND_MORE):
        for edge in sorted(_instant(today + offset * _ONE_DAY, clock, zone) for clock in clocks):
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
    """`{windows: [22:00-06:00], weekdays: [mon, tue]}`; raises Refused with every problem.

    `from` and `until` are dates; `also` and `except` are lists of dates, or of spans such as
    `2026-10-01/2026-10-08`. Without windows, and with dates, it is open all day.
    """
    if not isinstance(value, Mapping):
        raise Refused("a calendar has windows and, where needed, weekdays or dates", place=place)
    problems = [
        (f"{place}.{name}", f"unknown field; a calendar has {', '.join(FIELDS)}")
        for name in value
        if name not in FIELDS
    ]
    dates: dict[str, Any] = {"first": _day(value, "from", place, problems)}
    dates["last"] = _day(value, "until", place, problems)
    dates["also"] = _spans(value, "also", place, problems)
    dates["closed"] = _spans(value, "except", place, problems)
    if dates["first"] and dates["last"] and dates["last"] < dates["first"]:
        problems.append((f"{place}.until", "is earlier than from"))
    windows = _windows(value, place, bool(any(dates.values())), problems)
    days = value.get("weekdays", list(WEEKDAYS))
    empty_is_wrong = not dates["also"]
    if (
        not isinstance(days, list)
        or (not days and empty_is_wrong)
        or any(day not in WEEKDAYS for day in days)
    ):
        problems.append((f"{place}.weekdays", f"is a list out of {', '.join(WEEKDAYS)}"))
        days = []
    if problems:
        raise Refused("the calendar cannot be read", place=place, problems=problems)
    return Calendar(tuple(windows), frozenset(WEEKDAYS.index(day) for day in days), **dates)


Problems = list[tuple[str, str]]


def _windows(value: Mapping[str, Any], place: str, dated: bool, problems: Problems) -> list[Window]:
    texts = value.get("windows", ["00:00-24:00"] if dated else None)
    if not isinstance(texts, list) or not texts:
        problems.append((place, "needs windows, such as [22:00-06:00]"))
        return []
    windows = []
    for text in texts:
        try:
            windows.append(read_window(text))
        except ValueError as error:
            problems.append((f"{place}.windows", str(error)))
    return windows


def _day(value: Mapping[str, Any], name: str, place: str, problems: Problems) -> date | None:
    if value.get(name) is None:
        return None
    try:
        return _read_date(value[name])
    except ValueError as error:
        problems.append((f"{place}.{name}", str(error)))
        return None


def _spans(value: Mapping[str, Any], name: str, place: str, problems: Problems) -> tuple[Span, ...]:
    texts = value.get(name, [])
    if not isinstance(texts, list):
        problems.append((f"{place}.{name}", "is a list of dates, or of spans such as 2026-10-01/2026-10-08"))
        return ()
    spans = []
    for text in texts:
        first, _, last = text.partition("/") if isinstance(text, str) else (text, "", "")
        try:
            span = (_read_date(first), _read_date(last or first))
        except ValueError as error:
            problems.append((f"{place}.{name}", str(error)))
            continue
        if span[1] < span[0]:
            problems.append((f"{place}.{name}", f"{text!r} ends before it begins"))
        spans.append(span)
    return tuple(spans)


def _read_date(text: Any) -> date:
    try:
        if len(text) != len("2026-09-01"):
            raise ValueError
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text!r} is no date; write it as 2026-09-01") from error


_WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
BUILT_IN_DEFINITIONS: dict[str, dict[str, Any]] = {
    "night": {"windows": ["22:00-06:00"]},
    "school_hours": {"windows": ["08:00-18:00"], "weekdays": _WORKDAYS},
    "arrival": {"windows": ["06:40-08:00"], "weekdays": _WORKDAYS},
    "dismissal": {"windows": ["16:00-18:00"], "weekdays": _WORKDAYS},
}
BUILT_IN: dict[str, Calendar] = {
    name: read_calendar(definition, name) for name, definition in BUILT_IN_DEFINITIONS.items()
}
"""Known without a file; a rule file, or the county, may give one of these names windows of its own."""
