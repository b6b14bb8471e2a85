"""The event log as people read it: newest first, along its indexes."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import StoredEvent


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Empty fields do not limit. `since` and `until` compare occurred_at; `until` is not included."""

    school: str | None = None
    device: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_events(session: Session, wanted: EventFilter, after: Key | None, limit: int) -> Page[StoredEvent]:
    statement = select(StoredEvent)
    for field in ("school", "device", "kind"):
        value = getattr(wanted, field)
        if value is not None:
            statement = statement.where(getattr(StoredEvent, field) == value)
    if wanted.since is not None:
        statement = statement.where(col(StoredEvent.occurred_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(StoredEvent.occurred_at) < wanted.until)
    order = [StoredEvent.occurred_at, StoredEvent.id]
    return page(session, statement, order, after=after, limit=limit, descending=True)
