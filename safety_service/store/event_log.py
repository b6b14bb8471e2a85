"""The event log as the pipeline writes it: whole batches, each event once."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from safety_service.domain.types import Event, Message, Rejected
from safety_service.store.dialect import insert, table_of
from safety_service.store.tables import RejectedMessage, StoredEvent

PARTITIONS_AT_MOST = 1024
_COLUMNS = (
    "school",
    "device",
    "kind",
    "phase",
    "occurred_at",
    "received_at",
    "format",
    "dedup_key",
    "event_id",
    "value",
    "unit",
    "severity_hint",
    "zone",
    "snapshot_url",
    "retained",
    "clock_suspect",
    "source_time",
    "sequence",
    "gateway",
    "position",
)


def insert_new(session: Session, partition: int, position: int, events: Sequence[Event]) -> list[Event]:
    """Stores the batch behind `position` events and returns those that were not stored before, in order.

    The unique key decides what is news: repeats meet it and vanish. Ids are given here, so the new rows are
    told from the repeats by reading back one short range of the primary key.
    """
    if not events:
        return []
    by_id = {
        (position + i) * PARTITIONS_AT_MOST + partition: event for i, event in enumerate(events, start=1)
    }
    statement = insert(session, StoredEvent).on_conflict_do_nothing(
        index_elements=["school", "device", "dedup_key"]
    )
    connection = session.connection()
    connection.execute(statement, [_row(number, event) for number, event in by_id.items()])
    log = table_of(StoredEvent)
    stored = connection.execute(
        select(log.c.id).where(log.c.id >= min(by_id), log.c.id <= max(by_id)).order_by(log.c.id)
    ).scalars()
    return [by_id[number] for number in stored if number in by_id]


def _row(number: int, event: Event) -> dict[str, Any]:
    row = {column: getattr(event, column) for column in _COLUMNS}
    row["id"] = number
    row["attributes"] = event.attributes or None
    return row


class Refusal(msgspec.Struct, frozen=True):
    """A message that could not be read; `school` only if it names a known one."""

    message: Message
    school: str | None
    why: Rejected


def insert_rejected(session: Session, partition: int, refused: Sequence[Refusal]) -> None:
    """Keeps why messages could not be read; their bytes stay in the message log."""
    if not refused:
        return
    rows = [
        {
            "partition": partition,
            "position": refusal.message.position,
            "topic": refusal.message.topic,
            "school": refusal.school,
            "received_at": refusal.message.received_at,
            "reason": refusal.why.reason,
            "place": refusal.why.place,
            "detail": refusal.why.detail,
        }
        for refusal in refused
    ]
    session.connection().execute(insert(session, RejectedMessage), rows)
