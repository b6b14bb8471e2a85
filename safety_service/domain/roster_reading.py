"""Duty rosters as people write them: every problem with its field, or the checked roster."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from safety_service.domain.calendars import WEEKDAYS, read_window
from safety_service.domain.errors import Refused
from safety_service.domain.rosters import ALL_DAY, Member, Override, Roster, Shift

Problems = list[tuple[str, str]]


def read_roster(
    roster: str,
    content: Mapping[str, Any],
    place: str,
    *,
    schools: Collection[str] = (),
    overrides: Sequence[Override] = (),
) -> Roster:
    """The roster; raises Refused with every problem, such as (`body.shifts[0].members[1]`, reason).

    `content` is `{timezone, members: [{id, name, channel, phone}], shifts: [{members, starts_on,
    hand_over_at, days, windows, weekdays}]}` with dates and times as text.
    """
    problems: Problems = []
    zone = _zone(content.get("timezone"), f"{place}.timezone", problems)
    members: dict[str, Member] = {}
    for number, one in enumerate(content.get("members") or ()):
        member = Member(id=one["id"], name=one["name"], channel=one["channel"], phone=one.get("phone") or "")
        if member.id in members:
            problems.append((f"{place}.members[{number}].id", f"{member.id!r} is already taken"))
        members[member.id] = member
    shifts = [
        _shift(one, members, f"{place}.shifts[{number}]", problems)
        for number, one in enumerate(content.get("shifts") or ())
    ]
    if not members:
        problems.append((f"{place}.members", "a roster has members"))
    if not shifts:
        problems.append((f"{place}.shifts", "a roster has at least one shift"))
    if problems:
        raise Refused("; ".join(f"{where}: {why}" for where, why in problems), problems=problems)
    return Roster(
        id=roster,
        members=members,
        shifts=tuple(shifts),
        zone=zone,
        schools=frozenset(schools),
        overrides=tuple(overrides),
    )


def _shift(one: Mapping[str, Any], members: Collection[str], place: str, problems: Problems) -> Shift:
    turns = tuple(one.get("members") or ())
    if not turns:
        problems.append((f"{place}.members", "a shift has members in turn"))
    for number, name in enumerate(turns):
        if name not in members:
            known = ", ".join(sorted(members)) or "nobody"
            reason = f"{name!r} is no member of the roster; known are {known}"
            problems.append((f"{place}.members[{number}]", reason))
    days = one.get("days", 7)
    if not 1 <= days <= 366:
        problems.append((f"{place}.days", "a turn lasts 1 to 366 days"))
    weekdays = one.get("weekdays") or list(WEEKDAYS)
    for number, day in enumerate(weekdays):
        if day not in WEEKDAYS:
            problems.append((f"{place}.weekdays[{number}]", f"is one of {', '.join(WEEKDAYS)}"))
    windows = []
    for number, text in enumerate(one.get("windows") or ()):
        try:
            windows.append(read_window(text))
        except ValueError as error:
            problems.append((f"{place}.windows[{number}]", str(error)))
    return Shift(
        members=turns,
        starts_on=_date(one.get("starts_on"), f"{place}.starts_on", problems),
        hand_over_at=_clock(one.get("hand_over_at"), f"{place}.hand_over_at", problems),
        days=days,
        windows=tuple(windows) or ALL_DAY,
        weekdays=frozenset(WEEKDAYS.index(day) for day in weekdays if day in WEEKDAYS),
    )


def _zone(name: Any, place: str, problems: Problems) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        problems.append((place, f"{name!r} is no time zone; write one such as Asia/Shanghai"))
        return ZoneInfo("UTC")


def _date(text: Any, place: str, problems: Problems) -> date:
    try:
        return date.fromisoformat(text)
    except (ValueError, TypeError):
        problems.append((place, f"{text!r} is no date; write it as 2026-09-07"))
        return date.min


def _clock(text: Any, place: str, problems: Problems) -> time:
    try:
        clock = time.fromisoformat(text)
    except (ValueError, TypeError):
        clock = None
    if clock is None or clock.tzinfo is not None:
        problems.append((place, f"{text!r} is no time of day; write it as 08:00"))
        return time(0)
    return clock
