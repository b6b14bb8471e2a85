"""What last wills say of a whole school or gateway: it is gone once every one of its connections is.

A connection (line) is a gateway, or a device that speaks to the broker by itself. It is known from the first
heartbeat or status that came over it, and gone while its last will stands.
"""

from datetime import datetime
from typing import Protocol

from safety_service.domain.types import Event

OFFLINE = "device_offline"
LINES_KEPT = 512


class Lines(Protocol):
    """`lines`: all that are known; `offline`: those whose will stands; `gone_at`: since when that is all."""

    lines: list[str]
    offline: list[str]
    gone_at: datetime | None


def is_last_will(event: Event) -> bool:
    """Whether others say of a device that it is gone: no sign of life."""
    return event.kind == OFFLINE and event.phase == "start"


def line_of(event: Event) -> str:
    return event.gateway or event.device


def is_own(event: Event) -> bool:
    """Whether a status is that of a connection itself, and not what a gateway says of a device behind it."""
    return line_of(event) == event.device


def heard(state: Lines, event: Event) -> bool:
    """Something came over a line: it stands. Returns whether that changes what is known."""
    line, changed = line_of(event), state.gone_at is not None
    if line not in state.lines:
        state.lines = [*state.lines[1 - LINES_KEPT :], line]
        changed = True
    if line in state.offline:
        state.offline = [one for one in state.offline if one != line]
        changed = True
    state.gone_at = None
    return changed


def lost(state: Lines, event: Event, at: datetime) -> bool:
    """The will of a line was published. A kept one tells of no line that was never heard of before."""
    line = line_of(event)
    if line in state.offline or (event.retained and line not in state.lines):
        return False
    if line not in state.lines:
        state.lines = [*state.lines[1 - LINES_KEPT :], line]
    state.offline = [*state.offline[1 - LINES_KEPT :], line]
    if state.gone_at is None and set(state.lines) <= set(state.offline):
        state.gone_at = at
    return True
