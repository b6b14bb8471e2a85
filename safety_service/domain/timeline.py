"""Runs a rule test on a virtual clock, with the engine and the alert lifecycle that run in service."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec

from safety_service.domain import alerts as lifecycle
from safety_service.domain.alerts import apply_findings
from safety_service.domain.deafness import Deaf, heard_at
from safety_service.domain.notifying import Receiver, receivers_of
from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.wills import is_last_will
from safety_service.domain.suppression import TELLING, Suppressor, mark, owes, recheck
from safety_service.domain.timeline_model import Entry, Timeline
from safety_service.domain.types import Alert, AlertChange, DeviceSeen, Event, Finding, Transition

Key = tuple[str, tuple[str, ...]]
OPERATOR = "operator"


class Happened(msgspec.Struct, kw_only=True):
    """One transition, as the history would keep it; `count` is the alert's at the end of that instant."""

    at: timedelta
    rule: str
    school: str
    device: str | None
    change: str
    severity: str
    count: int
    alert: Alert


class Sent(msgspec.Struct, kw_only=True):
    at: timedelta
    rule: str
    school: str
    device: str | None
    change: str
    channel: str


class Outcome(msgspec.Struct):
    """Everything that happened, what would have been sent, and steps that found nothing to act on."""

    happened: list[Happened]
    sent: list[Sent]
    failed: list[str]


def run(timeline: Timeline) -> Outcome:
    """Plays the timeline from its start until its end. Timers fire at their exact due time."""
    world = _World(timeline)
    for at, entries in groupby(_arrivals(timeline.entries), key=lambda entry: entry.at):
        if at <= timeline.until:
            world.instant(at, list(entries))
    world.advance(timeline.until)
    return Outcome(world.happened, world.sent, world.failed)


def _arrivals(entries: Sequence[Entry]) -> list[Entry]:
    """What falls into a downtime arrives at its end; what comes at the instant it begins is still heard."""
    arriving: list[Entry] = []
    end = None
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.action == "restart")):
        if end is not None and entry.at < end:
            entry = _later(entry, end)
        elif entry.action == "restart":
            end = entry.at + entry.down
        arriving.append(entry)
    return sorted(arriving, key=lambda entry: entry.at)


def _later(entry: Entry, at: timedelta) -> Entry:
    if entry.event is None:
        return msgspec.structs.replace(entry, at=at)
    received = entry.event.received_at + (at - entry.at)
    return msgspec.structs.replace(
        entry, at=at, event=msgspec.structs.replace(entry.event, received_at=received)
    )


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
        self.looked_at = self.start
        self.engine = self._engine()
        self.engine.tick(self.start)

    def _engine(self) -> Engine:
        timeline = self.timeline
        zone = timeline.start.tzinfo or UTC
        engine = Engine(timeline.rules, tolerance=timeline.tolerance, zone=zone)
        seen = [self._silent_since(device) for device in self.devices.values()]
        engine.load([(rule, key, state) for (rule, key), state in self.states.items()], seen)
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
            if all(later.event is None for later in entries[position:]):
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
        self._pass_edges(self.start + at)
        self._apply(self.engine.tick(self.start + at))

    def _pass_edges(self, until: datetime) -> None:
        """What was held back is told at the instant at which its cause ends, and no sooner."""
        while (edge := self._next_edge()) is not None and edge <= until:
            self._apply(self.engine.settle(edge))
            self._recheck(edge)
            self.looked_at = edge
        self.looked_at = max(self.looked_at, until)

    def _next_edge(self) -> datetime | None:
        flapping = [self.alerts[number - 1] for number in self.flapping]
        return self.suppressor.next_edge(self.looked_at, flapping)

    def _firing(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.condition == "firing"]

    def _recheck(self, at: datetime) -> None:
        for alert in recheck(self._firing(), self.suppressor, at):
            self.alerts[alert.id - 1] = alert
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
            self._send(alert, step, step.at)

    def _send(self, alert: Alert, step: Transition, at: datetime, *, released: bool = False) -> None:
        """What the channels are told: nobody of an end whose beginning nobody told them."""
        rule = self.timeline.rules.rules[alert.rule]
        receivers = [
            Receiver(one.id, "", frozenset(), "warning", one.send_resolved) for one in self.timeline.channels
        ]
        for one in receivers_of(alert, step, rule.channels, receivers, released=released):
            before = self.told.get((alert.id, one.channel))
            if before is step or (
                step.change == "resolved" and (before is None or before.change == "resolved")
            ):
                continue
            self.told[alert.id, one.channel] = step
            told = self._told(alert, step)
            self.sent.append(
                Sent(
                    at=at - self.start,
                    rule=told.rule,
                    school=told.school,
                    device=told.device,
                    change=told.change,
                    channel=one.channel,
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
