"""Who is on duty: rotations by day and night, with overrides, exact at the instant of the hand-over.

Times of day are wall-clock times of the roster's zone. One that the clock skips is reckoned with the offset
of before the gap, one that comes twice means the first (RFC 5545, 3.3.5).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Literal

import msgspec

from safety_service.domain.calendars import Window

_ONE_DAY = timedelta(days=1)
_LONGEST_LOOK = timedelta(days=400)
ALL_DAY = (Window(time(0), time(0)),)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be on duty; `channel` reaches them, `phone` is for people to read."""

    id: str
    name: str
    channel: str
    phone: str = ""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Members in turn, each for `days` days from `hand_over_at` on `starts_on`, within the windows.

    `windows` begin on `weekdays` (0 is Monday); before the first hand-over nobody has a turn.
    """

    members: tuple[str, ...]
    starts_on: date
    hand_over_at: time
    days: int = 7
    windows: tuple[Window, ...] = ALL_DAY
    weekdays: frozenset[int] = frozenset(range(7))


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """From `start` up to and not including `end` this member is on duty, whoever has the turn."""

    id: int
    start: datetime
    end: datetime
    member: str


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """A duty roster; where shifts overlap the first holds, of overlapping overrides the one added last."""

    id: str
    members: dict[str, Member]
    shifts: tuple[Shift, ...]
    zone: tzinfo
    schools: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()


class Duty(msgspec.Struct, frozen=True):
    """Who is on duty, None for nobody; `override`: the number of the override that says so.

    `others` would be on duty too: shifts overlap.
    """

    member: Member | None
    override: int | None = None
    others: tuple[str, ...] = ()


class Remark(msgspec.Struct, frozen=True):
    """Something in a roster that was hardly meant, from `start` up to and not including `end`."""

    kind: Literal["hole", "overlap"]
    start: datetime
    end: datetime
    members: tuple[str, ...] = ()


def duty_at(roster: Roster, at: datetime) -> Duty:
    """Who is on duty at the aware instant `at`."""
    for override in sorted(roster.overrides, key=lambda one: -one.id):
        if override.start <= at < override.end:
            return Duty(roster.members.get(override.member), override.id)
    holders = [name for shift in roster.shifts if (name := _holder(shift, at, roster.zone)) is not None]
    if not holders:
        return Duty(None)
    others = tuple(name for name in dict.fromkeys(holders) if name != holders[0])
    return Duty(roster.members[holders[0]], None, others)


def next_hand_over(roster: Roster, after: datetime) -> tuple[datetime, Member | None] | None:
    """When and to whom the duty passes next; None where it never does (looked for over one full turn)."""
    now = duty_at(roster, after).member
    for edge in edges(roster, after, after + _full_turn(roster, after)):
        member = duty_at(roster, edge).member
        if member != now:
            return edge, member
    return None


def check(roster: Roster, start: datetime, end: datetime) -> list[Remark]:
    """The holes and overlaps between two instants, in order; neighbours of the same kind are one."""
    found: list[Remark] = []
    points = [start, *edges(roster, start, end), end]
    for here, there in pairwise(points):
        duty = duty_at(roster, here)
        if duty.member is None:
            remark = Remark("hole", here, there)
        elif duty.others:
            remark = Remark("overlap", here, there, (duty.member.id, *duty.others))
        else:
            continue
        last = found[-1] if found else None
        if last is not None and (last.kind, last.end, last.members) == (remark.kind, here, remark.members):
            found[-1] = Remark(last.kind, last.start, there, last.members)
        else:
            found.append(remark)
    return found


def sentence(remark: Remark, roster: Roster) -> str:
    """The remark for an operator, in the roster's own time."""
    start, end = (f"{at.astimezone(roster.zone):%Y-%m-%d %H:%M}" for at in (remark.start, remark.end))
    if remark.kind == "hole":
        return f"nobody is on duty from {start} to {end} ({roster.zone})"
    names = " and ".join(roster.members[name].name for name in remark.members)
    first = roster.members[remark.members[0]].name
    return f"{names} are on duty together from {start} to {end} ({roster.zone}); {first} is told"


def edges(roster: Roster, start: datetime, end: datetime) -> Iterator[datetime]:
    """The instants strictly between the two at which the duty can pass, in order."""
    day = start.astimezone(roster.zone).date() - _ONE_DAY
    last = end.astimezone(roster.zone).date() + _ONE_DAY
    fixed = sorted({at for one in roster.overrides for at in (one.start, one.end)})
    before = start
    while day <= last:
        # A day's edges may lie past midnight; those of the next day come later all the same, or are the same.
        until = instant(day + _ONE_DAY, time(0), roster.zone)
        todays = {at for shift in roster.shifts for at in _edges_around(shift, day, roster.zone)}
        for at in sorted(at for at in todays.union(fixed) if before < at < end and at <= until):
            yield at
            before = at
        day += _ONE_DAY


def instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """The wall-clock time of a day as an instant (UTC)."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _holder(shift: Shift, at: datetime, zone: tzinfo) -> str | None:
    day = at.astimezone(zone).date()
    windows = (
        _span(window, start, zone)
        for window in shift.windows
        for start in (day - _ONE_DAY, day)
        if start.weekday() in shift.weekdays
    )
    if not any(start <= at < end for start, end in windows):
        return None
    handed_over = day if instant(day, shift.hand_over_at, zone) <= at else day - _ONE_DAY
    elapsed = (handed_over - shift.starts_on).days
    return shift.members[elapsed // shift.days % len(shift.members)] if elapsed >= 0 else None


def _span(window: Window, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    ends_on = day if window.start < window.end else day + _ONE_DAY
    return instant(day, window.start, zone), instant(ends_on, window.end, zone)


def _edges_around(shift: Shift, day: date, zone: tzinfo) -> Iterator[datetime]:
    """Of this day and the one before: a window that began yesterday ends today."""
    for one in (day - _ONE_DAY, day):
        elapsed = (one - shift.starts_on).days
        if elapsed >= 0 and elapsed % shift.days == 0:
            yield instant(one, shift.hand_over_at, zone)
        if one.weekday() in shift.weekdays:
            for window in shift.windows:
                yield from _span(window, one, zone)


def _full_turn(roster: Roster, after: datetime) -> timedelta:
    """How far the duty must be followed to see it pass, if it ever does."""
    today = after.astimezone(roster.zone).date()
    days = max((len(one.members) * one.days for one in roster.shifts), default=0) + 9
    waits = max((one.starts_on - today for one in roster.shifts), default=timedelta(0))
    ends = max((one.end - after for one in roster.overrides), default=timedelta(0))
    return min(timedelta(days=days) + max(waits, ends, timedelta(0)), _LONGEST_LOOK)
