"""Counts what becomes of alerts by rule, school, day and device; the same way for what would and what was."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from safety_service.domain.alerts import SYSTEM, AlertKey
from safety_service.domain.types import Alert, Transition

CHANGES = ("raised", "severity_raised", "reopened", "resolved")
_MILLISECOND = timedelta(milliseconds=1)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One transition of an alert. `ends`: it fires no longer, of itself or because a person closed it."""

    at: datetime
    change: str
    by_people: bool
    ends: bool
    rule: str
    key: tuple[str, ...]
    school: str
    device: str | None
    raised_at: datetime


class Figures(msgspec.Struct):
    """Numbers of transitions, and how long alerts were open (fired) until they resolved or were closed.

    `still_open`: those raised or reopened in this time that fired at its end. `open_milliseconds` is the sum
    over the `ended`: whole numbers, so that sums do not depend on their order.
    """

    raised: int = 0
    severity_raised: int = 0
    reopened: int = 0
    resolved: int = 0
    still_open: int = 0
    ended: int = 0
    open_milliseconds: int = 0
    longest_open_milliseconds: int = 0

    def count(self, change: str) -> None:
        setattr(self, change, getattr(self, change) + 1)

    def end(self, milliseconds: int) -> None:
        """One more that was open for so long."""
        self.ended += 1
        self.open_milliseconds += milliseconds
        self.longest_open_milliseconds = max(self.longest_open_milliseconds, milliseconds)


def step_of(alert: Alert, transition: Transition) -> Step:
    return Step(
        at=transition.at,
        change=transition.change,
        by_people=transition.actor != SYSTEM,
        ends=transition.change == "resolved" or bool(transition.detail.get("was_firing")),
        rule=alert.rule,
        key=alert.key,
        school=alert.school,
        device=alert.device,
        raised_at=alert.raised_at,
    )


class Tally:
    """One side of the comparison. Steps come in the order of each alert's own history.

    What people did is no merit and no fault of a rule: it is not counted, but it ends what was open.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.rules: dict[str, Figures] = defaultdict(Figures)
        self.schools: dict[str, Figures] = defaultdict(Figures)
        self.days: dict[str, Figures] = defaultdict(Figures)
        self.devices: dict[tuple[str, str], Figures] = defaultdict(Figures)
        self.raised: dict[AlertKey, list[datetime]] = {}
        self._open: dict[AlertKey, tuple[Step, list[Figures]]] = {}
        self._day_of = _days(zone)

    def note(self, step: Step) -> None:
        if not step.ends and step.change not in CHANGES:
            return
        key = (step.rule, step.key)
        about = self._about(step)
        if not step.by_people and step.change in CHANGES:
            for figures in about:
                figures.count(step.change)
        if step.change == "raised":
            self.raised.setdefault(key, []).append(step.at)
        if step.ends:
            opened, _ = self._open.pop(key, (None, None))
            since = opened.at if opened is not None else step.raised_at
            for figures in about:
                figures.end(max(0, (step.at - since) // _MILLISECOND))
        elif step.change in {"raised", "reopened"} and not step.by_people:
            self._open[key] = step, about

    def finish(self) -> None:
        """Counts what is open at the end."""
        for _, about in self._open.values():
            for figures in about:
                figures.still_open += 1

    def total(self) -> Figures:
        """Over all rules."""
        whole = Figures()
        for one in self.rules.values():
            for name in (*CHANGES, "still_open", "ended", "open_milliseconds"):
                setattr(whole, name, getattr(whole, name) + getattr(one, name))
            longest = max(whole.longest_open_milliseconds, one.longest_open_milliseconds)
            whole.longest_open_milliseconds = longest
        return whole

    def _about(self, step: Step) -> list[Figures]:
        about = [self.rules[step.rule], self.schools[step.school], self.days[self._day_of(step.at)]]
        if step.device is not None:
            about.append(self.devices[step.school, step.device])
        return about


def _days(zone: tzinfo) -> Callable[[datetime], str]:
    def day_of(moment: datetime) -> str:
        return moment.astimezone(zone).date().isoformat()

    return day_of


class Example(msgspec.Struct, kw_only=True):
    """One alert that would have been raised; `values` is what decided it, as its detail would show."""

    rule: str
    key: tuple[str, ...]
    school: str
    device: str | None
    severity: str
    raised_at: datetime
    values: dict[str, Any]
    changes: list[tuple[str, datetime, str]]
    resolved_at: datetime | None = None
    count: int = 1


class Examples:
    """The first alerts of each rule, followed until another one of their key is raised."""

    def __init__(self, of_each_rule: int) -> None:
        self._of_each_rule = of_each_rule
        self._by_rule: dict[str, list[Example]] = defaultdict(list)
        self._followed: dict[AlertKey, Example] = {}

    def note(self, alert: Alert, transition: Transition) -> None:
        key = (alert.rule, alert.key)
        if transition.change == "raised":
            self._followed.pop(key, None)
            if len(self._by_rule[alert.rule]) < self._of_each_rule:
                self._followed[key] = _example(alert, transition)
                self._by_rule[alert.rule].append(self._followed[key])
        example = self._followed.get(key)
        if example is not None:
            example.changes.append((transition.change, transition.at, transition.severity))
            example.severity, example.count, example.resolved_at = (
                transition.severity,
                alert.count,
                alert.resolved_at,
            )

    def __iter__(self) -> Iterator[Example]:
        for some in self._by_rule.values():
            yield from some


def _example(alert: Alert, transition: Transition) -> Example:
    return Example(
        rule=alert.rule,
        key=alert.key,
        school=alert.school,
        device=alert.device,
        severity=transition.severity,
        raised_at=transition.at,
        values=transition.detail,
        changes=[],
    )
