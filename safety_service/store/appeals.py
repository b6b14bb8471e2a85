"""Appeals: added, held for a decision, listed, and found by the inspections they are about."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, not_
from sqlmodel import Session, col, select

from safety_service.domain.errors import NotFound
from safety_service.store.dialect import insert
from safety_service.store.paging import Key, Page, page
from safety_service.store.tables_credit import Appeal


class AppealFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to show; empty fields do not limit. `overdue`: pending, and its day was over at `now`."""

    now: datetime
    school: str | None = None
    cafeteria: str | None = None
    inspection: int | None = None
    status: tuple[str, ...] = ()
    overdue: bool | None = None


def add(session: Session, row: dict[str, Any]) -> Appeal | None:
    """The new appeal, or None where one is pending against the same inspection."""
    statement = insert(session, Appeal).values(row).on_conflict_do_nothing().returning(Appeal.id)
    number = session.connection().execute(statement).scalar_one_or_none()
    return None if number is None else get(session, number)


def get(session: Session, number: int, *, hold: bool = False) -> Appeal:
    """The appeal, or NotFound: also when its school is not one of the session's. `hold`: until the commit."""
    statement = select(Appeal).where(Appeal.id == number)
    if hold:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotFound(f"there is no appeal {number}", place="path.number")
    return found


def statuses_of(session: Session, inspection: int) -> list[str]:
    """What became of the appeals against one inspection, the first one first."""
    statement = select(Appeal.status).where(Appeal.inspection == inspection).order_by(col(Appeal.id))
    return list(session.exec(statement))


def pending_about(session: Session, inspections: Collection[int]) -> frozenset[int]:
    """Those of the inspections that are contested at present: what is shown of them may still change."""
    statement = select(Appeal.inspection).where(
        col(Appeal.inspection).in_(sorted(inspections)), Appeal.status == "pending"
    )
    return frozenset(session.exec(statement))


def list_page(session: Session, wanted: AppealFilter, after: Key | None, limit: int) -> Page[Appeal]:
    """Newest first."""
    statement = select(Appeal)
    for name in ("school", "cafeteria", "inspection"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Appeal, name) == value)
    if wanted.status:
        statement = statement.where(col(Appeal.status).in_(wanted.status))
    if wanted.overdue is not None:
        late = and_(col(Appeal.ended_at).is_(None), col(Appeal.due_at) <= wanted.now)
        statement = statement.where(late if wanted.overdue else not_(late))
    return page(session, statement, [Appeal.id], after=after, limit=limit, descending=True)


def save(session: Session, row: Appeal) -> None:
    session.add(row)
    session.flush()
