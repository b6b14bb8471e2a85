"""Which devices are watched for silence, and hearing them at the cost of a look-up."""

from collections.abc import Sequence
from datetime import datetime

from safety_service.domain.rules import absence
from safety_service.domain.rules.plan import Key
from safety_service.domain.rules.slots import Slot
from safety_service.domain.rules.timers import Timers
from safety_service.domain.rules.wills import OFFLINE
from safety_service.domain.types import DeviceSeen, Event, Finding

Watch = tuple[Slot, Key]
SERVICE = "service"


class Watchers:
    """The watched devices of all rules of kind absence."""

    def __init__(self, slots: Sequence[Slot], timers: Timers) -> None:
        self._slots = [slot for slot in slots if slot.kind.state is absence.AbsenceState]
        self._timers = timers
        self._by_device: dict[tuple[str, str], tuple[Watch, ...]] = {}
        self._waiting: list[Watch] = []

    def register(self, device: DeviceSeen, now: datetime | None) -> list[Watch]:
        """Begins, changes or ends watching a device; returns the states to store."""
        identity = (device.school, device.device)
        before = self._by_device.get(identity, ())
        watches: list[Watch] = []
        for slot in self._slots:
            key = slot.kind.watches(slot.plan, device)
            if key is not None:
                watches.append((slot, key))
            elif not device.registered and not slot.hears_devices():
                # It was expected because it once sent the kind; now it never will again.
                before = (*before, (slot, absence.key_of_device(slot.plan, device)))
        changed = []
        for slot, key in watches:
            known = slot.states.get(key)
            stored = slot.stored(key)
            state = absence.watch(slot.plan, known, device, now)
            slot.states[key] = state
            if state.heard_at is None:
                self._waiting.append((slot, key))
            self._timers.arm(slot.index, key, slot.due(key))
            if slot.stored(key) != stored:
                changed.append((slot, key))
        if watches:
            self._by_device[identity] = tuple(watches)
        else:
            self._by_device.pop(identity, None)
        return changed + self._retire([watch for watch in before if watch not in watches], now)

    def retire_unwatched(self, now: datetime | None) -> list[Watch]:
        """After a restart: what is stored of devices that no rule watches any more."""
        kept = [(slot, key) for slot in self._slots if slot.hears_devices() for key in slot.states]
        return self._retire(kept, now)

    def _retire(self, watches: Sequence[Watch], now: datetime | None) -> list[Watch]:
        if not watches:
            return []
        watched = {(slot.index, key) for some in self._by_device.values() for slot, key in some}
        changed = []
        for slot, key in watches:
            state = slot.states.get(key)
            if state is None or (slot.index, key) in watched:
                continue
            changed.append((slot, key))
            if not state.firing:
                del slot.states[key]
                continue
            state.gone, state.heard_at = True, now
            if now is None:
                self._waiting.append((slot, key))
            self._timers.arm(slot.index, key, slot.due(key))
        return changed

    def begin(self, at: datetime) -> list[Watch]:
        """The first known instant: what had no time to count from counts from here."""
        begun = []
        for slot, key in self._waiting:
            state = slot.states.get(key)
            if state is not None and state.heard_at is None:
                state.heard_at = at
                self._timers.arm(slot.index, key, slot.due(key))
                begun.append((slot, key))
        self._waiting = []
        return begun

    def hear(
        self, event: Event, at: datetime, found: list[Finding], dirty: dict[tuple[str, Key], Slot | None]
    ) -> None:
        """A message of a device ends its silence. A retained one is the broker's voice, not the device's, and
        so is a last will."""
        watches = self._by_device.get((event.school, event.device))
        if watches is None or event.retained or event.format == SERVICE:
            return
        if event.kind == OFFLINE and event.phase == "start":
            return
        for slot, key in watches:
            if slot.plan.kinds is not None:
                continue
            state = slot.states[key]
            if not (state.firing or state.never):
                # No timer is touched: the armed one finds out that it is early when it comes up.
                if state.heard_at is None or at > state.heard_at:
                    state.heard_at = at
                continue
            step = absence.hear(slot.plan, state, key, event, at)
            self._timers.arm(slot.index, key, slot.due(key))
            dirty[slot.plan.rule.id, key] = slot
            if step.finding is not None:
                found.append(step.finding)
