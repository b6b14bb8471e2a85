"""Which events are something that happened, for the rules that count and combine happenings."""

from collections.abc import Mapping
from typing import Any

from safety_service.domain.rules.matching import Matcher, compile_match, named

HAPPENINGS = frozenset({"start", "pulse", "measure"})
"""An update and an end belong to a start that was counted; a state repeats what is known."""


def compile_happening(match: Mapping[str, Any]) -> Matcher:
    """A match that lets only happenings through, or the phases that it names itself.

    What the broker or a device had kept and says again is nothing new, whatever the match says.
    """
    matches = compile_match(match)
    if named(match, "phase") is not None:
        return lambda event: not event.retained and matches(event)
    return lambda event: event.phase in HAPPENINGS and not event.retained and matches(event)


def warn_of_phases(match: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Doubts about the phases of one match."""
    phases = named(match, "phase")
    if phases is not None and set(phases) == {"state"}:
        return [(("match", "phase"), "a state repeats what is known: it is counted each time it is said")]
    return []
