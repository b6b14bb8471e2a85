"""The message log: appended in batches, read in order, never changed."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from psycopg.errors import CheckViolation
from sqlmodel import Session

from safety_service.domain.types import Message
from safety_service.store import counters, pieces
from safety_service.store.dialect import is_postgresql
from safety_service.store.driver import driver_of, microseconds, moment

_COLUMNS = "partition, position, received_at, qos, retained, topic, payload, origin"
_COPY = f"COPY message ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_TYPES = ("int4", "int8", "timestamptz", "int4", "bool", "text", "bytea", "text")
_INSERT = f"INSERT INTO message ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_READ = "SELECT topic, payload, received_at, qos, retained, origin, position FROM message WHERE partition = "
_READ_SQLITE = _READ + "? AND position > ? ORDER BY position LIMIT ?"
# Positions follow one another, so the end of a batch is known from its beginning. With a limit, which the
# plan of a prepared statement does not know, PostgreSQL may sort the whole backlog for every batch of it.
_FIRST = "SELECT min(position) FROM message WHERE partition = %s AND position > %s"
_READ_POSTGRESQL = _READ + f"%s AND position > %s AND position < ({_FIRST}) + %s ORDER BY position"


def append(session: Session, partition: int, messages: Sequence[Message]) -> int:
    """Appends the batch and returns the position of its last message; nothing in it is looked at."""
    first = counters.take(session, counters.message_log(partition), len(messages))
    if is_postgresql(session):
        _copy(session, partition, first, messages)
    else:
        rows = [
            (partition, n, microseconds(m.received_at), m.qos, m.retained, m.topic, m.payload, m.origin)
            for n, m in enumerate(messages, first)
        ]
        with driver_of(session) as driver:
            driver.executemany(_INSERT, rows)
    return first + len(messages) - 1


def _copy(session: Session, partition: int, first: int, messages: Sequence[Message]) -> None:
    pieces.ensure_days(session, "message", {m.received_at for m in messages})
    try:
        with driver_of(session) as driver, driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for n, m in enumerate(messages, first):
                copy.write_row((partition, n, m.received_at, m.qos, m.retained, m.topic, m.payload, m.origin))
    except CheckViolation:
        # "no partition found": retention has dropped an old day that was known. The next attempt makes it.
        pieces.forget(session)
        raise


def read_after(session: Session, partition: int, position: int, limit: int) -> list[Message]:
    """Up to `limit` messages behind `position`, in order; a hole in the log may end them early."""
    behind = partition, position
    with driver_of(session) as driver:
        if not is_postgresql(session):
            rows = driver.execute(_READ_SQLITE, (*behind, limit)).fetchall()
        else:
            with driver.cursor(binary=True) as cursor:
                rows = cursor.execute(_READ_POSTGRESQL, (*behind, *behind, limit)).fetchall()
    return _messages(rows)


def _messages(rows: Sequence[Any]) -> list[Message]:
    found = []
    stored, received_at = None, moment(0)
    for topic, payload, at, qos, retained, origin, position in rows:
        # A batch shares its receive time.
        if at != stored:
            stored, received_at = at, moment(at) if isinstance(at, int) else at.astimezone(UTC)
        found.append(
            Message(
                topic=topic,
                payload=payload,
                received_at=received_at,
                qos=qos,
                retained=bool(retained),
                origin=origin,
                position=position,
            )
        )
    return found
