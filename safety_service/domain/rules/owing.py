"""Which obligations the rules watch, each told to the few rules that look at its kind."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from safety_service.domain.obligations import Obligation, as_event
from safety_service.domain.rules import overdue
from safety_service.domain.rules.plan import Key, Step
from safety_service.domain.rules.slots import Slot
from safety_service.domain.rules.timers import Timers


class Owing:
    """The rules of kind overdue, by what they are about."""

    def __init__(self, slots: Sequence[Slot], timers: Timers) -> None:
        self._slots = [slot for slot in slots if slot.kind.state is overdue.OverdueState]
        self._timers = timers
        self._waiting: list[tuple[Slot, Key]] = []

    def steps(self, owed: Obligation, now: datetime) -> list[tuple[Slot, Key, Step]]:
        """What each rule makes of an obligation that is new, changed, done or cancelled."""
        found = []
        for slot in self._slots:
            if slot.plan.params.of != owed.of:
                continue
            key = slot.plan.key_of(as_event(owed))
            step = overdue.owe(slot.plan, slot.states.get(key), owed, key, now)
            if step is not None:
                found.append((slot, key, step))
        return found

    def restore(self, obligations: Iterable[Obligation]) -> None:
        """After a restart: all that is open. What fires and is not among it is owed no longer, or later."""
        confirmed: set[tuple[int, Key]] = set()
        for owed in obligations:
            for slot in self._slots:
                if slot.plan.params.of != owed.of or not slot.plan.compiled(as_event(owed)):
                    continue
                key = slot.plan.key_of(as_event(owed))
                stored = slot.states.get(key)
                slot.states[key] = overdue.restored(stored, owed)
                if stored is None or owed.due_at <= stored.due_at:
                    confirmed.add((slot.index, key))
                self._timers.arm(slot.index, key, slot.due(key))
        self._waiting = [
            (slot, key) for slot in self._slots for key in slot.states if (slot.index, key) not in confirmed
        ]

    def begin(self, at: datetime) -> list[tuple[Slot, Key]]:
        """The first known instant: what is owed no longer ends here."""
        for slot, key in self._waiting:
            slot.states[key].over_at = at
            self._timers.arm(slot.index, key, slot.due(key))
        begun, self._waiting = self._waiting, []
        return begun
