"""Candidate rules over stored events, on a virtual clock: the engine and lifecycle that run in service."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from safety_service.domain import alerts as lifecycle
from safety_service.domain.alerts import AlertKey, apply_findings
from safety_service.domain.deafness import Deaf, heard_at
from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.model import RuleSet
from safety_service.domain.types import Alert, AlertChange, DeviceSeen, Event, Finding, Transition

SHORTEST_WARM_UP = timedelta(days=1)
SAME_WITHIN = timedelta(minutes=1)
"""Two alerts of one rule and key that were raised so close to each other are the same one.

The pipeline's clock runs on between two batches, so what it raised may be a moment later than the events say.
"""
SERVICE = "service"
_DRAINED_AFTER = 100_000

OnStep = Callable[[Alert, Transition], None]


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """A person closed or reopened an alert, the one of this rule and key that was raised at `raised_at`."""

    at: datetime
    rule: str
    key: tuple[str, ...]
    raised_at: datetime
    change: str
    actor: str
    disposition: str | None = None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules were surrounded by: time zones, registry, and what events do not tell.

    `newcomers`: those of `devices` that nobody knew at the start, watched from their first event on. `deaf`:
    when nothing could be heard. `handled`: what people did, in order.
    """

    zones: Mapping[str, tzinfo]
    zone: tzinfo
    tolerance: timedelta
    devices: Mapping[tuple[str, str], DeviceSeen]
    newcomers: Collection[tuple[str, str]] = frozenset()
    deaf: Sequence[Deaf] = ()
    handled: Sequence[Handled] = ()


def warm_up_of(rules: RuleSet) -> timedelta:
    """How long the rules must listen before their first verdict: the longest time that any of them names.

    A day at least, so that most of what already went on at the start is not taken for something new.
    """
    named = [SHORTEST_WARM_UP]
    passed_over = not_replayed(rules)
    for rule in rules.rules.values():
        if rule.enabled and rule.id not in passed_over:
            named += [rule.reopen_within, *_durations(rule.params.model_dump())]
    return max(named)


def not_replayed(rules: RuleSet) -> list[str]:
    """The rules about what is owed: how that stood at a time gone by is not kept, and no event tells it."""
    return [rule.id for rule in rules.rules.values() if rule.kind == "overdue"]


def _durations(value: Any) -> Iterator[timedelta]:
    if isinstance(value, timedelta):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _durations(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _durations(inner)


class Replay:
    """Rules that hear stored events from `start` on; every transition is told to `on_step`.

    Chunks of events in order of arrival go in by `hear`; `finish` lets time pass to the end. How the events
    are cut into chunks changes nothing.
    """

    def __init__(self, rules: RuleSet, around: Surroundings, start: datetime, on_step: OnStep) -> None:
        self._around = around
        self._on_step = on_step
        self._latest: dict[AlertKey, Alert] = {}
        self._undrained = 0
        self._known = {identity for identity in around.devices if identity not in around.newcomers}
        self._coming = _interruptions(around, start)
        self._place = 0
        self._engine = Engine(rules, tolerance=around.tolerance, zones=around.zones, zone=around.zone)
        before = [deaf for deaf in around.deaf if deaf.end <= start]
        known = [
            _as_of(start, around.devices[identity], before, around.tolerance) for identity in self._known
        ]
        self._engine.load([], known)
        self._apply(self._engine.tick(start))

    def hear(self, events: Sequence[Event]) -> None:
        """The next events; what people did and when nobody could hear comes between them, in its place."""
        self._meet(events)
        begin = 0
        while self._place < len(self._coming):
            at = self._coming[self._place][0]
            cut = next((i for i in range(begin, len(events)) if events[i].received_at > at), None)
            if cut is None:
                break
            self._observe(events[begin:cut])
            self._interrupt()
            begin = cut
        self._observe(events[begin:])
        self._undrained += len(events)
        if self._undrained >= _DRAINED_AFTER:
            # Nobody stores these states; undrained, the list of them would grow with every key.
            self._engine.drain_changes()
            self._undrained = 0

    def finish(self, until: datetime) -> None:
        """Time passes up to and including `until`."""
        while self._place < len(self._coming) and self._coming[self._place][0] < until:
            self._interrupt()
        self._apply(self._engine.tick(until))

    def _meet(self, events: Sequence[Event]) -> None:
        """Registers whom the pipeline would have met in this chunk for the first time."""
        for event in events:
            identity = (event.school, event.device)
            if identity in self._known or event.retained or event.format == SERVICE:
                continue
            self._known.add(identity)
            device = self._around.devices.get(identity) or DeviceSeen(
                school=event.school,
                device=event.device,
                zone=event.zone,
                zone_type=event.zone_type,
                format=event.format,
            )
            self._engine.register(msgspec.structs.replace(device, last_seen_at=event.received_at))

    def _observe(self, events: Sequence[Event]) -> None:
        if events:
            self._apply(self._engine.observe(events, events[0].received_at))

    def _interrupt(self) -> None:
        at, what = self._coming[self._place]
        self._place += 1
        self._apply(self._engine.tick(at))
        if isinstance(what, Deaf):
            self._engine.deaf(at, what.end, restart=what.restart)
        else:
            self._handle(what)

    def _apply(self, findings: Sequence[Finding]) -> None:
        for change in apply_findings(findings, self._engine.rules, self._latest):
            self._keep(change)

    def _handle(self, handled: Handled) -> None:
        """Done to the same alert where the candidates raised it too; else there is nothing to do it to."""
        alert = self._latest.get((handled.rule, handled.key))
        if alert is None or abs(alert.raised_at - handled.raised_at) > SAME_WITHIN:
            return
        if handled.change == "closed" and alert.closed_at is None:
            disposition = handled.disposition or "confirmed"
            self._keep(lifecycle.close(alert, disposition, handled.actor, handled.at))
        elif handled.change == "reopened" and alert.closed_at is not None:
            self._keep(lifecycle.reopen(alert, handled.actor, handled.at))

    def _keep(self, change: AlertChange) -> None:
        alert = change.alert
        self._latest[alert.rule, alert.key] = alert
        for transition in change.transitions:
            self._on_step(alert, transition)


def _interruptions(around: Surroundings, start: datetime) -> list[tuple[datetime, Deaf | Handled]]:
    coming: list[tuple[datetime, Deaf | Handled]] = [
        (max(deaf.start, start), deaf) for deaf in around.deaf if deaf.end > start
    ]
    coming += [(handled.at, handled) for handled in around.handled if handled.at >= start]
    return sorted(coming, key=lambda one: one[0])


def _as_of(start: datetime, device: DeviceSeen, deaf: Sequence[Deaf], tolerance: timedelta) -> DeviceSeen:
    """The device as it was known at the start.

    The registry holds only when it was heard last; where that is later, its silence counts from the start.
    """
    seen = device.last_seen_at
    if seen is not None:
        seen = heard_at(seen, deaf, tolerance) if seen <= start else None
    return msgspec.structs.replace(device, last_seen_at=seen)
