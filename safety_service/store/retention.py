"""What may go: on SQLite old rows by the step, each a short walk along a key; on PostgreSQL whole pieces.

Alerts, their history, inspections and hourly counts are not here: they are kept.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, text, tuple_
from sqlmodel import Session, col

from safety_service.store import counters, pieces
from safety_service.store.dialect import insert
from safety_service.store.driver import microseconds
from safety_service.store.pieces import Piece
from safety_service.store.tables import LoggedMessage, RejectedMessage, StoredEvent
from safety_service.store.tables_news import EventKey
from safety_service.store.tables_partition import Counter, Partition

_SLACK = timedelta(minutes=5)
"""How far the time told and the time of an event lie apart at most, where the clock is believed."""


def partitions(session: Session) -> list[int]:
    return list(session.execute(select(col(Partition.id)).order_by(col(Partition.id))).scalars())


def removed_up_to(session: Session, partition: int) -> int:
    """The number up to which the partition's message log may have gaps."""
    return counters.current(session, _removed(partition))


def count_messages(session: Session, partition: int, before: datetime) -> int:
    """SQLite: processed messages received before `before`; reads the log."""
    statement = select(func.count()).where(_processed(partition), col(LoggedMessage.received_at) < before)
    return int(session.execute(statement).scalar_one())


def remove_messages(session: Session, *, partition: int, before: datetime, limit: int) -> int:
    """SQLite: removes the oldest processed messages, `limit` at most, and says how many went.

    The log is in the order of its commits, so the first message that is young enough ends it; a replayed
    copy, old from the start, waits its turn.
    """
    statement = (
        select(col(LoggedMessage.position), col(LoggedMessage.received_at))
        .where(_processed(partition))
        .order_by(col(LoggedMessage.position))
        .limit(limit)
    )
    last = _last_old(session.execute(statement).all(), before)
    if last is None:
        return 0
    removal = delete(LoggedMessage).where(
        col(LoggedMessage.partition) == partition, col(LoggedMessage.position) <= last
    )
    removed = session.connection().execute(removal).rowcount
    _note_removed(session, partition, last)
    return removed


def count_events(session: Session, before: datetime) -> int:
    statement = select(func.count()).where(col(StoredEvent.occurred_at) < before)
    return int(session.execute(statement).scalar_one())


def remove_events(session: Session, *, before: datetime, limit: int) -> int:
    """SQLite: the oldest events, `limit` at most."""
    place = tuple_(col(StoredEvent.occurred_at), col(StoredEvent.id))
    oldest = (
        select(col(StoredEvent.occurred_at), col(StoredEvent.id))
        .where(col(StoredEvent.occurred_at) < before)
        .order_by(col(StoredEvent.occurred_at), col(StoredEvent.id))
        .limit(limit)
    )
    return session.connection().execute(delete(StoredEvent).where(place.in_(oldest))).rowcount


def oldest_key(session: Session) -> int | None:
    """SQLite: from where on keys may go with their events; None where there are no events.

    Keys below are of broken clocks, whose events are as young as any.
    """
    oldest = session.execute(select(func.min(col(StoredEvent.occurred_at)))).scalar_one()
    return None if oldest is None else microseconds(oldest - _SLACK)


def remove_event_keys(session: Session, *, since: int, before: datetime, limit: int) -> int:
    """SQLite: keys told from `since` (microseconds) and before `before`, `limit` at most."""
    place = tuple_(col(EventKey.told_at), col(EventKey.key))
    oldest = (
        select(col(EventKey.told_at), col(EventKey.key))
        .where(col(EventKey.told_at) >= since, col(EventKey.told_at) < microseconds(before))
        .order_by(col(EventKey.told_at), col(EventKey.key))
        .limit(limit)
    )
    return session.connection().execute(delete(EventKey).where(place.in_(oldest))).rowcount


def count_rejected(session: Session, before: datetime) -> int:
    statement = select(func.count()).where(col(RejectedMessage.received_at) < before)
    return int(session.execute(statement).scalar_one())


def remove_rejected(session: Session, *, before: datetime, limit: int) -> int:
    """The oldest rejections, with the messages they keep, `limit` at most; in order, as messages go."""
    statement = (
        select(col(RejectedMessage.id), col(RejectedMessage.received_at))
        .order_by(col(RejectedMessage.id))
        .limit(limit)
    )
    last = _last_old(session.execute(statement).all(), before)
    if last is None:
        return 0
    removal = delete(RejectedMessage).where(col(RejectedMessage.id) <= last)
    return session.connection().execute(removal).rowcount


def old_pieces(session: Session, table: str, before: datetime) -> list[Piece]:
    """PostgreSQL: the pieces that hold nothing but what is old, oldest first."""
    return [piece for piece in pieces.existing(session, table) if piece.until <= before]


def count_rows(session: Session, piece: Piece) -> int:
    """PostgreSQL: how many rows a piece has; as estimated where it was ever analysed."""
    estimate = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)"
    rows = session.execute(text(estimate), {"name": piece.name}).scalar()
    if rows is not None and rows >= 0:
        return int(rows)
    return int(session.execute(text(f"SELECT count(*) FROM {piece.name}")).scalar_one())  # noqa: S608


def drop_piece(session: Session, piece: Piece) -> bool:
    """PostgreSQL: drops the piece, with all that is in it; False where a message in it is still needed.

    Fails at once where somebody reads or writes the table for longer: whoever waits stops all behind it.
    """
    pieces.give_way(session)
    connection = session.connection()
    # The whole before its part, as whoever writes does: the other way round both could wait for ever.
    connection.exec_driver_sql(f"LOCK TABLE ONLY {piece.table} IN ACCESS EXCLUSIVE MODE")
    if piece.table == "message":
        last = _last_positions(session, piece)
        cursors = {
            row[0]: row[1] for row in session.execute(select(col(Partition.id), col(Partition.cursor)))
        }
        if any(position > cursors.get(partition, -1) for partition, position in last.items()):
            return False
        for partition, position in last.items():
            _note_removed(session, partition, position)
    connection.exec_driver_sql(f"DROP TABLE {piece.name}")
    return True


def _last_positions(session: Session, piece: Piece) -> dict[int, int]:
    """The last message of each partition in the piece, by a few seeks in its key."""
    following = text(f"SELECT min(partition) FROM {piece.name} WHERE partition > :partition")  # noqa: S608
    last = text(f"SELECT max(position) FROM {piece.name} WHERE partition = :partition")  # noqa: S608
    found: dict[int, int] = {}
    partition = session.execute(following, {"partition": -1}).scalar()
    while partition is not None:
        found[partition] = session.execute(last, {"partition": partition}).scalar_one()
        partition = session.execute(following, {"partition": partition}).scalar()
    return found


def _last_old(rows: Iterable[Any], before: datetime) -> int | None:
    """The number of the last row before the first one that is young enough."""
    last = None
    for number, received_at in rows:
        if received_at >= before:
            break
        last = number
    return last


def _note_removed(session: Session, partition: int, position: int) -> None:
    name = _removed(partition)
    if position > counters.current(session, name):
        statement = insert(session, Counter).values(name=name, value=position)
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
        )


def _removed(partition: int) -> str:
    return f"message_removed:{partition}"


def _processed(partition: int) -> ColumnElement[bool]:
    # Never beyond the cursor: what is not processed yet is the only copy of what happened.
    cursor = select(col(Partition.cursor)).where(col(Partition.id) == partition).scalar_subquery()
    return and_(col(LoggedMessage.partition) == partition, col(LoggedMessage.position) <= cursor)
