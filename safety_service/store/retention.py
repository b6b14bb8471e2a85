"""What may go: old rows by the step, each step a short piece of an index, so nobody waits long for it.

Alerts, their history, inspections and hourly counts are not here: they are kept.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_
from sqlmodel import Session, col

from safety_service.store.tables import LoggedMessage, RejectedMessage, StoredEvent
from safety_service.store.tables_partition import Partition


def partitions(session: Session) -> list[int]:
    return list(session.execute(select(col(Partition.id)).order_by(col(Partition.id))).scalars())


def count_messages(session: Session, partition: int, before: datetime) -> int:
    """Processed messages received before `before` that nobody may still want to replay; reads the log."""
    statement = select(func.count()).where(_processed(partition), _received(before))
    return int(session.execute(statement).scalar_one())


def remove_messages(
    session: Session, partition: int, before: datetime, behind: int, limit: int
) -> tuple[int, int | None]:
    """Looks at the next `limit` processed messages behind position `behind` and removes the old ones.

    Returns how many went and where to go on, or None at the end. The log is in the order of its commits, so
    the first message that is young enough ends it; a replayed copy, old from the start, waits its turn.
    """
    statement = (
        select(col(LoggedMessage.position), col(LoggedMessage.received_at))
        .where(_processed(partition), col(LoggedMessage.position) > behind)
        .order_by(col(LoggedMessage.position))
        .limit(limit)
    )
    looked_at = session.execute(statement).all()
    old = [position for position, received_at in looked_at if received_at < before]
    if not old:
        return 0, None
    removal = delete(LoggedMessage).where(
        col(LoggedMessage.partition) == partition,
        col(LoggedMessage.position).between(old[0], old[-1]),
        _received(before),
    )
    removed = session.connection().execute(removal).rowcount
    return removed, old[-1] if len(old) == limit else None


def count_events(session: Session, before: datetime) -> int:
    statement = select(func.count()).where(col(StoredEvent.occurred_at) < before)
    return int(session.execute(statement).scalar_one())


def remove_events(session: Session, before: datetime, limit: int) -> int:
    place = tuple_(col(StoredEvent.occurred_at), col(StoredEvent.id))
    oldest = (
        select(col(StoredEvent.occurred_at), col(StoredEvent.id))
        .where(col(StoredEvent.occurred_at) < before)
        .order_by(col(StoredEvent.occurred_at), col(StoredEvent.id))
        .limit(limit)
    )
    return session.connection().execute(delete(StoredEvent).where(place.in_(oldest))).rowcount


def count_rejected(session: Session, before: datetime) -> int:
    statement = select(func.count()).where(col(RejectedMessage.received_at) < before)
    return int(session.execute(statement).scalar_one())


def remove_rejected(session: Session, before: datetime, limit: int) -> int:
    """Why messages could not be read; with the reason goes the claim on the message's bytes."""
    oldest = select(col(RejectedMessage.id)).where(col(RejectedMessage.received_at) < before).limit(limit)
    removal = delete(RejectedMessage).where(col(RejectedMessage.id).in_(oldest))
    return session.connection().execute(removal).rowcount


def _processed(partition: int) -> ColumnElement[bool]:
    # Never beyond the cursor: what is not processed yet is the only copy of what happened.
    cursor = select(col(Partition.cursor)).where(col(Partition.id) == partition).scalar_subquery()
    return and_(col(LoggedMessage.partition) == partition, col(LoggedMessage.position) <= cursor)


def _received(before: datetime) -> ColumnElement[bool]:
    return col(LoggedMessage.received_at) < before
