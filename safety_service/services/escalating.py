"""Alerts that nobody takes go on to the next: begun and stopped with the history, carried on when due.

Everything happens in the transaction of the transitions themselves; whoever calls holds the history.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import structlog
from sqlmodel import Session

from safety_service.domain import escalation as core
from safety_service.domain.errors import Refused
from safety_service.domain.escalation import Progress, Reached, Step
from safety_service.domain.escalation_reading import read_policy
from safety_service.domain.notifying import Receiver
from safety_service.domain.rosters import Roster, duty_at
from safety_service.domain.rules.model import Rule
from safety_service.domain.types import Alert, AlertChange, Transition
from safety_service.store import alerts, notifications, rosters
from safety_service.store import escalations as store
from safety_service.store.tables_escalation import Escalation

log = structlog.get_logger(__name__)

History = Sequence[tuple[int, Alert, Transition]]


def follow(session: Session, history: History, rules: Mapping[str, Rule], now: datetime) -> None:
    """Begins, begins anew and stops escalations as the history asks; tells the end to whom a step told.

    The steps count from `now`, not from the event: before this transaction nobody could have taken the
    alert. People's own steps come without rules: they only stop.
    """
    begun: dict[int, tuple[int, Alert, Rule]] = {}
    stopped: set[int] = set()
    for number, alert, transition in history:
        rule = rules.get(alert.rule)
        firing = transition.condition == "firing"
        if transition.change in core.STARTS and firing and rule is not None and rule.escalation is not None:
            begun[alert.id] = (number, alert, rule)
        elif transition.change in core.STOPS:
            begun.pop(alert.id, None)
            stopped.add(alert.id)
    known = store.known_alerts(session, stopped)
    # Those begun anew too: the policy may not apply to what they are now.
    store.stop(session, known)
    _begin(session, begun, now)
    _tell_ends(session, history, known, now)


def look(session: Session, now: datetime, schools: Collection[str], last_look: datetime | None) -> int:
    """Takes every step that is due; returns how many transitions that were.

    `schools` empty: of every school. After a clock that went back since the last look, everything still
    waits as long as it had to wait then.
    """
    back = last_look is not None and last_look > now
    if not back and not store.any_due(session, now):
        return 0
    alerts.hold_history(session)
    if last_look is not None and back:
        for row in store.claim_running(session, schools):
            _move(session, row, now - last_look)
    _release(session, now, schools)
    rows = store.claim_due(session, now, schools)
    return _take_steps(session, rows, now) if rows else 0


def _begin(session: Session, begun: Mapping[int, tuple[int, Alert, Rule]], now: datetime) -> None:
    if not begun:
        return
    policies = {row.id: row for row in store.every_policy(session)}
    rows: list[dict[str, Any]] = []
    for number, alert, rule in begun.values():
        row = policies.get(rule.escalation or "")
        if row is None:
            log.warning("a rule names an unknown escalation", rule=rule.id, escalation=rule.escalation)
            continue
        policy = read_policy(row.id, row.steps, row.min_severity, "steps")
        if not core.applies(policy, alert.severity):
            continue
        held = core.is_held(alert)
        due = core.next_due(policy.steps, Progress(counts_from=now))
        rows.append(
            {
                "alert_id": alert.id,
                "school": alert.school,
                "policy": policy.id,
                "steps": row.steps,
                "run": number,
                "counts_from": now,
                "passed": 0,
                "next_due_at": None if held else due,
                "held_at": now if held else None,
                "hurried_by": None,
            }
        )
    store.start(session, rows)


def _tell_ends(session: Session, history: History, known: Collection[int], now: datetime) -> None:
    """Whoever was told by a step that it fires is told that it ended, whatever channels the rule names."""
    ended = {
        alert.id: (number, alert, step)
        for number, alert, step in history
        if step.change == "resolved" and alert.id in known
    }
    if not ended:
        return
    by_channel = {one.channel: one for one in notifications.receivers(session) if one.send_resolved}
    told = store.told_by_steps(session, ended)
    owed = [(*ended[alert], by_channel[channel]) for alert, channel in told if channel in by_channel]
    notifications.add(session, owed, now)


def _move(session: Session, row: Escalation, by: timedelta) -> None:
    due = row.next_due_at
    if due is not None and due != store.AT_ONCE:
        due += by
    progress = msgspec.structs.replace(_progress(row), counts_from=row.counts_from + by)
    store.go_on(session, row, progress, due, row.held_at + by if row.held_at is not None else None)


def _release(session: Session, now: datetime, schools: Collection[str]) -> None:
    """The suppression has ended: it counts on from where it stood."""
    for row in store.claim_released(session, schools):
        assert row.held_at is not None
        stood = max(now - row.held_at, timedelta(0))
        progress = msgspec.structs.replace(_progress(row), counts_from=row.counts_from + stood)
        due = core.next_due(_steps(row), progress) if row.hurried_by is None else store.AT_ONCE
        store.go_on(session, row, progress, due)


def _take_steps(session: Session, rows: Sequence[Escalation], now: datetime) -> int:
    about = {alert.id: alert for alert in alerts.read_many(session, [row.alert_id for row in rows])}
    book = _Book(session, now)
    changes: list[AlertChange] = []
    for row in rows:
        alert, progress = about[row.alert_id], _progress(row)
        if core.is_held(alert):
            held_at = row.next_due_at if row.hurried_by is None else now
            store.go_on(session, row, progress, None, held_at)
            continue
        outcome = core.decide(_steps(row), progress, now, partial(book.reach, alert))
        if not store.go_on(session, row, outcome.progress, outcome.next_due):
            continue
        shares = zip(outcome.taken, core.shares(outcome.taken), strict=True)
        steps = [core.transition_of(one, sent, row.policy, alert) for one, sent in shares]
        changes.append(AlertChange(alert=alert, transitions=steps))
    history = alerts.apply(session, [change for change in changes if change.transitions])
    owed = [
        (number, alert, transition, book.receivers[channel])
        for number, alert, transition in history
        for channel in transition.detail["channels"]
    ]
    notifications.add(session, owed, now)
    return len(history)


def _progress(row: Escalation) -> Progress:
    return Progress(counts_from=row.counts_from, passed=row.passed, hurried_by=row.hurried_by)


def _steps(row: Escalation) -> tuple[Step, ...]:
    return read_policy(row.policy, row.steps, "warning", "steps").steps


class _Book:
    """The channels and rosters as they are at this look, read once for all that is due."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.receivers: dict[str, Receiver] = {one.channel: one for one in notifications.receivers(session)}
        self._session = session
        self._now = now
        self._rosters: dict[str, Roster | None] = {}

    def reach(self, alert: Alert, step: Step) -> Reached:
        """Whom the step reaches now: who is on duty, and channels that are there and for this school."""
        channels: list[str] = []
        on_duty: list[dict[str, str]] = []
        nobody: list[str] = []
        not_told: list[dict[str, str]] = []
        for target in step.notify:
            channel = target.channel
            if target.roster is not None:
                roster = self._roster(target.roster)
                fits = roster is not None and (not roster.schools or alert.school in roster.schools)
                member = duty_at(roster, self._now).member if roster is not None and fits else None
                if member is None:
                    nobody.append(target.roster)
                    continue
                channel = member.channel
                on_duty.append({"roster": target.roster, "member": member.id, "name": member.name})
            assert channel is not None
            why = self._why_not(channel, alert.school)
            if why is None:
                channels.append(channel)
            else:
                not_told.append({"channel": channel, "reason": why})
        return Reached(
            channels=tuple(dict.fromkeys(channels)),
            on_duty=tuple(on_duty),
            nobody=tuple(nobody),
            not_told=tuple(not_told),
        )

    def _why_not(self, channel: str, school: str) -> str | None:
        receiver = self.receivers.get(channel)
        if receiver is None:
            return "there is no such channel, or it is switched off"
        if receiver.schools and school not in receiver.schools:
            return "the channel is for other schools"
        return None

    def _roster(self, name: str) -> Roster | None:
        if name not in self._rosters:
            self._rosters[name] = self._read_roster(name)
        return self._rosters[name]

    def _read_roster(self, name: str) -> Roster | None:
        row = rosters.find(self._session, name)
        try:
            return rosters.load(self._session, row, self._now) if row is not None else None
        except Refused as error:
            # A zone that this machine does not know must not stop every alarm; nobody is on duty then.
            log.error("a roster cannot be read", roster=name, reason=str(error))
            return None
