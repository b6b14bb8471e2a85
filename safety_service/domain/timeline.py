"""Runs a rule test on a virtual clock, with the engine and the alert lifecycle that run in service."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from safety_service.domain import alerts as lifecycle
from safety_service.domain.alerts import apply_findings
from safety_service.domain.deafness import Deaf, heard_at
from safety_service.domain.notifying import Receiver, receivers_of
from safety_service.domain.obligations import Obligation
from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.wills import is_last_will
from safety_service.domain.suppression import TELLING, Suppressor, mark, owes, recheck
from safety_service.domain.timeline_arrivals import arrivals
from safety_service.domain.timeline_escalating import Escalating
from safety_service.domain.timeline_model import Entry, Timeline
from safety_service.domain.timeline_outcome import Happened, Outcome, Sent
from safety_service.domain.types import Alert, AlertChange, DeviceSeen, Event, Finding, Transition

Key = tuple[str, tuple[str, ...]]
OPERATOR = "operator"


def run(timeline: Timeline) -> Outcome:
    """Plays the timeline from its start until its end. Timers fire at their exact due time."""
    world = _World(timeline)
    for at, entries in groupby(arrivals(timeline.entries), key=lambda entry: entry.at):
        if at <= timeline.until:
            world.instant(at, list(entries))
    world.advance(timeline.until)
    return Outcome(world.happened, world.sent, world.failed)


class _World:
    """The service, its registry and its store, as far as a rule test needs them."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.start = timeline.start.astimezone(UTC)
        self.devices = {(device.school, device.device): device for device in timeline.devices}
        self.states: dict[Key, bytes] = {}
        self.deaf: list[Deaf] = []
        self.alerts: list[Alert] = []
        self.latest: dict[Key, int] = {}
        self.happened: list[Happened] = []
        self.failed: list[str] = []
        self.sent: list[Sent] = []
        self.steps: dict[int, list[Transition]] = {}
        self.told: dict[tuple[int, str], Transition] = {}
        self.suppressor = Suppressor([], timeline.rules.rules, [])
        self.flapping: set[int] = set()
        self.owed: dict[tuple[str, str], Obligation] = {}
        self.escalating = Escalating(
            timeline.escalations, {one.id for one in timeline.channels}, timeline.on_duty
        )
        self.looked_at = self.start
        self.back_at = self.start
        self.engine = self._engine()
        self.engine.tick(self.start)

    def _engine(self) -> Engine:
        timeline = self.timeline
        zone = timeline.start.tzinfo or UTC
        engine = Engine(timeline.rules, tolerance=timeline.tolerance, zone=zone)
        seen = [self._silent_since(device) for device in self.devices.values()]
        states = [(rule, key, state) for (rule, key), state in self.states.items()]
        engine.load(states, seen, [owed for owed in self.owed.values() if owed.is_open])
        return engine

    def _silent_since(self, device: DeviceSeen) -> DeviceSeen:
        if device.last_seen_at is None:
            return device
        since = heard_at(device.last_seen_at, self.deaf, self.timeline.tolerance)
        return msgspec.structs.replace(device, last_seen_at=since)

    def instant(self, at: timedelta, entries: list[Entry]) -> None:
        """Everything of one instant in the order of the file; people act on what is there to act on."""
        before = len(self.happened)
        self._pass_edges(self.start + at)
        for position, entry in enumerate(entries):
            if entry.event is not None:
                self._hear(entry.event)
                continue
            if entry.is_news:
                self._owe(entry, self.start + at)
                continue
            if not any(later.is_news for later in entries[position:]):
                self.advance(at)
            if entry.quiet is not None:
                self.suppressor.quiets.append(entry.quiet)
                self._recheck(self.start + at)
            elif entry.action == "restart":
                self._restart(at, entry.down)
            else:
                self._act(entry, self.start + at)
        for happened in self.happened[before:]:
            happened.count = self.alerts[happened.alert.id - 1].count

    def advance(self, at: timedelta) -> None:
        """Time passes up to and including an offset."""
        now = self.start + at
        self._pass_edges(now)
        self._apply(self.engine.tick(now))
        self._escalate(now)

    def _pass_edges(self, until: datetime) -> None:
        """What was held back is told at the instant at which its cause ends, and no sooner; whoever is told
        next by an escalation is told before the news of a later instant."""
        while True:
            edge, due = self._next_edge(), self.escalating.next_due()
            # A step that came due while the service was down is taken once it is back.
            due = None if due is None else max(due, self.back_at)
            if due is not None and due < until and (edge is None or due < edge):
                self._apply(self.engine.tick(due))
                self._escalate(due)
                continue
            if edge is None or edge > until:
                break
            self._apply(self.engine.settle(edge))
            self._recheck(edge)
            self.looked_at = edge
        self.looked_at = max(self.looked_at, until)

    def _escalate(self, now: datetime) -> None:
        for alert, step in self.escalating.look(self.alerts, now):
            self.happened.append(self._told(alert, step))
            for channel in step.detail["channels"]:
                self.told.setdefault((alert.id, channel), step)
                self._note_sent(alert, step, now, channel)

    def _next_edge(self) -> datetime | None:
        flapping = [self.alerts[number - 1] for number in self.flapping]
        return self.suppressor.next_edge(self.looked_at, flapping)

    def _firing(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.condition == "firing"]

    def _recheck(self, at: datetime) -> None:
        for alert in recheck(self._firing(), self.suppressor, at):
            self.alerts[alert.id - 1] = alert
            self.escalating.note(alert, at)
            last = [step for step in self.steps[alert.id] if step.change in TELLING][-1]
            if owes(alert, last):
                self._send(alert, last, at, released=True)

    def _hear(self, event: Event) -> None:
        identity = (event.school, event.device)
        known = self.devices.get(identity)
        if not event.retained and event.format != "service" and not is_last_will(event):
            if known is None:
                known = DeviceSeen(
                    school=event.school,
                    device=event.device,
                    zone=event.zone,
                    zone_type=event.zone_type,
                    format=event.format,
                    gateway=event.gateway,
                )
                self.engine.register(msgspec.structs.replace(known, last_seen_at=event.received_at))
            self.devices[identity] = msgspec.structs.replace(known, last_seen_at=event.received_at)
        self._apply(self.engine.observe([event], event.received_at))

    def _owe(self, entry: Entry, now: datetime) -> None:
        """Something is owed, or no longer. What was due before is late; what ends a downtime comes first."""
        owed = entry.owed
        if owed is None:
            known = self.owed.get(entry.about or ("", ""))
            if known is None:
                self.failed.append(f"{entry.place}: nothing of that name is owed")
                return
            over: dict[str, Any] = {"done_at": now} if entry.action == "done" else {"cancelled": True}
            owed = msgspec.structs.replace(known, **over)
        self.owed[owed.of, owed.id] = owed
        if now > self.back_at:
            self._apply(self.engine.settle(now))
        self._apply(self.engine.owe([owed], now))

    def _restart(self, at: timedelta, down: timedelta) -> None:
        for rule, key, state in self.engine.drain_changes():
            if state is None:
                self.states.pop((rule, key), None)
            else:
                self.states[rule, key] = state
        start, end = self.start + at, self.start + at + down
        self.engine = self._engine()
        self.engine.deaf(start, end, restart=True)
        self.deaf.append(Deaf(start, end, True))
        self.back_at = end

    def _apply(self, findings: Sequence[Finding]) -> None:
        keys = {(finding.rule, finding.key) for finding in findings}
        newest = {key: self.alerts[self.latest[key] - 1] for key in keys if key in self.latest}
        self._take(apply_findings(findings, self.engine.rules, newest))

    def _take(self, changes: Sequence[AlertChange]) -> None:
        others = mark(changes, self.suppressor)
        for change in changes:
            self._keep(change)
        if others:
            self._recheck(max(step.at for change in changes for step in change.transitions))

    def _act(self, entry: Entry, now: datetime) -> None:
        """A step of a person, on every open alert of the rule that it fits."""
        done = 0
        for alert in list(self.alerts):
            fits = all(getattr(alert, name) == value for name, value in entry.where.items())
            if alert.rule != entry.rule or alert.closed_at is not None or not fits:
                continue
            if entry.action == "close":
                self._take([lifecycle.close(alert, entry.disposition, OPERATOR, now)])
            elif alert.acknowledged_at is None:
                self._take([lifecycle.acknowledge(alert, OPERATOR, now)])
            else:
                continue
            done += 1
        if not done:
            self.failed.append(f"{entry.place}: no open alert of {entry.rule} to {entry.action}")

    def _keep(self, change: AlertChange) -> None:
        alert = change.alert
        if alert.id == 0:
            alert.id = len(self.alerts) + 1
            self.alerts.append(alert)
            self.latest[alert.rule, alert.key] = alert.id
        self.alerts[alert.id - 1] = alert
        if "flapping_until" in alert.detail:
            self.flapping.add(alert.id)
        for step in change.transitions:
            self.happened.append(self._told(alert, step))
            self.steps.setdefault(alert.id, []).append(step)
            rule = self.timeline.rules.rules[alert.rule]
            self.escalating.follow(alert, step, rule.escalation, max(step.at, self.back_at))
            self._send(alert, step, step.at)

    def _send(self, alert: Alert, step: Transition, at: datetime, *, released: bool = False) -> None:
        """What the channels are told: nobody of an end whose beginning nobody told them."""
        rule = self.timeline.rules.rules[alert.rule]
        receivers = [
            Receiver(one.id, "", frozenset(), "warning", one.send_resolved) for one in self.timeline.channels
        ]
        named = rule.channels
        if step.change == "resolved" and named is not None:
            named = (*named, *self.escalating.told.get(alert.id, ()))
        for one in receivers_of(alert, step, named, receivers, released=released):
            before = self.told.get((alert.id, one.channel))
            if before is step or (
                step.change == "resolved" and (before is None or before.change == "resolved")
            ):
                continue
            self.told[alert.id, one.channel] = step
            self._note_sent(alert, step, at, one.channel)

    def _note_sent(self, alert: Alert, step: Transition, at: datetime, channel: str) -> None:
        told = self._told(alert, step)
        self.sent.append(
            Sent(
                at=at - self.start,
                rule=told.rule,
                school=told.school,
                device=told.device,
                change=told.change,
                channel=channel,
            )
        )

    def _told(self, alert: Alert, transition: Transition) -> Happened:
        return Happened(
            at=transition.at - self.start,
            rule=alert.rule,
            school=alert.school,
            device=alert.device,
            change=transition.change,
            severity=transition.severity,
            count=alert.count,
            alert=alert,
        )
