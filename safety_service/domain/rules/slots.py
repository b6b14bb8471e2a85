"""One running rule: its plan, its kind's functions, and what it remembers of each key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from safety_service.domain.rules import absence
from safety_service.domain.rules.plan import Key, Plan, RuleKind

_ENCODER = msgspec.json.Encoder()


class Slot:
    """`index` is the rule's place in the file, among those that are enabled."""

    __slots__ = ("index", "kind", "plan", "states")

    def __init__(self, index: int, plan: Plan, kind: RuleKind) -> None:
        self.index = index
        self.plan = plan
        self.kind = kind
        self.states: dict[Key, Any] = {}

    def due(self, key: Key) -> datetime | None:
        """When the key has a timer due; None without one."""
        state = self.states.get(key)
        return None if state is None else self.kind.due(self.plan, state, key)

    def stored(self, key: Key) -> bytes | None:
        """The row of the key; None where it needs none."""
        state = self.states.get(key)
        if state is None or not self.kind.is_stored(self.plan, state):
            return None
        return _ENCODER.encode(state)

    def hears_devices(self) -> bool:
        """Whether every event of a watched device concerns it, of whatever kind."""
        return self.kind.state is absence.AbsenceState and self.plan.kinds is None


def index_by_kind(slots: Sequence[Slot]) -> tuple[dict[str, tuple[Slot, ...]], tuple[Slot, ...]]:
    """The rules to ask for an event of each kind that some rule names, and for one of any other kind."""
    asked = [slot for slot in slots if not slot.hears_devices()]
    names = {str(kind) for slot in asked for kind in slot.plan.kinds or ()}
    by_kind = {
        name: tuple(slot for slot in asked if slot.plan.kinds is None or name in slot.plan.kinds)
        for name in names
    }
    return by_kind, tuple(slot for slot in asked if slot.plan.kinds is None)
