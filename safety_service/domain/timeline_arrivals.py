"""When the entries of a rule test arrive: what falls into a downtime waits for its end."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from safety_service.domain.timeline_model import Entry


def arrivals(entries: Sequence[Entry]) -> list[Entry]:
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
