"""What a rule does that ends by silence: after a downtime, and when its numbers were changed."""

from datetime import datetime
from typing import Any, Protocol

from safety_service.domain.rules.plan import Deafness, Plan

QUIET = {"ended_by": "quiet"}
"""The detail of an end that nobody told: nothing was heard of it for as long as the rule waits."""


class Quieting(Protocol):
    """`last_at`: the last match, in event time. `due_at`: when silence ends it."""

    firing: bool
    last_at: datetime | None
    due_at: datetime | None


def deafen(plan: Plan, state: Quieting, deaf: Deafness) -> bool:
    """Silence while nobody could hear is none."""
    quiet = plan.params.quiet_for
    if not deaf.restart or not state.firing or state.due_at is None or quiet is None:
        return False
    state.due_at = deaf.moved(state.due_at, quiet)
    return True


def adapt(plan: Plan, state: Any) -> Any:
    """Under a changed rule, what fires is silent from its last match on."""
    if state.firing:
        quiet = plan.params.quiet_for
        if quiet is None:
            state.due_at = None
        elif state.due_at is None and state.last_at is not None:
            state.due_at = state.last_at + quiet
    return state
