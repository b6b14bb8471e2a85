"""Evaluates rules over events and time. It has no clock: what it is told is all that has happened."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from safety_service.domain.obligations import Obligation
from safety_service.domain.rules import absence
from safety_service.domain.rules import event as event_rules
from safety_service.domain.rules.kinds import RULE_KINDS
from safety_service.domain.rules.model import Rule, RuleSet
from safety_service.domain.rules.owing import Owing
from safety_service.domain.rules.plan import Deafness, Key, Plan, Step, Zones
from safety_service.domain.rules.slots import Slot, index_by_kind
from safety_service.domain.rules.timers import Timers
from safety_service.domain.rules.watching import Watchers
from safety_service.domain.types import DeviceSeen, Event, Finding

RESTART_TOLERANCE = timedelta(minutes=30)
OF_THE_LINK = (absence.AbsenceState, event_rules.EventState)
"""States with timers that wait for something to be heard: a lost link stops them as a downtime does."""


class Engine:
    """The rules with what they remember, rebuilt at any time from stored states and the registry.

    Events are told in order of arrival, and come before a timer that is due at the same instant. Cutting the
    events into other batches, or a restart between them, changes nothing in what is found.
    """

    def __init__(
        self,
        rules: RuleSet,
        *,
        tolerance: timedelta = RESTART_TOLERANCE,
        zones: Mapping[str, tzinfo] | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self.rules: Mapping[str, Rule] = rules.rules
        self._tolerance = tolerance
        self._slots: list[Slot] = []
        local = Zones(zones or {}, zone)
        for rule in rules.rules.values():
            if rule.enabled:
                plan, kind = Plan(rule, rules.calendars, local), RULE_KINDS[rule.kind]
                plan.kinds = kind.kinds_of(rule)
                plan.compiled = kind.prepare(rule)
                self._slots.append(Slot(len(self._slots), plan, kind))
        self._by_kind, self._of_any_kind = index_by_kind(self._slots)
        self._timers = Timers(self._due_of)
        self._watchers = Watchers(self._slots, self._timers)
        self._owing = Owing(self._slots, self._timers)
        self._clock: datetime | None = None
        self._dirty: dict[tuple[str, Key], Slot | None] = {}

    def load(
        self,
        states: Iterable[tuple[str, tuple[str, ...], bytes | str]],
        devices: Iterable[DeviceSeen],
        owed: Iterable[Obligation] = (),
    ) -> None:
        """Restores what was drained before. A state that no rule can read any more is dropped.

        `owed`: every open obligation; an alert about any other ends with the first known instant.
        """
        slots = {slot.plan.rule.id: slot for slot in self._slots}
        for rule, key, stored in states:
            slot = slots.get(rule)
            try:
                if slot is None or len(key) != len(slot.plan.key):
                    raise msgspec.ValidationError
                state = slot.kind.adapt(slot.plan, msgspec.json.decode(stored, type=slot.kind.state))
            except msgspec.DecodeError:
                self._dirty[rule, key] = None
                continue
            slot.states[key] = state
            self._timers.arm(slot.index, key, slot.due(key))
        for device in devices:
            self._note(self._watchers.register(device, self._clock))
        self._note(self._watchers.retire_unwatched(self._clock))
        self._owing.restore(owed)

    def owe(self, obligations: Iterable[Obligation], now: datetime) -> list[Finding]:
        """Obligations that are new, changed, done or cancelled; no timer fires before them."""
        found: list[Finding] = []
        for owed in obligations:
            for slot, key, step in self._owing.steps(owed, now):
                self._take(slot, key, step, found)
        return found

    def register(self, device: DeviceSeen) -> None:
        """A new or changed registered device; one that is no longer registered is watched no longer."""
        self._note(self._watchers.register(device, self._clock))

    def observe(self, events: Sequence[Event], now: datetime) -> list[Finding]:
        """What the rules find in these events, with the timers that were due before each of them.

        `now` counts only where nothing has been told yet and there is no event: silence begins somewhere.
        """
        found: list[Finding] = []
        if not events and self._clock is None:
            self._move_clock(now)
        for event in events:
            at = event.received_at
            if self._clock is None or at > self._clock:
                self._fire(at, found, including=False)
                self._move_clock(at)
            else:
                at = self._clock
            self._watchers.hear(event, at, found, self._dirty)
            named: tuple[str, ...] | None = None
            for slot in self._by_kind.get(event.kind, self._of_any_kind):
                plan = slot.plan
                if plan.key != named:
                    # Most rules have the same key: it is read from the event once.
                    named, key = plan.key, plan.key_of(event)
                step = slot.kind.observe(plan, slot.states.get(key), event, at)
                if step is not None:
                    self._take(slot, key, step, found)
        return found

    def tick(self, now: datetime) -> list[Finding]:
        """What time alone brings: the timers due up to and including `now`, each at its own due time."""
        found: list[Finding] = []
        self._move_clock(now)
        self._fire(now, found, including=True)
        return found

    def settle(self, now: datetime) -> list[Finding]:
        """The timers due before `now`: those of that very instant wait for its events, which come first."""
        found: list[Finding] = []
        self._move_clock(now)
        self._fire(now, found, including=False)
        return found

    def next_due(self) -> datetime | None:
        """When the next timer is due."""
        first = self._timers.first()
        return first[0] if first is not None else None

    def deaf(self, start: datetime, end: datetime, *, restart: bool) -> None:
        """Nothing could be heard from `start` to `end`: the service was down (`restart`), or its link was.

        A downtime within the tolerance moves every pending timer by its length; a longer one starts them
        afresh from its end. A lost link only counts where something that was not heard would have mattered.
        """
        if end <= start:
            return
        deaf = Deafness(start, end, restart, restart and end - start > self._tolerance)
        for slot in self._slots:
            if not restart and slot.kind.state not in OF_THE_LINK:
                continue
            for key, state in slot.states.items():
                if slot.kind.deafen(slot.plan, state, deaf):
                    self._dirty[slot.plan.rule.id, key] = slot

    def drain_changes(self) -> list[tuple[str, tuple[str, ...], bytes | None]]:
        """The states that changed since the last call; None where there is nothing to remember any more."""
        changes = [
            (rule, key, slot.stored(key) if slot is not None else None)
            for (rule, key), slot in self._dirty.items()
        ]
        self._dirty.clear()
        return changes

    def _due_of(self, index: int, key: Key) -> datetime | None:
        return self._slots[index].due(key)

    def _move_clock(self, at: datetime) -> None:
        if self._clock is None:
            self._note(self._watchers.begin(at))
            self._note(self._owing.begin(at))
        if self._clock is None or at > self._clock:
            self._clock = at

    def _note(self, changed: Iterable[tuple[Slot, Key]]) -> None:
        for slot, key in changed:
            self._dirty[slot.plan.rule.id, key] = slot

    def _fire(self, until: datetime, found: list[Finding], *, including: bool) -> None:
        if not including and self._timers.none_before(until):
            return
        while (timer := self._timers.first()) is not None:
            due, index, key = timer
            if due > until or (due == until and not including):
                return
            slot = self._slots[index]
            self._take(slot, key, slot.kind.fire(slot.plan, slot.states[key], key, due), found)

    def _take(self, slot: Slot, key: Key, step: Step, found: list[Finding]) -> None:
        if step.state is None:
            slot.states.pop(key, None)
        else:
            slot.states[key] = step.state
            self._timers.arm(slot.index, key, slot.due(key))
        if step.changed:
            self._dirty[slot.plan.rule.id, key] = slot
        if step.finding is not None:
            found.append(step.finding)
