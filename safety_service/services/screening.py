"""Which of the events that were just stored the rules are asked about, and what is told of the others.

Everything is kept and shown; here it is only decided what may raise an alarm.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session

from safety_service.domain.noise import Loudness, Ration
from safety_service.domain.types import LIFE_SAFETY_KINDS, Event
from safety_service.services.presence import Presence
from safety_service.store import event_log, rollups
from safety_service.store.devices import Registry
from safety_service.store.tables_partition import Partition

BEGINS = frozenset({"start", "state", "update", "pulse"})
SERVICE = "service"


class Screen:
    """The screening of one partition, told of each batch before that is noted as heard."""

    def __init__(self, ration: Ration) -> None:
        self._loudness = Loudness(ration)

    def judge(
        self,
        session: Session,
        row: Partition,
        new: Sequence[Event],
        registry: Registry,
        presence: Presence,
        now: datetime,
    ) -> list[Event]:
        """What the rules may see, in the order of the batch, with what the service itself says of it."""
        if registry.strict or registry.quarantined:
            new = [event for event in new if not is_held(event, registry)]
        judged, told = self._loudness.hear(new, now)
        judged = [_as_news(event, registry, presence) if event.retained else event for event in judged]
        if told:
            judged += event_log.insert_new(session, row.id, row.event_position, told)
            row.event_position += len(told)
            rollups.add_events(session, rollups.count_by_hour(told))
        return judged


def is_held(event: Event, registry: Registry) -> bool:
    """Whether a device is quarantined: it may report danger to life, and nothing else raises an alarm."""
    if event.kind in LIFE_SAFETY_KINDS or event.format == SERVICE:
        return False
    key = (event.school, event.device)
    return key in registry.quarantined or (event.school in registry.strict and key not in registry.devices)


def _as_news(event: Event, registry: Registry, presence: Presence) -> Event:
    """What the broker had kept, as the rules are to take it.

    It repeats a state, unless it began after the device was heard last: then it came while nobody listened,
    and it is as good as told now. Only the device's own time can say so.
    """
    if event.phase not in BEGINS or event.source_time is None or event.clock_suspect or event.told_at is None:
        return event
    key = (event.school, event.device)
    heard, known = presence.last_heard(key, registry), registry.devices.get(key)
    if heard is None or known is None:
        return event
    if event.told_at - timedelta(seconds=known.clock_offset or 0.0) <= heard:
        return event
    return msgspec.structs.replace(
        event, retained=False, phase="start" if event.phase == "state" else event.phase
    )
