"""Figures of the handling of alerts: how quickly people took them up and ended them, and what for.

The definitions, which every reader of the figures may rely on:

* An alert belongs to the range in which it was raised, also when it was reopened later.
* Acknowledged: the first `acknowledged` in its history, whatever came after it (a reopen takes the claim off
  the alert, not out of the history). A person who closes an alert that nobody had acknowledged has looked at
  it: it counts as acknowledged at that first close.
* Closed: the close by a person that still stands, so one that was taken back does not count and the last of
  several does. What closed with its own resolve measures nobody and has no time to close.
* False alarms are counted against all alerts that stand closed by people, whatever the disposition.
* Waiting: open, not acknowledged, and raised longer ago than the patience that was asked for.
* Unseen: closed with its own resolve, and no person ever acknowledged, assigned, commented, closed or
  reopened it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from safety_service.domain.alerts import SYSTEM
from safety_service.domain.errors import Refused

USUAL_RANGE = timedelta(days=30)
LONGEST_RANGE = timedelta(days=400)
FALSE_ALARM = "false_alarm"

Group = tuple[str, ...]


class Range(NamedTuple):
    """Raised from `since` on and before `until`; no `until`: up to now, and what a clock ahead has raised."""

    since: datetime
    until: datetime | None


class Handling(NamedTuple):
    """What is asked of one alert; spans are whole microseconds since its raise.

    `open_since`: when it was raised, None for a closed one. `acknowledge` and `close` are None where it has
    not come to that; `touched`: a person did anything at all.
    """

    alert: int
    open_since: datetime | None
    matches: int
    acknowledged: bool
    acknowledge: int | None
    close: int | None
    closed_by: str | None
    disposition: str | None
    touched: bool
    group: Group


class Times(NamedTuple):
    """Seconds; None where there is no sample."""

    samples: int
    median: float | None
    p90: float | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one group. `counted`: all their matches; `newest`: the id of the newest alert."""

    group: Group
    newest: int
    alerts: int
    counted: int
    acknowledge: Times
    close: Times
    closed_by_people: int
    false_alarms: int
    waiting: int
    unseen: int

    @property
    def false_alarm_percent(self) -> float | None:
        if not self.closed_by_people:
            return None
        return round(self.false_alarms * 100 / self.closed_by_people, 1)


class _Tally:
    __slots__ = (
        "acknowledge",
        "alerts",
        "close",
        "closed_by_people",
        "counted",
        "false_alarms",
        "newest",
        "unseen",
        "waiting",
    )

    def __init__(self) -> None:
        self.alerts = self.counted = self.closed_by_people = self.false_alarms = 0
        self.waiting = self.unseen = self.newest = 0
        self.acknowledge: list[int] = []
        self.close: list[int] = []


def range_of(since: datetime | None, until: datetime | None, now: datetime) -> Range:
    """The range asked for, the last 30 days without one. Raises Refused for an empty or an endless one."""
    end = until or now
    start = since if since is not None else end - USUAL_RANGE
    if start >= end:
        raise Refused("the range is empty: from must be before to", place="query.from", slug="bad-range")
    if end - start > LONGEST_RANGE:
        reason = f"the range is longer than {LONGEST_RANGE.days} days"
        raise Refused(reason, place="query.from", slug="bad-range")
    return Range(start, until)


def figures_of(alerts: Iterable[Handling], waits_since: datetime) -> list[Figures]:
    """The figures of each group, in no order; an alert raised after `waits_since` has not waited too long."""
    tallies: dict[Group, _Tally] = {}
    for one in alerts:
        tally = tallies.get(one.group)
        if tally is None:
            tally = tallies[one.group] = _Tally()
        _add(tally, one, waits_since)
    return [_shown(group, tally) for group, tally in tallies.items()]


def _add(tally: _Tally, one: Handling, waits_since: datetime) -> None:
    tally.alerts += 1
    tally.counted += one.matches
    tally.newest = max(tally.newest, one.alert)
    if one.acknowledge is not None:
        tally.acknowledge.append(_not_before(one.acknowledge))
    if one.disposition is not None and one.close is not None:
        tally.close.append(_not_before(one.close))
        tally.closed_by_people += 1
        tally.false_alarms += one.disposition == FALSE_ALARM
    if one.open_since is not None:
        tally.waiting += not one.acknowledged and one.open_since <= waits_since
    elif one.closed_by == SYSTEM and not one.touched:
        tally.unseen += 1


def _not_before(microseconds: int) -> int:
    """A clock that was set back makes nobody quicker than at once."""
    return max(microseconds, 0)


def _shown(group: Group, tally: _Tally) -> Figures:
    return Figures(
        group=group,
        newest=tally.newest,
        alerts=tally.alerts,
        counted=tally.counted,
        acknowledge=times_of(tally.acknowledge),
        close=times_of(tally.close),
        closed_by_people=tally.closed_by_people,
        false_alarms=tally.false_alarms,
        waiting=tally.waiting,
        unseen=tally.unseen,
    )


def times_of(microseconds: Sequence[int]) -> Times:
    """Median (the mean of the middle two of an even number) and the 90th percentile by nearest rank."""
    samples = len(microseconds)
    if not samples:
        return Times(0, None, None)
    ordered = sorted(microseconds)
    middle = ordered[(samples - 1) // 2] + ordered[samples // 2]
    return Times(samples, middle / 2_000_000, ordered[-(-samples * 9 // 10) - 1] / 1_000_000)
