"""Fills a database that no service is using: the message log, or the event log with its hourly counts.

Both through the store's own functions, so that a change of the schema changes nothing here.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from device_simulator.county import build_county
from device_simulator.load_events import LoadEvents
from safety_service.domain.types import Event, Message
from safety_service.services import ingest
from safety_service.store import event_log, partitions, rollups
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests.benchmarks.scene import Say
from tests.benchmarks.sizes import Sizes

BATCH = 20_000
DAYS = 30
KINDS = ("temperature", "motion", "person", "vehicle", "humidity", "line_crossing", "occupancy", "door_open")


def messages(sizes: Sizes, count: int, run: str) -> Iterator[list[Message]]:
    """Batches of what the publisher would have sent."""
    events = LoadEvents(build_county(sizes.schools, 1), run, sizes.devices)
    for start in range(0, count, BATCH):
        now = datetime.now(UTC)
        yield [
            # On the wire the length of the topic stands in front of it.
            Message(topic=topic[2:].decode(), payload=payload, received_at=now, qos=1)
            for _, topic, payload, *_ in events.some(start, min(BATCH, count - start))
        ]


def fill_log(url: str, sizes: Sizes, count: int, say: Say) -> None:
    """Appends messages that nobody has processed. The partition must have its row: start a service once."""
    engine = open_engine(url)
    partition = _partition(engine)
    for number, batch in enumerate(messages(sizes, count, "filled")):
        say(f"filling the message log, {number * BATCH} of {count}")
        ingest.store_batch(engine, partition, batch)
    engine.dispose()


def fill_events(url: str, sizes: Sizes, count: int, say: Say, days: float = DAYS) -> None:
    """Stores events of the last days, oldest first, as the pipeline would have."""
    engine = open_engine(url)
    partition = _partition(engine)
    schools = [school.code for school in build_county(sizes.schools, 1).schools]
    now = datetime.now(UTC)
    for start in range(0, count, BATCH):
        if start % (10 * BATCH) == 0:
            say(f"storing events, {start:,} of {count:,}")
        batch = [
            _event(number, now - timedelta(days=days) * (1 - number / count), schools, sizes.devices)
            for number in range(start, min(start + BATCH, count))
        ]
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            row = partitions.claim(session, partition)
            new = event_log.insert_new(session, partition, row.event_position, batch)
            assert len(new) == len(batch)
            row.event_position += len(batch)
            session.add(row)
            rollups.add_events(
                session, Counter((e.school, rollups.hour_of(e.received_at), e.kind) for e in new)
            )
    engine.dispose()


def _event(number: int, at: datetime, schools: list[str], devices: int) -> Event:
    device = number % devices
    kind = KINDS[number % 7919 % len(KINDS)]
    return Event(
        school=schools[device % len(schools)],
        device=f"load-{device + 1:05d}",
        kind=kind,
        phase="measure" if kind == "temperature" else "pulse",
        occurred_at=at,
        received_at=at,
        format="native",
        dedup_key=f"old-{number}",
        event_id=f"old-{number}",
        value=4.5 if kind == "temperature" else None,
        unit="°C" if kind == "temperature" else None,
        sequence=number,
        gateway="load-old",
    )


def _partition(engine: Engine) -> int:
    with session_scope(engine, EVERY_SCHOOL) as session:
        row = partitions.read(session)
        assert row is not None, "a service must have been started once"
        return row.id
