"""A message that could not be read goes into the inbox again, after a fix, exactly once."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.errors import Conflict
from safety_service.store import audit, messages, rejected
from safety_service.store.session import after_commit
from safety_service.store.tables import RejectedMessage


def replay(session: Session, number: int, *, now: datetime, wake: Callable[[], None]) -> RejectedMessage:
    """Appends a copy of the raw message to its log; if it is refused again, that is a new rejected message.

    The copy keeps its receive time, which stands in for the time of an event that brings none. Raises
    Conflict when it was replayed before, or when retention has removed the raw bytes.
    """
    row = rejected.get_rejected(session, number)
    if row.replayed_at is not None or not rejected.mark_replayed(session, number, now):
        raise Conflict(f"the rejected message {number} was replayed already", slug="already-replayed")
    message = messages.read_one(session, row.partition, row.position)
    if message is None:
        raise Conflict(f"the bytes of message {number} are no longer stored", slug="message-gone")
    messages.append(session, row.partition, [message])
    session.refresh(row)
    audit.record(session, "message.replay", "rejected_message", number, now=now, school=row.school)
    after_commit(session, wake)
    return row
