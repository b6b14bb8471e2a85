"""The event log as the pipeline writes it: whole batches, each event once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec
from psycopg.errors import CheckViolation
from psycopg.types.json import Jsonb
from sqlmodel import Session

from safety_service.domain.types import Event, Message, Rejected
from safety_service.store import pieces
from safety_service.store.dialect import insert, is_postgresql
from safety_service.store.driver import driver_of, microseconds
from safety_service.store.source_times import shortened
from safety_service.store.tables import RejectedMessage

PARTITIONS_AT_MOST = 1024
Key = tuple[int, int]

# Each column with its type on PostgreSQL: three that the databases take in forms of their own, those that are
# stored as they are, and two that are made.
_COLUMNS = {
    "occurred_at": "timestamptz",
    "id": "int8",
    "received_at": "timestamptz",
    "position": "int8",
    "sequence": "int8",
    "value": "float8",
    "retained": "bool",
    "clock_suspect": "bool",
    "school": "text",
    "device": "text",
    "kind": "text",
    "phase": "text",
    "format": "text",
    "event_id": "text",
    "unit": "text",
    "severity_hint": "text",
    "zone": "text",
    "snapshot_url": "text",
    "gateway": "text",
    "attributes": "jsonb",
    "source_time": "text",
}
_plain = attrgetter(*list(_COLUMNS)[3:-2])
_NAMES = ", ".join(_COLUMNS)
_COPY = f"COPY event ({_NAMES}) FROM STDIN (FORMAT BINARY)"
_INSERT = f"INSERT INTO event ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_CLAIM_ONE = "INSERT INTO event_key (told_at, key) VALUES (?, ?) ON CONFLICT DO NOTHING"
_CLAIM_ALL = """
INSERT INTO event_key (told_at, key) SELECT * FROM unnest(%b::bigint[], %b::bigint[])
ON CONFLICT DO NOTHING RETURNING told_at, key
"""


def key_of(event: Event) -> Key:
    """What two tellings of the same news share: the time told in microseconds, and a digest of 64 bits.

    Only events of one microsecond need to be told apart by it. Where no time was told, 63 bits more of the
    digest stand for it, below zero. The lengths keep the three texts apart, whatever is in them.
    """
    names = f"{len(event.school)} {len(event.device)} {event.school}{event.device}{event.dedup_key}"
    digest = blake2b(names.encode(), digest_size=16).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    if event.told_at is None:
        return -1 - (int.from_bytes(digest[8:], "big") >> 1), key
    return microseconds(event.told_at), key


def insert_new(session: Session, partition: int, position: int, events: Sequence[Event]) -> list[Event]:
    """Stores the batch behind `position` events and returns those that were not stored before, in order.

    The key of each decides (`key_of`): repeats meet it and vanish, within the batch as well, where the
    first one counts.
    """
    if not events:
        return []
    keys = [key_of(event) for event in events]
    if is_postgresql(session):
        with driver_of(session) as driver:
            new = _claim_postgresql(driver, keys)
    else:
        with driver_of(session) as driver:
            new = _claim_sqlite(driver, keys)
    if not new:
        return []
    numbered = [((position + i + 1) * PARTITIONS_AT_MOST + partition, events[i]) for i in new]
    write = _copy if is_postgresql(session) else _execute_many
    write(session, numbered)
    return [event for _, event in numbered]


def _claim_postgresql(driver: Any, keys: Sequence[Key]) -> list[int]:
    """Which of the keys, by place, nobody has claimed before."""
    first: dict[Key, int] = {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    with driver.cursor(binary=True) as cursor:
        cursor.execute(_CLAIM_ALL, ([told_at for told_at, _ in first], [key for _, key in first]))
        claimed = cursor.fetchall()
    if len(claimed) == len(first):
        return list(first.values())
    return sorted(first[key] for key in claimed)


def _claim_sqlite(driver: Any, keys: Sequence[Key]) -> list[int]:
    new: list[int] = []

    def watched() -> Iterator[Key]:
        # executemany comes for a row once the one before is in: what has changed since tells whether it was.
        before = driver.total_changes
        for i, key in enumerate(keys):
            yield key
            after = driver.total_changes
            if after != before:
                new.append(i)
                before = after

    driver.executemany(_CLAIM_ONE, watched())
    return new


def _copy(session: Session, numbered: Sequence[tuple[int, Event]]) -> None:
    pieces.ensure_days(session, "event", (event.occurred_at for _, event in numbered))
    try:
        with driver_of(session) as driver, driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(list(_COLUMNS.values()))
            write = copy.write_row
            for number, e in numbered:
                attributes = Jsonb(e.attributes, msgspec.json.encode) if e.attributes else None
                write((e.occurred_at, number, e.received_at, *_rest(e, attributes)))
    except CheckViolation:
        # "no partition found": retention has dropped an old day that was known. The next attempt makes it.
        pieces.forget(session)
        raise


def _execute_many(session: Session, numbered: Sequence[tuple[int, Event]]) -> None:
    rows = []
    received: tuple[datetime | None, int] = (None, 0)
    for number, e in numbered:
        # A batch of messages shares its receive time.
        if e.received_at is not received[0]:
            received = (e.received_at, microseconds(e.received_at))
        attributes = msgspec.json.encode(e.attributes).decode() if e.attributes else None
        rows.append((microseconds(e.occurred_at), number, received[1], *_rest(e, attributes)))
    with driver_of(session) as driver:
        driver.executemany(_INSERT, rows)


def _rest(e: Event, attributes: Any) -> tuple[Any, ...]:
    """The columns that both databases take as they are, behind the three that they do not."""
    return (*_plain(e), attributes, shortened(e.source_time, e.occurred_at, e.told_at))


class Refusal(msgspec.Struct, frozen=True):
    """A message that could not be read; `school` only if it names a known one."""

    message: Message
    school: str | None
    why: Rejected


def insert_rejected(session: Session, partition: int, refused: Sequence[Refusal]) -> None:
    """Keeps why messages could not be read, and each message once for a replay, with its first refusal.

    Where only the image of an event was refused, a replay would gain nothing, and images are kept shorter.
    """
    if not refused:
        return
    rows = []
    kept: set[int] = set()
    for refusal in refused:
        message, why = refusal.message, refusal.why
        known = message.position in kept or why.only_image
        rows.append(
            {
                "partition": partition,
                "position": message.position,
                "topic": message.topic,
                "school": refusal.school,
                "received_at": message.received_at,
                "reason": why.reason,
                "place": why.place,
                "detail": why.detail,
                "qos": message.qos,
                "retained": message.retained,
                "origin": message.origin,
                "payload": None if known else message.payload,
            }
        )
        if not known:
            kept.add(message.position)
    session.connection().execute(insert(session, RejectedMessage), rows)
