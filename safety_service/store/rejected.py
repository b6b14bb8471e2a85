"""Messages that could not be read: listed, counted by reason, and put in again once."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.domain.errors import NotFound
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import RejectedMessage

ColumnT = TypeVar("ColumnT")


class RejectedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Empty fields do not limit. `since` and `until` compare received_at; `until` is not included."""

    school: str | None = None
    reason: str | None = None
    replayed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_rejected(
    session: Session, wanted: RejectedFilter, after: Key | None, limit: int
) -> Page[RejectedMessage]:
    """Newest first."""
    statement = _matching(select(RejectedMessage), wanted)
    return page(session, statement, [RejectedMessage.id], after=after, limit=limit, descending=True)


def count_by_reason(session: Session, wanted: RejectedFilter) -> list[tuple[str, int]]:
    """How many for each reason, most first."""
    number = func.count(col(RejectedMessage.id))
    grouped: Any = _matching(select(RejectedMessage.reason), wanted)
    statement = grouped.add_columns(number).group_by(col(RejectedMessage.reason))
    rows = session.execute(statement.order_by(number.desc(), col(RejectedMessage.reason)))
    return [(reason, count) for reason, count in rows]


def get_rejected(session: Session, number: int) -> RejectedMessage:
    found = session.exec(select(RejectedMessage).where(RejectedMessage.id == number)).one_or_none()
    if found is None:
        raise NotFound(f"there is no rejected message {number}")
    return found


def mark_replayed(session: Session, number: int, now: datetime) -> bool:
    """Claims the replay; False when somebody else has done it."""
    result = session.execute(
        update(RejectedMessage)
        .where(col(RejectedMessage.id) == number, col(RejectedMessage.replayed_at).is_(None))
        .values(replayed_at=now)
        .returning(col(RejectedMessage.id))
    )
    return result.first() is not None


def _matching(statement: SelectOfScalar[ColumnT], wanted: RejectedFilter) -> SelectOfScalar[ColumnT]:
    if wanted.school is not None:
        statement = statement.where(RejectedMessage.school == wanted.school)
    if wanted.reason is not None:
        statement = statement.where(RejectedMessage.reason == wanted.reason)
    if wanted.replayed is not None:
        done = col(RejectedMessage.replayed_at)
        statement = statement.where(done.is_not(None) if wanted.replayed else done.is_(None))
    if wanted.since is not None:
        statement = statement.where(col(RejectedMessage.received_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(RejectedMessage.received_at) < wanted.until)
    return statement
