"""Who was heard last and when: kept in memory, written every few seconds, never wrong after a crash.

Every message of every device moves a time; a row written for each would cost more than the event itself.
What was heard since the last writing is read again from the message log (`Partition.seen_cursor`).
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session

from safety_service.domain import clocks
from safety_service.domain.clocks import Clock
from safety_service.domain.rules.engine import Engine
from safety_service.domain.rules.wills import OFFLINE, is_last_will
from safety_service.domain.types import Event
from safety_service.services.intake import Decoder
from safety_service.store import devices, messages
from safety_service.store.tables_partition import Partition

WRITE_EVERY = timedelta(seconds=2)
AT_ONCE = 5000
Key = tuple[str, str]
"""School and device."""


class Presence:
    """The devices heard since `Partition.seen_cursor`, with the last event of each, and their clocks."""

    def __init__(self) -> None:
        self._heard: dict[Key, Event] = {}
        self._clocks: dict[Key, Clock] = {}
        self._written_at: datetime | None = None

    def note(self, new: Sequence[Event], registry: devices.Registry, rules: Engine) -> set[Key]:
        """Takes in a batch in order of arrival; returns the devices in it that nobody knew.

        A retained message is the broker's voice, not the device's, and so is a last will.
        """
        unknown: set[Key] = set()
        heard = self._heard
        for event in new:
            if event.retained or event.format == "service":
                continue
            key = (event.school, event.device)
            if key not in registry.devices:
                unknown.add(key)
                strict = event.school in registry.strict
                registry.devices[key] = devices.sighting(event, registered=not strict)
                rules.register(registry.devices[key])
                if strict:
                    registry.quarantined.add(key)
            elif event.kind == OFFLINE and event.phase == "start":
                continue
            heard[key] = event
        return unknown

    def last_heard(self, key: Key, registry: devices.Registry) -> datetime | None:
        """When the last live message of a device came, None where there was none."""
        heard = self._heard.get(key)
        if heard is not None:
            return heard.received_at
        known = registry.devices.get(key)
        return known.last_seen_at if known is not None else None

    def write(
        self,
        session: Session,
        row: Partition,
        registry: devices.Registry,
        rules: Engine,
        now: datetime,
        *,
        unknown: Set[Key],
    ) -> None:
        """Writes what was heard when it is time, and of `unknown` devices at once; call it with the cursor
        moved already."""
        if not self._heard:
            row.seen_cursor = row.cursor
            return
        if self._written_at is not None and now - self._written_at < WRITE_EVERY:
            if unknown:
                heard = {key: self._heard[key] for key in unknown}
                self._learn(heard, registry, rules)
                devices.mark_seen(session, heard, self._clocks, registry.quarantined)
            return
        self._learn(self._heard, registry, rules)
        devices.mark_seen(session, self._heard, self._clocks, registry.quarantined)
        row.seen_cursor = row.cursor
        self._heard = {}
        self._written_at = now

    def _learn(self, heard: Mapping[Key, Event], registry: devices.Registry, rules: Engine) -> None:
        """What the last event of each device tells of its clock, and behind which gateway it stands."""
        for key, event in heard.items():
            known = registry.devices.get(key) or devices.sighting(event)
            clock = self._clocks.get(key) or clocks.remembered(known.clock_offset)
            ahead = clocks.sighting(event)
            if ahead is not None:
                clock = clocks.learned(clock, ahead)
            self._clocks[key] = clock
            gateway = event.gateway or known.gateway
            registry.devices[key] = msgspec.structs.replace(
                known, last_seen_at=event.received_at, gateway=gateway, clock_offset=clock.offset
            )
            if gateway != known.gateway:
                rules.register(registry.devices[key])

    def catch_up(
        self, session: Session, row: Partition, registry: devices.Registry, decoder: Decoder
    ) -> None:
        """After a restart: hears again what was processed and not yet written down as heard."""
        place = row.seen_cursor
        while place < row.cursor:
            batch = messages.read_after(session, row.id, place, min(AT_ONCE, row.cursor - place))
            if not batch:
                break
            place = batch[-1].position
            for event in decoder.read(batch).events:
                known = registry.devices.get((event.school, event.device))
                if known is None or event.retained or event.format == "service" or is_last_will(event):
                    continue
                self._heard[event.school, event.device] = event
                if known.last_seen_at is None or known.last_seen_at < event.received_at:
                    registry.devices[event.school, event.device] = devices.seen_at(known, event.received_at)
