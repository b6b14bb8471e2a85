"""Findings become alerts, history and outbox rows: gather, decide in the core, apply."""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.alerts import apply_findings
from safety_service.domain.notifying import receivers_of
from safety_service.domain.rules.model import Rule
from safety_service.domain.types import Alert, Finding, Transition
from safety_service.services import escalating, suppression
from safety_service.store import alerts, notifications, rollups

Key = tuple[str, tuple[str, ...]]
_REMEMBERED_KEYS = 200_000


class LatestAlerts:
    """Which alert is the newest of a rule and key, remembered so that a repeat costs no search.

    Only the pipeline makes alerts, so what it remembers cannot be outdated by anybody else; the rows
    themselves are read afresh each time, because people change them.
    """

    def __init__(self) -> None:
        self._ids: OrderedDict[Key, int | None] = OrderedDict()

    def gather(self, session: Session, keys: Sequence[Key]) -> dict[Key, Alert]:
        """The newest alert of each key that has one."""
        unknown = [pair for pair in keys if pair not in self._ids]
        known = alerts.latest_ids(session, unknown)
        for pair in unknown:
            self._ids[pair] = known.get(pair)
        for pair in keys:
            self._ids.move_to_end(pair)
        while len(self._ids) > max(_REMEMBERED_KEYS, len(keys)):
            self._ids.popitem(last=False)
        ids = [number for pair in keys if (number := self._ids[pair]) is not None]
        return {(alert.rule, alert.key): alert for alert in alerts.read_many(session, ids)}

    def note(self, history: Sequence[tuple[int, Alert, Transition]]) -> None:
        for _, alert, _ in history:
            key = (alert.rule, alert.key)
            self._ids[key] = max(alert.id, self._ids.get(key) or 0)
            self._ids.move_to_end(key)


def apply(
    session: Session,
    findings: Sequence[Finding],
    rules: Mapping[str, Rule],
    latest: LatestAlerts,
    now: datetime,
) -> int:
    """Carries the findings into the store; returns the number of transitions written."""
    if not findings:
        return 0
    alerts.hold_history(session)
    keys = list(dict.fromkeys((finding.rule, finding.key) for finding in findings))
    changes = apply_findings(findings, rules, latest.gather(session, keys))
    suppression.mark_changes(session, changes, rules, now)
    history = alerts.apply(session, changes)
    latest.note(history)
    notify(session, history, rules, now)
    escalating.follow(session, history, rules, now)
    rollups.add_alerts(session, _raised_by_hour(history))
    return len(history)


def notify(
    session: Session,
    history: Sequence[tuple[int, Alert, Transition]],
    rules: Mapping[str, Rule],
    now: datetime,
) -> None:
    """Writes the outbox rows that these transitions owe, in the same transaction."""
    if not history:
        return
    receivers = notifications.receivers(session)
    owed = []
    for number, alert, transition in history:
        rule = rules.get(alert.rule)
        named = rule.channels if rule is not None else None
        owed += [(number, alert, transition, to) for to in receivers_of(alert, transition, named, receivers)]
    notifications.add(session, owed, now)


def _raised_by_hour(
    history: Sequence[tuple[int, Alert, Transition]],
) -> dict[tuple[str, datetime, str, str], int]:
    return Counter(
        (alert.school, rollups.hour_of(step.at), alert.kind, step.severity)
        for _, alert, step in history
        if step.change == "raised"
    )
