"""Decides whether anybody is told of what an alert does: silences, maintenance, inhibition, flapping.

Suppression stops the sending and never the record: the transition names the cause, and the alert carries it
for as long as it lasts. What still fires when the cause has gone is told then.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from safety_service.domain.flapping import flaps_until
from safety_service.domain.recurrence import next_edge, occurrence
from safety_service.domain.rules.matching import accepted, did_you_mean
from safety_service.domain.rules.model import Inhibition, Rule
from safety_service.domain.types import LIFE_SAFETY_KINDS, Alert, AlertChange, Transition

FIELDS = ("rule", "kind", "school", "device", "zone", "severity")
"""What a silence and a maintenance window can ask of an alert."""
FLAPPING = "flapping"
TELLING = frozenset({"raised", "severity_raised", "reopened"})

Firing = dict[tuple[str, tuple[str, ...]], Alert]
Standing = tuple[str, tuple[str, ...], tuple[str, ...]]
"""An inhibiting rule, the parts that are compared, and their values."""


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A silence or a maintenance window: from `starts_at` for `length`, by `recurrence` again and again.

    `cause` is what the transition will name, such as `silence:12`. `school` None: all of them. `zone` is the
    one on whose wall clock a recurring window comes back. `made_at`: when somebody wrote it down.
    """

    cause: str
    starts_at: datetime
    length: timedelta
    zone: tzinfo
    match: Mapping[str, Any] = {}
    school: str | None = None
    recurrence: str | None = None
    made_at: datetime | None = None

    def is_on(self, at: datetime) -> bool:
        return occurrence(self.recurrence, self.starts_at, self.length, self.zone, at) is not None

    def next_edge(self, after: datetime) -> datetime | None:
        return next_edge(self.recurrence, self.starts_at, self.length, self.zone, after)

    def covers(self, alert: Alert) -> bool:
        """Whether the alert is meant. A window that comes back by itself is a calendar: it holds back nothing
        that is about life (alerting rule 10) unless it names the kind."""
        if self.school is not None and alert.school != self.school:
            return False
        if self.recurrence is not None and alert.kind in LIFE_SAFETY_KINDS and "kind" not in self.match:
            return False
        return all(_meets(alert, field, condition) for field, condition in self.match.items())


def check_match(match: Any) -> list[tuple[str, str]]:
    """Every problem of the match of a silence as (field, reason)."""
    if not isinstance(match, Mapping):
        return [("", "must be fields of an alert with the values they match, such as {kind: motion}")]
    problems = []
    for field, condition in match.items():
        if field not in FIELDS:
            problems.append((str(field), f"unknown field {field!r}{did_you_mean(str(field), FIELDS)}"))
            continue
        if isinstance(condition, Mapping) and set(condition) != {"not"}:
            problems.append((field, "is a text, a list of texts, or {not: [...]}"))
            continue
        values, _ = accepted(condition)
        if not values or any(not isinstance(value, str) for value in values):
            problems.append((field, "is a text, a list of texts, or {not: [...]}"))
    return problems


def _meets(alert: Alert, field: str, condition: Any) -> bool:
    values, negated = accepted(condition)
    return (getattr(alert, field) in values) is not negated


class Suppressor:
    """All that can suppress at present. It is told of what fires or ended lately, and of every transition in
    its order.

    What fires is counted by the parts that inhibitions compare, so that a look costs the same with one
    firing alert and with thousands.
    """

    def __init__(self, quiets: Sequence[Quiet], rules: Mapping[str, Rule], firing: Iterable[Alert]) -> None:
        self.quiets = list(quiets)
        self._rules = rules
        self._compared: dict[str, dict[tuple[str, ...], set[timedelta]]] = defaultdict(dict)
        for rule in rules.values():
            for one in rule.inhibited_by:
                self._compared[one.rule].setdefault(tuple(one.equal), set()).add(one.linger)
        self._firing: Firing = {}
        self._standing: Counter[Standing] = Counter()
        self._ended: dict[Standing, datetime] = {}
        self._lingering_until: set[datetime] = set()
        for alert in firing:
            self.note(alert)

    def note(self, alert: Alert) -> bool:
        """An alert as it is after a transition; whether that may change what others may tell."""
        if alert.rule not in self._compared:
            return False
        key = (alert.rule, alert.key)
        known = self._firing.pop(key, None)
        if known is not None:
            self._standing.subtract(self._standings(known))
        if alert.condition == "firing":
            self._firing[key] = alert
            self._standing.update(self._standings(alert))
            return known is None
        self._note_end(alert)
        return known is not None

    def _note_end(self, alert: Alert) -> None:
        """What has ended explains for a while why others are not back yet."""
        ended = alert.resolved_at
        if ended is None:
            return
        for equal, lingers in self._compared[alert.rule].items():
            standing = self._standing_of(alert, alert.rule, equal)
            self._ended[standing] = max(ended, self._ended.get(standing, ended))
            self._lingering_until |= {ended + linger for linger in lingers if linger}

    def _standings(self, alert: Alert) -> list[Standing]:
        return [self._standing_of(alert, alert.rule, equal) for equal in self._compared[alert.rule]]

    def _standing_of(self, alert: Alert, inhibitor: str, equal: tuple[str, ...]) -> Standing:
        return inhibitor, equal, tuple([self._part(alert, name) for name in equal])

    def cause(self, alert: Alert, at: datetime) -> str | None:
        """Why nobody is told of the alert at that instant; None where they are."""
        until = flaps_until(alert.detail)
        if until is not None and at < until:
            return FLAPPING
        for quiet in self.quiets:
            if quiet.covers(alert) and quiet.is_on(at):
                return quiet.cause
        rule = self._rules.get(alert.rule)
        for inhibition in rule.inhibited_by if rule is not None else ():
            if self._is_inhibited(alert, inhibition, at):
                return f"inhibited:{inhibition.rule}"
        return None

    def _is_inhibited(self, alert: Alert, inhibition: Inhibition, at: datetime) -> bool:
        wanted = self._standing_of(alert, inhibition.rule, tuple(inhibition.equal))
        ended = self._ended.get(wanted) if inhibition.linger else None
        return self._standing[wanted] > 0 or (ended is not None and at < ended + inhibition.linger)

    def _part(self, alert: Alert, name: str) -> str:
        rule = self._rules.get(alert.rule)
        if rule is not None and name in rule.key and len(alert.key) == len(rule.key):
            return alert.key[rule.key.index(name)]
        found = getattr(alert, name, None) if name in FIELDS else alert.detail.get(name)
        return "" if found is None else str(found)

    def next_edge(self, after: datetime, marked: Iterable[Alert]) -> datetime | None:
        """The next instant at which something begins or ends, flapping of the marked alerts included."""
        edges = [edge for quiet in self.quiets if (edge := quiet.next_edge(after)) is not None]
        edges += self._lingering_until
        for alert in marked:
            until = flaps_until(alert.detail)
            if alert.condition == "firing" and until is not None:
                edges.append(until)
        return min((edge for edge in edges if edge > after), default=None)


def mark(changes: Sequence[AlertChange], suppressor: Suppressor) -> bool:
    """Names the cause in each transition that nobody is told of, and on its alert, in their order.

    Changes the given ones in place. Whether others may now be held back, or told, is returned: an alert that
    holds others back has begun or ended.
    """
    # By the batch and not by the time: of two at the same instant, the engine knows which came first.
    steps = [
        (change.order[place] if change.order else 0, n, place)
        for n, change in enumerate(changes)
        for place in range(len(change.transitions))
    ]
    others = False
    for _, n, place in sorted(steps):
        change = changes[n]
        step = change.transitions[place]
        # The alert is as it is after all of them: whether it flapped at that instant, the step itself knows.
        then = msgspec.structs.replace(
            change.alert, condition=step.condition, severity=step.severity, detail=step.detail
        )
        others |= suppressor.note(then)
        if step.change not in TELLING:
            continue
        cause = suppressor.cause(then, step.at)
        change.alert = msgspec.structs.replace(change.alert, suppressed_by=cause)
        if cause is not None:
            change.transitions[place] = _named(step, cause)
    return others


def _named(step: Transition, cause: str) -> Transition:
    return msgspec.structs.replace(
        step, reason=step.reason or cause, detail={**step.detail, "suppressed_by": cause}
    )


def recheck(alerts: Iterable[Alert], suppressor: Suppressor, at: datetime) -> list[Alert]:
    """The firing alerts whose cause has changed, with the present one; those without one are to be told."""
    changed = []
    for alert in alerts:
        cause = suppressor.cause(alert, at)
        if alert.condition == "firing" and cause != alert.suppressed_by:
            changed.append(msgspec.structs.replace(alert, suppressed_by=cause))
    return changed


def owes(alert: Alert, step: Transition) -> bool:
    """Whether a step that nobody was told of is told now that its alert is not held back any more.

    Somebody who has acknowledged since knows.
    """
    return alert.suppressed_by is None and (alert.acknowledged_at is None or alert.acknowledged_at < step.at)
