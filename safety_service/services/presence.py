"""Who was heard last and when: kept in memory, written every few seconds, never wrong after a crash.

Every message of every device moves a time; a row written for each would cost more than the event itself.
What was heard since the last writing is read again from the message log (`Partition.seen_cursor`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from safety_service.domain.rules.engine import Engine
from safety_service.domain.types import Event
from safety_service.services.intake import Decoder
from safety_service.store import devices, messages
from safety_service.store.tables_partition import Partition

WRITE_EVERY = timedelta(seconds=2)
AT_ONCE = 5000


class Presence:
    """The devices heard since `Partition.seen_cursor`, with the last event of each."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], Event] = {}
        self._written_at: datetime | None = None

    def note(self, new: Sequence[Event], registry: devices.Registry, rules: Engine) -> bool:
        """Takes in a batch in order of arrival; returns whether a device is in it that nobody knew.

        A retained message is the broker's voice, not the device's.
        """
        unknown = False
        heard = self._heard
        for event in new:
            if event.retained or event.format == "service":
                continue
            key = (event.school, event.device)
            heard[key] = event
            if key not in registry.devices:
                unknown = True
                registry.devices[key] = devices.sighting(event)
                rules.register(registry.devices[key])
        return unknown

    def write(self, session: Session, row: Partition, now: datetime, *, at_once: bool) -> None:
        """Writes what was heard, `at_once` or when it is time; call it with the cursor moved already."""
        if not self._heard:
            row.seen_cursor = row.cursor
            return
        if not at_once and self._written_at is not None and now - self._written_at < WRITE_EVERY:
            return
        devices.mark_seen(session, self._heard)
        row.seen_cursor = row.cursor
        self._heard = {}
        self._written_at = now

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
                if known is None or event.retained or event.format == "service":
                    continue
                self._heard[event.school, event.device] = event
                if known.last_seen_at is None or known.last_seen_at < event.received_at:
                    registry.devices[event.school, event.device] = devices.seen_at(known, event.received_at)
