"""Messages that could not be read go into the inbox again, after a fix, each exactly once.

A message is replayed whole, and with it every refusal that it met. The copy keeps its receive time, which
stands in for the time of an event that brings none; if it is refused again, that is a new rejected message.
"""

from collections.abc import Callable, Collection
from datetime import datetime

import msgspec
from sqlmodel import Session

from safety_service.domain.errors import Conflict
from safety_service.domain.types import Message
from safety_service.store import audit, counters, messages, rejected
from safety_service.store.rejected import Place, RejectedFilter
from safety_service.store.session import after_commit
from safety_service.store.tables import RejectedMessage

BATCH = 300
"""Rejections in one transaction: the receiver waits for no more than that."""
_TURN = "replay"


class Replayed(msgspec.Struct, frozen=True):
    """One batch: how many rejections it met; of their messages, how many were put in and how many are gone.

    `behind` is where to go on, None at the end.
    """

    rejections: int
    messages: int
    gone: int
    behind: int | None


def replay(session: Session, number: int, *, now: datetime, wake: Callable[[], None]) -> RejectedMessage:
    """Puts the message of one rejection in again.

    Raises Conflict when it was replayed before, or when its bytes were already gone before rejections
    kept them.
    """
    row = rejected.get_rejected(session, number)
    _take_turn(session)
    session.refresh(row, ["replayed_at"])
    if row.replayed_at is not None:
        raise Conflict(f"the rejected message {number} was replayed already", slug="already-replayed")
    if not _put_in(session, [(row.partition, row.position)], now):
        raise Conflict(f"the bytes of message {number} are no longer stored", slug="message-gone")
    session.refresh(row, ["replayed_at"])
    audit.record(session, "message.replay", "rejected_message", number, now=now, school=row.school)
    after_commit(session, wake)
    return row


def replay_batch(
    session: Session, wanted: RejectedFilter, *, behind: int, up_to: int, now: datetime, limit: int = BATCH
) -> Replayed:
    """Replays the messages of the next `limit` rejections that match, numbered above `behind` to `up_to`.

    With `up_to` the newest one of the start, those that are refused again meanwhile do not go in circles.
    """
    _take_turn(session)
    found = rejected.waiting(session, wanted, behind, up_to, limit)
    places = list(dict.fromkeys(place for _, place in found))
    done = _put_in(session, places, now)
    if done:
        numbers = [number for number, _ in found]
        audit.record(
            session,
            "message.replay",
            "rejected_message",
            f"{numbers[0]}-{numbers[-1]}",
            now=now,
            school=wanted.school,
            detail={"messages": done},
        )
    further = found[-1][0] if len(found) == limit else None
    return Replayed(len(found), done, len(places) - done, further)


def _take_turn(session: Session) -> None:
    """One replay at a time: whoever comes second sees what the first has marked."""
    counters.take(session, _TURN, 0)


def _put_in(session: Session, places: Collection[Place], now: datetime) -> int:
    kept = rejected.kept_messages(session, places)
    by_partition: dict[int, list[Message]] = {}
    for (partition, _), message in sorted(kept.items(), key=lambda item: item[0]):
        by_partition.setdefault(partition, []).append(message)
    for partition, batch in by_partition.items():
        messages.append(session, partition, batch)
    if kept:
        rejected.mark_replayed(session, kept, now)
    return len(kept)
