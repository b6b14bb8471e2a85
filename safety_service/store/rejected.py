"""Messages that could not be read: listed, counted by reason, and put in again once."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import ColumnElement, func, tuple_
from sqlalchemy import select as sa_select
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from safety_service.domain.errors import NotFound
from safety_service.domain.types import Message
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables import RejectedMessage

ColumnT = TypeVar("ColumnT")
Place = tuple[int, int]
"""Partition and position of a message in its log."""

# A list of rejections would otherwise read up to a megabyte for each, and could show it.
_WITHOUT_BYTES = defer(cast(Any, RejectedMessage.payload), raiseload=True)


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
    statement = _matching(select(RejectedMessage).options(_WITHOUT_BYTES), wanted)
    return page(session, statement, [RejectedMessage.id], after=after, limit=limit, descending=True)


def count_by_reason(session: Session, wanted: RejectedFilter) -> list[tuple[str, int]]:
    """How many for each reason, most first."""
    number = func.count(col(RejectedMessage.id))
    grouped: Any = _matching(select(RejectedMessage.reason), wanted)
    statement = grouped.add_columns(number).group_by(col(RejectedMessage.reason))
    rows = session.execute(statement.order_by(number.desc(), col(RejectedMessage.reason)))
    return [(reason, count) for reason, count in rows]


def get_rejected(session: Session, number: int) -> RejectedMessage:
    found = session.exec(
        select(RejectedMessage).where(RejectedMessage.id == number).options(_WITHOUT_BYTES)
    ).one_or_none()
    if found is None:
        raise NotFound(f"there is no rejected message {number}")
    return found


def newest(session: Session) -> int:
    """The number of the newest rejection, 0 before the first."""
    return session.exec(select(func.max(col(RejectedMessage.id)))).one() or 0


def waiting(
    session: Session, wanted: RejectedFilter, behind: int, up_to: int, limit: int
) -> list[tuple[int, Place]]:
    """The next rejections that nobody has replayed, oldest first: the number of each, and its message."""
    statement = (
        select(RejectedMessage.id, RejectedMessage.partition, RejectedMessage.position)
        .where(col(RejectedMessage.id) > behind, col(RejectedMessage.id) <= up_to)
        .where(col(RejectedMessage.replayed_at).is_(None))
        .order_by(col(RejectedMessage.id))
        .limit(limit)
    )
    rows = session.execute(_matching(cast(Any, statement), wanted))
    return [(number, (partition, position)) for number, partition, position in rows]


def kept_messages(session: Session, places: Collection[Place]) -> dict[Place, Message]:
    """The messages as they came in, as far as their bytes are kept; for some hundred places."""
    fields = ("topic", "payload", "received_at", "qos", "retained", "origin", "position")
    columns = [getattr(RejectedMessage, name) for name in ("partition", *fields)]
    statement = sa_select(*columns).where(_at(places), col(RejectedMessage.payload).is_not(None))
    return {
        (partition, values[-1]): Message(**dict(zip(fields, values, strict=True)))
        for partition, *values in session.execute(statement)
    }


def mark_replayed(session: Session, places: Collection[Place], now: datetime) -> None:
    """Every rejection of these messages: they are replayed as a whole, whichever part was refused."""
    session.execute(
        update(RejectedMessage)
        .where(_at(places), col(RejectedMessage.replayed_at).is_(None))
        .values(replayed_at=now)
        .execution_options(synchronize_session=False)
    )


def _at(places: Collection[Place]) -> ColumnElement[bool]:
    return tuple_(col(RejectedMessage.partition), col(RejectedMessage.position)).in_(list(places))


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
